/* analyses.c - the first inputs of the analyses target: a kernel of a few pages, and three that
 * contradict themselves. */
#include <errno.h>
#include <sys/stat.h>

#include "../../unit/small_machine.h"

/* Takes the machine over. */
static int write_seed(const char *folder, const char *name, struct machine machine) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    size_t put = file ? fwrite(machine.dump.bytes, 1, machine.dump.size, file) : 0;
    bool written = file && put == machine.dump.size && fclose(file) == 0;
    small_free(&machine.dump);
    return !written;
}

int main(int argc, char **argv) {
    if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    struct machine hidden = small_machine();
    put_rings(&hidden, 3, 2);
    struct machine broken = small_machine();
    poke(&broken, PROCESS(1) + E_ACTIVE_LINKS, 0xfffff88000001000, 8);
    struct machine scanned = small_machine();
    poke(&scanned, KDBG + 0x218, KERNEL + (MACHINE_PAGES + 1) * PAGE, 8);
    put_pcr(&scanned);
    return write_seed(argv[1], "whole", small_machine()) || write_seed(argv[1], "hidden", hidden) ||
           write_seed(argv[1], "broken", broken) || write_seed(argv[1], "scanned", scanned);
}
