/* seed.h - a machine of the unit tests as the first input of a fuzz target. */
#ifndef NTDRIFT_FUZZ_SEED_H
#define NTDRIFT_FUZZ_SEED_H

#include <errno.h>
#include <sys/stat.h>

#include "small_objects.h"

/* Takes the machine over. */
static inline int write_seed(const char *folder, const char *name, struct small_objects *objects) {
    char path[4096];
    target_close(objects_open(objects)); /* saves it, as a test would */
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int failed = rename(objects->machine->path, path);
    objects->machine->path[0] = 0;
    machine_destroy(objects->machine);
    return failed;
}

/* A machine that is as it should be, and one with a list that goes round, into the folder that the
 * command line names; gives what main() returns. Takes them over. */
static inline int write_seeds(int argc, char **argv, struct small_objects *whole,
                              struct small_objects *round) {
    if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    return write_seed(argv[1], "whole", whole) || write_seed(argv[1], "round", round);
}

#endif
