/* layouts.c - section `layouts`: the structures that the analyses read, as this kernel has them. */
#include "analyses/sections.h"
#include "base/memory.h"
#include "snapshot/snapshot.h"

static void write(struct canon *canon, const char *key, const struct target *target) {
    const char *const *names = analyses_types();
    size_t count = 0;
    while (names[count])
        count++;
    struct layout_selection selection = {names, count, LAYOUT_TRACKED};
    layout_write(canon, key, target->symbols, &selection);
}

/* Beyond what other sections read: the neighbours of those members, so that a difference of two
 * builds shows what moved them; and what later sections are built on. */
static const char *const types[] = {
    "_CLIENT_ID",
    "_CONTEXT",
    "_DISPATCHER_HEADER",
    "_EPROCESS",
    "_ETHREAD",
    "_EWOW64PROCESS",
    "_EX_FAST_REF",
    "_KAPC_STATE",
    "_KLDR_DATA_TABLE_ENTRY",
    "_KOBJECTS",
    "_KPCR",
    "_KPRCB",
    "_KPROCESS",
    "_KPROCESSOR_STATE",
    "_KSPECIAL_REGISTERS",
    "_KTHREAD",
    "_KTHREAD_STATE",
    "_KUSER_SHARED_DATA",
    "_KWAIT_REASON",
    "_LARGE_INTEGER",
    "_LDR_DATA_TABLE_ENTRY",
    "_LIST_ENTRY",
    "_MI_HARDWARE_STATE",
    "_MI_PROCESS_STATE",
    "_MI_SYSTEM_INFORMATION",
    "_MI_VISIBLE_STATE",
    "_MMSUPPORT",
    "_MMSUPPORT_FLAGS",
    "_MMSUPPORT_FULL",
    "_MMSUPPORT_INSTANCE",
    "_MMSUPPORT_SHARED",
    "_MM_SESSION_SPACE",
    "_OBJECT_HEADER",
    "_OBJECT_NAME_INFORMATION",
    "_PS_PROTECTED_SIGNER",
    "_PS_PROTECTED_TYPE",
    "_PS_PROTECTION",
    "_SE_AUDIT_PROCESS_CREATION_INFO",
    "_SINGLE_LIST_ENTRY",
    "_STRING",
    "_UNICODE_STRING",
    NULL,
};

static const char *const publics[] = {
    "CmNtCSDVersion",
    "KdDebuggerDataBlock",
    "KdpDataBlockEncoded",
    "KeBugCheckCode",
    "KeNumberProcessors",
    "KiBugCheckData",
    "KiInitialProcess",
    "KiInitialThread",
    "KiProcessListHead",
    "KiProcessorBlock",
    "KiWaitAlways",
    "KiWaitNever",
    "MiInvalidPteMask",
    "MiSessionWsList",
    "MiState",
    "MmProcessList",
    "MmUnloadedDrivers",
    "NtBuildLab",
    "NtBuildLabEx",
    "NtBuildNumber",
    "NtBuildQfe",
    "PsActiveProcessHead",
    "PsIdleProcess",
    "PsInitialSystemProcess",
    "PsLoadedModuleList",
    "PspCidTable",
    NULL,
};

const struct analysis analysis_layouts = {
    .name = "layouts", .needs_symbols = true, .types = types, .publics = publics, .write = write};
