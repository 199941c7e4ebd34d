/*
 * object_types.c - the _OBJECT_TYPE objects, and the table that an object's type index leads to.
 *
 * Source of names, tags and order: `!object \ObjectTypes` of 7601 as published; later builds have
 * the same types at other places, which a reader takes from the table.
 */
#include "objects.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

static const struct type {
    const char *name, *tag;
    const char *global; /* the kernel's variable that leads to it */
    const char *old;    /* its name in XP; "" where XP has none */
} types[TYPE_LIMIT] = {
    [2] = {"Type", "ObjT", "ObpTypeObjectType", NULL},
    [3] = {"Directory", "Dire", "ObpDirectoryObjectType", NULL},
    [4] = {"SymbolicLink", "Symb", "ObpSymbolicLinkObjectType", NULL},
    [5] = {"Token", "Toke", "SeTokenObjectType", NULL},
    [6] = {"Job", "Job ", "PsJobType", NULL},
    [7] = {"Process", "Proc", "PsProcessType", NULL},
    [8] = {"Thread", "Thre", "PsThreadType", NULL},
    [9] = {"UserApcReserve", "User", NULL, ""},
    [10] = {"IoCompletionReserve", "IoCo", NULL, ""},
    [11] = {"DebugObject", "Debu", NULL, NULL},
    [12] = {"Event", "Even", "ExEventObjectType", NULL},
    [13] = {"EventPair", "Even", NULL, NULL},
    [14] = {"Mutant", "Muta", NULL, NULL},
    [15] = {"Callback", "Call", NULL, NULL},
    [16] = {"Semaphore", "Sema", "ExSemaphoreObjectType", NULL},
    [17] = {"Timer", "Time", NULL, NULL},
    [18] = {"Profile", "Prof", NULL, NULL},
    [19] = {"KeyedEvent", "Keye", NULL, NULL},
    [20] = {"WindowStation", "Wind", NULL, NULL},
    [21] = {"Desktop", "Desk", NULL, NULL},
    [22] = {"TpWorkerFactory", "TpWo", NULL, ""},
    [23] = {"Adapter", "Adap", NULL, NULL},
    [24] = {"Controller", "Cont", NULL, NULL},
    [25] = {"Device", "Devi", "IoDeviceObjectType", NULL},
    [26] = {"Driver", "Driv", "IoDriverObjectType", NULL},
    [27] = {"IoCompletion", "IoCo", NULL, NULL},
    [28] = {"File", "File", "IoFileObjectType", NULL},
    [29] = {"TmTm", "TmTm", NULL, ""},
    [30] = {"TmTx", "TmTx", NULL, ""},
    [31] = {"TmRm", "TmRm", NULL, ""},
    [32] = {"TmEn", "TmEn", NULL, ""},
    [33] = {"Section", "Sect", "MmSectionObjectType", NULL},
    [34] = {"Session", "Sess", NULL, ""},
    [35] = {"Key", "Key ", "CmKeyObjectType", NULL},
    [36] = {"ALPC Port", "ALPC", "AlpcPortObjectType", "Port"},
    [37] = {"PowerRequest", "Powe", NULL, ""},
    [38] = {"WmiGuid", "WmiG", NULL, NULL},
    [39] = {"EtwRegistration", "EtwR", NULL, ""},
    [40] = {"EtwConsumer", "EtwC", NULL, ""},
    [41] = {"FilterConnectionPort", "Filt", NULL, NULL},
    [42] = {"FilterCommunicationPort", "Filt", NULL, NULL},
    [43] = {"PcwObject", "PcwO", NULL, ""},
};

static bool is_old(const struct machine *machine) {
    return machine->pointer_size == 4;
}

static const char *name_of(const struct machine *machine, unsigned index) {
    const struct type *type = &types[index];
    return is_old(machine) && type->old ? type->old : type->name;
}

const char *object_tag(enum object_type type) {
    return types[type].tag;
}

enum object_type object_type_named(const struct machine *machine, const char *name) {
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++)
        if (!strcmp(name, types[i].name) && *name_of(machine, i))
            return i;
    die("there is no object type %s", name);
}

static void make_type(struct machine *machine, unsigned index) {
    const char *name = name_of(machine, index);
    const struct object_kind kind = {"an object type", TYPE_TYPE, false, name, 0};
    const json_t *given = json_object_get(machine->scenario, "object_types");
    uint64_t type = make_object(machine, &kind, number_or(given, name, 0),
                                layout_size(machine->layout, "_OBJECT_TYPE"));
    machine->types[index] = type;
    /* The first type is the type of itself. */
    if (is_old(machine))
        put_pointer(machine, object_header(machine, type) + 8, machine->types[TYPE_TYPE]);
    write_unicode(machine, field(machine, type, "_OBJECT_TYPE", "Name"), name, &machine->paged);
    must_set(machine, type, "_OBJECT_TYPE", "Index", index);
    must_set(machine, type, "_OBJECT_TYPE", "Key", get((const uint8_t *)types[index].tag, 4));
    uint64_t list = field(machine, type, "_OBJECT_TYPE", "TypeList");
    link_entry(machine, list, list, list);
    if (types[index].global && !(is_old(machine) && index == TYPE_PORT))
        put_pointer(machine, global(machine, types[index].global, 8), type);
}

/* For every InfoMask, how far in front of the header the outermost of its optional headers begins:
 * the sum of their sizes. */
static void write_offsets(struct machine *machine) {
    static const uint8_t sizes[8] = {0x20, 0x20, 0x10, 0x20, 0x10, 0x10, 0x10, 0x10};
    uint64_t table = global(machine, "ObpInfoMaskToOffset", 0x100);
    for (unsigned mask = 0; mask < 0x100; mask++) {
        unsigned offset = 0;
        for (unsigned bit = 0; bit < 8; bit++)
            offset += mask >> bit & 1 ? sizes[bit] : 0;
        memory_put(&machine->memory, table + mask, offset, 1);
    }
}

/* The type of types keeps the list of its objects (MaintainTypeList). */
static void list_types(struct machine *machine) {
    uint64_t links[TYPE_LIMIT + 1];
    size_t count = 0;
    links[count++] = field(machine, machine->types[TYPE_TYPE], "_OBJECT_TYPE", "TypeList");
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++)
        if (machine->types[i])
            links[count++] = object_creator_info(machine, machine->types[i]);
    for (size_t i = 0; i < count; i++)
        link_entry(machine, links[i], links[(i + 1) % count], links[(i + count - 1) % count]);
}

enum { OLD_TYPES = 48 }; /* more than XP has */

/* XP keeps its types in ObpObjectTypes, the first of them in the first slot. */
static void write_old_table(struct machine *machine) {
    uint64_t table = global(machine, "ObpObjectTypes", OLD_TYPES * 4), slot = table;
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++)
        if (machine->types[i] && slot < table + OLD_TYPES * 4) {
            put_pointer(machine, slot, machine->types[i]);
            slot += 4;
        }
}

/* The table's first two slots are no types; the second holds what a freed object leads to. */
void forge_object_types(struct machine *machine) {
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++)
        if (*name_of(machine, i))
            make_type(machine, i);
    list_types(machine);
    if (is_old(machine)) {
        write_old_table(machine);
        return;
    }
    uint64_t table = global(machine, "ObTypeIndexTable", 0x100 * 8);
    put_pointer(machine, table + machine->pointer_size, 0xbad0b0b0);
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++)
        put_pointer(machine, table + i * machine->pointer_size, machine->types[i]);
    write_offsets(machine);
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    if (json_object_get(kernel, "object_cookie"))
        memory_put(&machine->memory, global(machine, "ObHeaderCookie", 1),
                   number(kernel, "object_cookie"), 1);
}

void name_object_types(struct machine *machine) {
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++) {
        char path[64];
        snprintf(path, sizeof path, "\\ObjectTypes\\%s", name_of(machine, i));
        if (machine->types[i])
            name_existing(machine, path, machine->types[i]);
    }
}

void finish_object_types(struct machine *machine) {
    json_t *facts = json_object();
    for (unsigned i = TYPE_TYPE; i < TYPE_LIMIT; i++) {
        if (!machine->types[i])
            continue;
        uint64_t objects = machine->object_counts[i], handles = machine->handle_counts[i];
        must_set(machine, machine->types[i], "_OBJECT_TYPE", "TotalNumberOfObjects", objects);
        must_set(machine, machine->types[i], "_OBJECT_TYPE", "TotalNumberOfHandles", handles);
        must_set(machine, machine->types[i], "_OBJECT_TYPE", "HighWaterNumberOfObjects", objects);
        must_set(machine, machine->types[i], "_OBJECT_TYPE", "HighWaterNumberOfHandles", handles);
        json_object_set_new(facts, name_of(machine, i),
                            json_pack("{s:i, s:o, s:i, s:i}", "index", (int)i, "address",
                                      address_text(machine, machine->types[i]), "objects",
                                      (int)objects, "handles", (int)handles));
    }
    json_object_set_new(machine->facts, "object_types", facts);
}
