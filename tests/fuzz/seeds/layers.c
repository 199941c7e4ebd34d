/* layers.c - the first inputs of the layers target: nested jobs, and jobs that are in each other.
 */
#include "small_jobs.h"

#include "seed.h"

int main(int argc, char **argv) {
    struct small_objects whole = job_machine();
    struct small_objects round = job_machine();
    put_job(&round, 0, "ParentJob", job_at(2), 8);
    put_job(&round, 0, "JobFlags", 0, 4);
    put_job(&round, 2, "SiblingJobLinks", job_at(1), 8);
    return write_seeds(argc, argv, &whole, &round);
}
