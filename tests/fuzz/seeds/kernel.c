/* kernel.c - the first inputs of the kernel target: a small kernel, whole. */
#include <errno.h>
#include <sys/stat.h>

#include "small_kernel.h"

static int write_seed(const char *folder, const char *name, struct machine *machine) {
    char path[4096];
    struct target *target = machine_open(machine); /* saves it, as a test would */
    target_close(target);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int failed = rename(machine->path, path);
    machine->path[0] = 0;
    machine_destroy(machine);
    return failed;
}

/* A thread in a system call, on both lists of its process, and a function table of one function:
 * push rbx; sub rsp,20h. */
static struct machine *with_thread(void) {
    const uint64_t thread = 0xffffe00000100000, frame = 0xffffd00030000c00;
    static const uint8_t info[] = {1, 5, 2, 0, 5, 0x32, 1, 0x30};
    struct machine *machine = small_kernel();
    struct symbols *symbols = builtin_symbols("nt-10240-x64");
    uint64_t lists[][2] = {
        {small_process(2) + offset_of(symbols, "_EPROCESS", "ThreadListHead"),
         thread + offset_of(symbols, "_ETHREAD", "ThreadListEntry")},
        {small_process(2) + offset_of(symbols, "_EPROCESS", "Pcb.ThreadListHead"),
         thread + offset_of(symbols, "_ETHREAD", "Tcb.ThreadListEntry")},
    };
    machine_ring(machine, lists[0], 2);
    machine_ring(machine, lists[1], 2);
    machine_put(machine, thread, 6, 1);
    machine_put(machine, thread + offset_of(symbols, "_ETHREAD", "Tcb.TrapFrame"), frame, 8);
    machine_put(machine, frame + offset_of(symbols, "_KTRAP_FRAME", "SegCs"), 0x33, 2);
    machine_put(machine, frame + offset_of(symbols, "_KTRAP_FRAME", "ExceptionActive"), 2, 1);
    machine_put(machine, NT + 0x98 + 112 + 3 * 8, 0x7000, 4); /* .pdata */
    machine_put(machine, NT + 0x98 + 112 + 3 * 8 + 4, 12, 4);
    machine_put(machine, NT + 0x7000, 0x1000, 4);
    machine_put(machine, NT + 0x7004, 0xf000, 4);
    machine_put(machine, NT + 0x7008, 0x7100, 4);
    machine_write(machine, NT + 0x7100, info, sizeof info);
    symbols_free(symbols);
    return machine;
}

int main(int argc, char **argv) {
    if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    struct machine *scanned = small_kernel();
    put(&scanned->header, 0x80, 0, 8);
    machine_put(scanned, NT_MODULES, 0xffffe00000f00000, 8);
    return write_seed(argv[1], "kernel", small_kernel()) ||
           write_seed(argv[1], "scanned", scanned) || write_seed(argv[1], "threads", with_thread());
}
