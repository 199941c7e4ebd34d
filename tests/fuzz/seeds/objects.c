/* objects.c - the first inputs of the objects target: a private namespace, and one whose chain goes
 * round with a boundary descriptor that is too long. */
#include <errno.h>
#include <sys/stat.h>

#include "small_namespaces.h"

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
    struct small_objects whole = namespace_machine(NS_PROFILE);
    struct small_objects round = namespace_machine(NS_PROFILE);
    machine_put(round.machine, NS_ENTRY, NS_ENTRY, 8);
    machine_put(round.machine, NS_BOUNDARY + 8, 0x1000, 4);
    return write_seed(argv[1], "whole", &whole) || write_seed(argv[1], "round", &round);
}
