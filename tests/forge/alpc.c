/*
 * alpc.c - ALPC ports: connection ports with a name, and for each connection the client's and the
 * server's communication port; all on the kernel's list of ports.
 *
 * Source: the symbol files for _ALPC_PORT and _ALPC_COMMUNICATION_INFO; which port leads to which,
 * and the numbers of the types, as published of a later Windows 10: a client's messages go to the
 * connection port's queue, a server's replies to the client's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "objects.h"
#include "util.h"

enum role { ROLE_CONNECTION = 1, ROLE_CLIENT = 2, ROLE_SERVER = 3 };

struct port {
    uint64_t address;
    enum role role;
    const struct process *owner;
    uint64_t sequence, queue, target;
    uint64_t communication; /* _ALPC_COMMUNICATION_INFO */
};

struct ports {
    struct port *items;
    size_t count, capacity;
};

static const char type[] = "_ALPC_PORT";

static uint64_t make_port(struct machine *machine, const json_t *row, const char *path) {
    static const struct object_kind nameless = {"a port", TYPE_PORT, false, NULL, 0};
    uint64_t address = number_or(row, "address", 0), size = layout_size(machine->layout, type);
    return path ? make_named(machine, TYPE_PORT, address, size, path)
                : make_object(machine, &nameless, address, size);
}

static uint64_t make_communication(struct machine *machine, const json_t *row, uint64_t connection,
                                   uint64_t server, uint64_t client) {
    static const char info[] = "_ALPC_COMMUNICATION_INFO";
    uint64_t size = layout_size(machine->layout, info);
    uint64_t place = number_or(row, "communication", 0);
    if (place) {
        memory_map(&machine->memory, place, size, machine->paged.kind);
        memory_claim(&machine->memory, place, size, "communication info");
    } else {
        place = pool_take(machine, &machine->paged, size, 0x10, "communication info");
    }
    must_set(machine, place, info, "ConnectionPort", connection);
    must_set(machine, place, info, "ServerCommunicationPort", server);
    must_set(machine, place, info, "ClientCommunicationPort", client);
    uint64_t list = field(machine, place, info, "CommunicationList");
    link_entry(machine, list, list, list);
    return place;
}

static void write_port(struct machine *machine, const struct port *port) {
    static const char *const queues[] = {"MainQueue",   "LargeMessageQueue", "PendingQueue",
                                         "DirectQueue", "WaitQueue",         "CanceledQueue"};
    must_set(machine, port->address, type, "Type", port->role);
    must_set(machine, port->address, type, "Initialized", 1);
    must_set(machine, port->address, type, "SequenceNo", port->sequence);
    must_set(machine, port->address, type, "OwnerProcess", port->owner->address);
    must_set(machine, port->address, type, "CommunicationInfo", port->communication);
    must_set(machine, port->address, type, "TargetQueuePort", port->queue);
    must_set(machine, port->address, type, "TargetSequencePort", port->target);
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
        uint64_t queue = field(machine, port->address, type, queues[i]);
        link_entry(machine, queue, queue, queue);
    }
}

static void note_port(struct machine *machine, const struct port *port) {
    json_t *facts = json_object_get(machine->facts, "alpc_ports");
    json_array_append_new(facts,
                          json_pack("{s:o, s:i, s:i, s:i, s:o, s:o, s:o}", "address",
                                    address_text(machine, port->address), "type", (int)port->role,
                                    "pid", (int)port->owner->pid, "sequence", (int)port->sequence,
                                    "target_queue", address_text(machine, port->queue),
                                    "target_sequence", address_text(machine, port->target),
                                    "communication", address_text(machine, port->communication)));
}

static void add_port(struct machine *machine, struct ports *ports, const struct port *port) {
    ports->items = xgrow(ports->items, &ports->capacity, ports->count + 1, sizeof *ports->items);
    ports->items[ports->count++] = *port;
    write_port(machine, port);
    note_port(machine, port);
}

/* A row of "clients": {"client": {...}, "server": {...}}, each side with its address or made up. */
static void add_connection(struct machine *machine, struct ports *ports,
                           const struct port *connection, const json_t *row) {
    const json_t *client = json_object_get(row, "client"), *server = json_object_get(row, "server");
    struct port sides[2] = {
        {.role = ROLE_CLIENT,
         .owner = find_process(machine, number(client, "pid")),
         .address = make_port(machine, client, NULL),
         .sequence = number_or(client, "sequence", 4)},
        {.role = ROLE_SERVER,
         .owner = connection->owner,
         .address = make_port(machine, server, NULL),
         .sequence = number_or(server, "sequence", 3)},
    };
    uint64_t info =
        make_communication(machine, row, connection->address, sides[1].address, sides[0].address);
    sides[0].queue = connection->address;
    sides[0].target = sides[1].address;
    sides[1].queue = sides[1].target = sides[0].address;
    for (unsigned i = 0; i < 2; i++) {
        sides[i].communication = info;
        add_port(machine, ports, &sides[i]);
    }
}

/* Rows of {"name", "pid", "address", "communication", "sequence", "clients"}. */
void forge_alpc(struct machine *machine) {
    const json_t *rows = json_object_get(machine->scenario, "alpc");
    struct ports ports = {0};
    size_t i, k;
    json_t *row, *client;
    if (!rows)
        return;
    json_object_set_new(machine->facts, "alpc_ports", json_array());
    json_array_foreach(rows, i, row) {
        const char *path = json_string_value(json_object_get(row, "name"));
        struct port port = {.role = ROLE_CONNECTION,
                            .owner = find_process(machine, number(row, "pid")),
                            .address = make_port(machine, row, path),
                            .sequence = number_or(row, "sequence", 2)};
        port.communication = make_communication(machine, row, port.address, 0, 0);
        add_port(machine, &ports, &port);
        json_array_foreach(json_object_get(row, "clients"), k, client)
            add_connection(machine, &ports, &port, client);
    }
    uint64_t *entries = xcalloc(ports.count, sizeof *entries);
    for (i = 0; i < ports.count; i++)
        entries[i] = field(machine, ports.items[i].address, type, "PortListEntry");
    link_ring(machine, global(machine, "AlpcpPortList", 16), entries, ports.count);
    free(entries);
    free(ports.items);
}
