/* wait_reasons.c - the names of what threads wait for, as this build has them. */
#include <string.h>

#include "analyses/threads.h"
#include "base/memory.h"

/* _KWAIT_REASON of Windows 8 to 11. Source: the kernel's symbol files, and wdm.h. */
static const char *const of_windows_8[WAIT_REASONS_MOST] = {
    "Executive",        "FreePage",          "PageIn",
    "PoolAllocation",   "DelayExecution",    "Suspended",
    "UserRequest",      "WrExecutive",       "WrFreePage",
    "WrPageIn",         "WrPoolAllocation",  "WrDelayExecution",
    "WrSuspended",      "WrUserRequest",     "WrSpare0",
    "WrQueue",          "WrLpcReceive",      "WrLpcReply",
    "WrVirtualMemory",  "WrPageOut",         "WrRendezvous",
    "WrKeyedEvent",     "WrTerminated",      "WrProcessInSwap",
    "WrCpuRateControl", "WrCalloutStack",    "WrKernel",
    "WrResource",       "WrPushLock",        "WrMutex",
    "WrQuantumEnd",     "WrDispatchInt",     "WrPreempted",
    "WrYieldExecution", "WrFastMutex",       "WrGuardedMutex",
    "WrRundown",        "WrAlertByThreadId", "WrDeferredPreempt",
    "WrPhysicalFault",
};

/* What a build without a member has otherwise; a later row holds over an earlier one. The members
 * came with the build whose reasons they tell: SuspendEvent with 9600, Process with 7601. */
static const struct {
    const char *type, *without; /* a member */
    size_t count;               /* reasons in all */
    size_t first;               /* the reasons that are called otherwise */
    const char *names[6];
} older[] = {
    {"_KAPC_STATE", "UserApcPendingAll", 39, 0, {NULL}},
    {"_KTHREAD", "SuspendEvent", 37, 14, {"WrEventPair"}},
    {"_KTHREAD", "Process", 27, 21, {"Spare2", "Spare3", "Spare4", "Spare5", "Spare6"}},
};

void wait_reasons_init(struct wait_reasons *reasons, const struct target *target) {
    struct field field;
    memcpy(reasons->names, of_windows_8, sizeof of_windows_8);
    reasons->enumeration =
        (struct enumeration){"_KWAIT_REASON", "", reasons->names, WAIT_REASONS_MOST};
    if (!target->symbols)
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(older); i++) {
        if (symbols_field(target->symbols, older[i].type, older[i].without, &field))
            continue;
        reasons->enumeration.count = older[i].count;
        for (size_t j = 0; older[i].names[j]; j++)
            reasons->names[older[i].first + j] = older[i].names[j];
    }
    /* The build's own names, where the symbols have them. */
    const struct type *type = symbols_type(target->symbols, "_KWAIT_REASON");
    if (type && type->kind == TYPE_ENUM)
        reasons->enumeration.count = 0;
}
