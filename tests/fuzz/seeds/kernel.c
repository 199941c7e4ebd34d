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

int main(int argc, char **argv) {
    if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    struct machine *scanned = small_kernel();
    put(&scanned->header, 0x80, 0, 8);
    machine_put(scanned, NT_MODULES, 0xffffe00000f00000, 8);
    return write_seed(argv[1], "kernel", small_kernel()) || write_seed(argv[1], "scanned", scanned);
}
