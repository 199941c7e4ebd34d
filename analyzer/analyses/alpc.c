/* alpc.c - section `alpc`: the ALPC ports, and which process is connected to which by them.
 *
 * A connection port waits for clients; each connection is a pair of communication ports, the
 * client's and the server's, that share one _ALPC_COMMUNICATION_INFO. Types as !alpc /p of WinDbg
 * names them. */
#include <stdlib.h>
#include <string.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/alpc.h"
#include "kernel/object.h"

enum { SEQUENCE, QUEUE, TARGET, COMMUNICATION, TYPE, OWNER, PORT_MEMBERS };
enum { CONNECTION, SERVER, CLIENT, INFO_MEMBERS };

static const struct member port_members[PORT_MEMBERS] = {
    [SEQUENCE] = {.key = "sequence_no", .path = "SequenceNo", .form = VALUE_SIGNED32},
    [QUEUE] = {.key = "target_queue", .path = "TargetQueuePort", .form = VALUE_ADDRESS},
    [TARGET] = {.key = "target_sequence", .path = "TargetSequencePort", .form = VALUE_ADDRESS},
    [COMMUNICATION] = {.key = "communication", .path = "CommunicationInfo", .form = VALUE_ADDRESS},
    [TYPE] = {.key = "type", .path = "Type", .form = VALUE_INTEGER},
    [OWNER] = {.key = "owner", .path = "OwnerProcess"},
};
static const struct member info_members[INFO_MEMBERS] = {
    [CONNECTION] = {.key = "connection_port", .path = "ConnectionPort", .form = VALUE_ADDRESS},
    [SERVER] = {.key = "server_port", .path = "ServerCommunicationPort", .form = VALUE_ADDRESS},
    [CLIENT] = {.key = "client_port", .path = "ClientCommunicationPort", .form = VALUE_ADDRESS},
};

/* _ALPC_PORT.u1.s1.Type; 0 is that of a port which is being made. */
enum { TYPE_CONNECTION = 1, TYPE_CLIENT = 2, TYPE_SERVER = 3 };
static const char *const roles[] = {
    [TYPE_CONNECTION] = "connection", [TYPE_CLIENT] = "client", [TYPE_SERVER] = "server"};

/* Connections of one process to another through one connection port. */
struct edge {
    uint64_t client, server; /* _EPROCESS */
    uint64_t connection;     /* the connection port */
};

struct extraction {
    struct analysis_context *context;
    const struct objects *objects;
    struct member port[PORT_MEMBERS], info[INFO_MEMBERS];
    struct edge *edges;
    size_t edge_count;
};

/* 0 where it cannot be read. */
static uint64_t value_of(const struct extraction *extraction, uint64_t object,
                         const struct member *member) {
    uint64_t value = 0;
    if (!object || !member->present ||
        member_read(extraction->context->target, object, member, &value) != READ_PRESENT)
        return 0;
    return value;
}

/* ---- one port ---- */

static json_t *process_json(struct extraction *extraction, uint64_t process) {
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(extraction->context->target, process));
    put_process_name(extraction->context, json, process);
    return json;
}

/* A port without an owner is closed: the key is left out. */
static void put_owner(struct extraction *extraction, json_t *json, uint64_t port) {
    const struct member *member = &extraction->port[OWNER];
    uint64_t owner;
    if (!member->present)
        return;
    enum read_state state = member_read(extraction->context->target, port, member, &owner);
    if (state != READ_PRESENT)
        put_unreadable(extraction->context, json, "owner", state);
    else if (owner)
        json_object_set_new(json, "owner", process_json(extraction, owner));
}

static void put_role(struct extraction *extraction, json_t *json, uint64_t port) {
    if (!put_member(extraction->context, json, port, &extraction->port[TYPE]))
        return;
    json_int_t type = json_integer_value(json_object_get(json, "type"));
    if (type >= TYPE_CONNECTION && type <= TYPE_SERVER)
        json_object_set_new(json, "role", json_string(roles[type]));
    else
        put_unreadable(extraction->context, json, "role", READ_BAD_VALUE);
}

/* Only connection ports have one, and of these not all. */
static void put_name(struct extraction *extraction, json_t *json, uint64_t port) {
    AUTO(text_deinit) struct text path = TEXT_EMPTY;
    enum read_state state = object_path(extraction->objects, port, &path);
    if (state != READ_PRESENT)
        put_unreadable(extraction->context, json, "name", state);
    else if (path.length)
        json_object_set_new(json, "name", json_stringn(path.data, path.length));
}

static json_t *port_extract(struct extraction *extraction, uint64_t port) {
    struct analysis_context *context = extraction->context;
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(context->target, port));
    for (unsigned i = SEQUENCE; i <= COMMUNICATION; i++)
        put_member(context, json, port, &extraction->port[i]);
    put_role(extraction, json, port);
    put_owner(extraction, json, port);
    put_name(extraction, json, port);
    uint64_t info = value_of(extraction, port, &extraction->port[COMMUNICATION]);
    for (unsigned i = 0; info && i < INFO_MEMBERS; i++)
        put_member(context, json, info, &extraction->info[i]);
    return json;
}

/* ---- who talks to whom ---- */

/* Of a client's port. The server is who owns the other end or, while the connection is not accepted
 * yet, the connection port. */
static void add_edge(struct extraction *extraction, uint64_t port) {
    const struct member *owner = &extraction->port[OWNER];
    if (value_of(extraction, port, &extraction->port[TYPE]) != TYPE_CLIENT)
        return;
    uint64_t info = value_of(extraction, port, &extraction->port[COMMUNICATION]);
    uint64_t server = value_of(extraction, info, &extraction->info[SERVER]);
    struct edge edge = {.client = value_of(extraction, port, owner),
                        .connection = value_of(extraction, info, &extraction->info[CONNECTION])};
    edge.server = value_of(extraction, server ? server : edge.connection, owner);
    if (edge.client && edge.server && edge.connection)
        extraction->edges[extraction->edge_count++] = edge;
}

static int order_of(uint64_t left, uint64_t right) {
    return (left > right) - (left < right);
}

static int by_ends(const void *left, const void *right) {
    const struct edge *a = left, *b = right;
    int order = order_of(a->client, b->client);
    order = order ? order : order_of(a->server, b->server);
    return order ? order : order_of(a->connection, b->connection);
}

static json_t *edge_extract(struct extraction *extraction, const struct edge *edge, size_t count) {
    json_t *json = json_object();
    json_object_set_new(json, "client", process_json(extraction, edge->client));
    json_object_set_new(json, "server", process_json(extraction, edge->server));
    json_object_set_new(json, "connection_port",
                        json_address(extraction->context->target, edge->connection));
    put_name(extraction, json, edge->connection);
    json_object_set_new(json, "connections", json_integer((json_int_t)count));
    return json;
}

static json_t *edges_extract(struct extraction *extraction) {
    const struct edge *edges = extraction->edges;
    size_t count = extraction->edge_count;
    json_t *array = json_array();
    qsort(extraction->edges, count, sizeof *edges, by_ends);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && by_ends(&edges[i], &edges[next]) == 0;)
            next++;
        json_array_append_new(array, edge_extract(extraction, &edges[i], next - i));
    }
    return array;
}

/* ---- the section ---- */

static void find_ports(struct analysis_context *context, struct alpc_ports *ports) {
    const struct process_set *set = context->processes;
    AUTO_FREE uint64_t *processes = xcalloc(set->count + 1, sizeof *processes);
    for (size_t i = 0; i < set->count; i++)
        processes[i] = set->items[i].address;
    alpc_ports_find(context_objects(context), context->target, processes, set->count, ports);
}

static json_t *ports_extract(struct analysis_context *context, const struct alpc_ports *ports) {
    struct extraction extraction = {.context = context, .objects = context_objects(context)};
    memcpy(extraction.port, port_members, sizeof port_members);
    memcpy(extraction.info, info_members, sizeof info_members);
    members_resolve(context->target, "_ALPC_PORT", extraction.port, PORT_MEMBERS);
    members_resolve(context->target, "_ALPC_COMMUNICATION_INFO", extraction.info, INFO_MEMBERS);
    extraction.edges = xcalloc(ports->count + 1, sizeof *extraction.edges);
    json_t *section = json_object(), *array = json_array();
    json_object_set_new(section, "found_by", json_string(ports->found_by));
    for (size_t i = 0; i < ports->count; i++) {
        json_array_append_new(array, port_extract(&extraction, ports->items[i]));
        add_edge(&extraction, ports->items[i]);
    }
    json_object_set_new(section, "ports", array);
    json_object_set_new(section, "edges", edges_extract(&extraction));
    free(extraction.edges);
    return section;
}

static json_t *extract(struct analysis_context *context) {
    struct alpc_ports ports;
    json_t *section = NULL;
    find_ports(context, &ports);
    if (ports.absent) {
        coverage_none(context, "this kernel has no ALPC ports");
    } else if (!ports.found_by) {
        coverage_none(context, "nothing names AlpcpPortList, and no directory or handle leads to "
                               "an ALPC port on that list");
    } else {
        report_list(context, "AlpcpPortList", ports.start, &ports.walk);
        section = ports_extract(context, &ports);
        context->coverage->unreadable[READ_BAD_VALUE] += ports.strange;
        if (ports.strange)
            coverage_partial(context, "the list of ports has entries that are no ports");
    }
    alpc_ports_deinit(&ports);
    return section;
}

static const char *const types[] = {"_ALPC_COMMUNICATION_INFO",
                                    "_ALPC_PORT",
                                    "_EPROCESS",
                                    "_LIST_ENTRY",
                                    "_OBJECT_DIRECTORY",
                                    "_OBJECT_DIRECTORY_ENTRY",
                                    "_OBJECT_HEADER",
                                    "_OBJECT_HEADER_CREATOR_INFO",
                                    "_OBJECT_HEADER_NAME_INFO",
                                    "_OBJECT_TYPE",
                                    NULL};
static const char *const publics[] = {"AlpcpPortList",     "ObHeaderCookie",
                                      "ObTypeIndexTable",  "ObpRootDirectoryObject",
                                      "ObpTypeObjectType", NULL};

const struct analysis analysis_alpc = {
    .name = "alpc", .needs_symbols = true, .types = types, .publics = publics, .extract = extract};
