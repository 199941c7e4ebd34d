/* layers.c - the first inputs of the layers target: nested jobs, and jobs that are in each other.
 */
#include <errno.h>
#include <sys/stat.h>

#include "small_jobs.h"

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
    struct small_objects whole = job_machine();
    struct small_objects round = job_machine();
    put_job(&round, 0, "ParentJob", job_at(2), 8);
    put_job(&round, 0, "JobFlags", 0, 4);
    put_job(&round, 2, "SiblingJobLinks", job_at(1), 8);
    return write_seed(argv[1], "whole", &whole) || write_seed(argv[1], "round", &round);
}
