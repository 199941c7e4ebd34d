/*
 * small_ports.h - ALPC ports on the machine of small_objects.h: a connection port and the two ends
 * of a connection to it.
 */
#ifndef NTDRIFT_TESTS_SMALL_PORTS_H
#define NTDRIFT_TESTS_SMALL_PORTS_H

#include "small_objects.h"

#define PORTS_PROFILE "ntkrnlmp-17763.5933-x64"
#define PORTS_HEAD    (NT + 0x41a9b0) /* AlpcpPortList, by that profile */
#define PORTS_NT_SIZE 0x500000
#define PORTS_INFO    0xffffc00000300000
#define NOWHERE       0xffffe00000900000 /* not mapped */

enum { TYPE_PORT = 40, PORTS = 3 };

static inline uint64_t port_at(unsigned index) {
    return small_object(20 + index);
}

static inline void put_port(struct small_objects *objects, unsigned index, const char *member,
                            uint64_t value, size_t width) {
    machine_put(objects->machine, port_at(index) + objects_offset(objects, "_ALPC_PORT", member),
                value, width);
}

/* Sets u1.s1: Initialized, and Type in the two bits behind it. */
static inline void put_type(struct small_objects *objects, unsigned index, unsigned type) {
    put_port(objects, index, "State", 1 | type << 1, 4);
}

/* A connection port `\Device\Port` of smss.exe, the two ends of a connection of csrss.exe to it,
 * all on one ring. */
static inline struct small_objects port_machine(const char *name) {
    struct small_objects objects = small_objects(PORTS_PROFILE, true);
    uint64_t ring[PORTS + 1] = {PORTS_HEAD};
    objects_type(&objects, TYPE_PORT, "ALPC Port", small_object(15));
    objects_list_types(&objects);
    for (unsigned i = 0; i < PORTS; i++) {
        objects_put(&objects, port_at(i), TYPE_PORT, i ? NULL : name, small_object(2), 0);
        put_type(&objects, i, i + 1);
        put_port(&objects, i, "SequenceNo", 0xffffffff, 4);
        put_port(&objects, i, "OwnerProcess", small_process(i == 1 ? 2 : 1), 8);
        put_port(&objects, i, "CommunicationInfo", PORTS_INFO + (i ? 0x100 : 0), 8);
        ring[i + 1] = port_at(i);
    }
    if (name)
        objects_enter(&objects, small_object(2), 1, port_at(0));
    for (unsigned i = 0; i < 2; i++)
        machine_put(objects.machine, PORTS_INFO + 0x100 * i, port_at(0), 8);
    machine_put(objects.machine, PORTS_INFO + 0x108, port_at(2), 8);
    machine_put(objects.machine, PORTS_INFO + 0x110, port_at(1), 8);
    machine_ring(objects.machine, ring, PORTS + 1);
    return objects;
}

static inline struct target *open_ports(struct small_objects *machine, bool with_symbols) {
    struct target *target = objects_open(machine);
    target->kernel.size = PORTS_NT_SIZE;
    target->match = with_symbols ? MATCH_EXACT : MATCH_PROVED;
    return target;
}

#endif
