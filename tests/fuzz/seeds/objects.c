/* objects.c - the first inputs of the objects target: a private namespace, and one whose chain goes
 * round with a boundary descriptor that is too long. */
#include "small_namespaces.h"

#include "seed.h"

int main(int argc, char **argv) {
    struct small_objects whole = namespace_machine(NS_PROFILE);
    struct small_objects round = namespace_machine(NS_PROFILE);
    machine_put(round.machine, NS_ENTRY, NS_ENTRY, 8);
    machine_put(round.machine, NS_BOUNDARY + 8, 0x1000, 4);
    return write_seeds(argc, argv, &whole, &round);
}
