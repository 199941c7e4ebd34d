/* alpc.c - the first inputs of the alpc target: ports on their list, and on one that goes round. */
#include <errno.h>
#include <sys/stat.h>

#include "small_ports.h"

/* Takes the machine over. */
static int write_seed(const char *folder, const char *name, struct small_objects *objects) {
    char path[4096];
    target_close(objects_open(objects)); /* saves it, as a test would */
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int failed = rename(objects->machine->path, path);
    objects->machine->path[0] = 0;
    machine_destroy(objects->machine);
    return failed;
}

int main(int argc, char **argv) {
    if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    struct small_objects whole = port_machine("Port");
    struct small_objects round = port_machine("Port");
    put_port(&round, 2, "PortListEntry", port_at(0), 8);
    put_port(&round, 0, "PortListEntry.Blink", port_at(2), 8);
    return write_seed(argv[1], "whole", &whole) || write_seed(argv[1], "round", &round);
}
