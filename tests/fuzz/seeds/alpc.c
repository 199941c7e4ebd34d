/* alpc.c - the first inputs of the alpc target: ports on their list, and on one that goes round. */
#include "small_ports.h"

#include "seed.h"

int main(int argc, char **argv) {
    struct small_objects whole = port_machine("Port");
    struct small_objects round = port_machine("Port");
    put_port(&round, 2, "PortListEntry", port_at(0), 8);
    put_port(&round, 0, "PortListEntry.Blink", port_at(2), 8);
    return write_seeds(argc, argv, &whole, &round);
}
