/*
 * dumpfile.c - the dump file: header, bitmap or runs or ranges, pages. The file is sparse: pages of
 * zeros stay holes.
 *
 * Sources: DUMP_HEADER64 and 32, SUMMARY_DUMP64 and 32 as the public headers of the Windows Driver
 * Kit and of kdmp-parser have them; unused bytes of a real header hold "PAGE", those of a summary
 * "SDMP". RDMP_HEADER64 as kdmp-parser reads it (its structures, and its issue 27 for what
 * MetadataSize counts).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "util.h"

enum dump_type {
    DUMP_FULL = 1,
    DUMP_SUMMARY = 2,
    DUMP_BITMAP_FULL = 5,
    DUMP_BITMAP_KERNEL = 6,
    DUMP_RANGE_KERNEL = 8,
    DUMP_RANGE_KERNEL_USER = 9,
    DUMP_RANGE_COMPLETE = 10,
};

struct header_field {
    const char *name;
    uint16_t offset;
    uint8_t size;
    bool optional; /* left as "PAGE" where the scenario has none */
};

/* Where the two widths of DUMP_HEADER have their fields. A run has two numbers of half its size. */
struct header_form {
    const char *signature;
    uint16_t size;
    const struct header_field *fields;
    size_t field_count;
    uint16_t parameters, parameter_size;
    uint16_t runs, run_total, first_run, run_size, most_runs;
    uint16_t context, exception;
    uint16_t dump_type, required_space, system_time, up_time;
    uint16_t summary_bits; /* behind the header: where SUMMARY_DUMP has the bits */
};

struct dump {
    struct machine *machine;
    const struct header_form *form;
    const json_t *settings; /* "dump" of the scenario */
    enum dump_type type;
    uint64_t bits;  /* BitmapSize; of other dumps, how far the frames reach */
    uint64_t pages; /* that the file holds */
    uint8_t *bitmap;
    size_t header_size;
    uint8_t *header; /* everything before the first page */
    int file;
};

static bool test_bit(const uint8_t *bitmap, uint64_t bit) {
    return bitmap[bit / 8] >> bit % 8 & 1;
}

static void set_bit(uint8_t *bitmap, uint64_t bit) {
    bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

/* ---- which pages ---- */

static void include_runs(struct dump *dump) {
    size_t i;
    json_t *run;
    json_array_foreach(array(dump->settings, "runs"), i, run) {
        uint64_t first = number_of(json_array_get(run, 0), "runs");
        uint64_t count = number_of(json_array_get(run, 1), "runs");
        for (uint64_t frame = first; frame < first + count; frame++)
            set_bit(dump->bitmap, frame);
        dump->pages += count;
    }
}

static void include_mapped(struct dump *dump) {
    const uint8_t *state = dump->machine->memory.state;
    for (uint64_t frame = 0; frame < dump->bits; frame++)
        if (state[frame] == FRAME_STORED || state[frame] == FRAME_RESERVED) {
            set_bit(dump->bitmap, frame);
            dump->pages++;
        }
}

/* Pages that nothing refers to, until there are as many as the scenario says: the first so many
 * of every 64 frames, so that no part of the bitmap is trivial. */
static void include_fillers(struct dump *dump) {
    const uint8_t *state = dump->machine->memory.state;
    uint64_t wanted = number(dump->settings, "pages");
    if (dump->pages > wanted)
        die("%" PRIu64 " pages are in use, more than the %" PRIu64 " of the dump", dump->pages,
            wanted);
    for (unsigned in_block = 0; in_block < 64; in_block++)
        for (uint64_t frame = 64 + in_block; frame < dump->bits; frame += 64) {
            if (dump->pages == wanted)
                return;
            if (state[frame] == FRAME_FREE && !test_bit(dump->bitmap, frame)) {
                set_bit(dump->bitmap, frame);
                dump->pages++;
            }
        }
    die("the machine has no %" PRIu64 " pages", wanted);
}

static void choose_pages(struct dump *dump) {
    const struct memory *memory = &dump->machine->memory;
    dump->bitmap = xcalloc(memory->limit / 8 + 1, 1);
    dump->bits = memory->limit;
    if (has_all_runs(dump->machine)) {
        include_runs(dump);
    } else {
        include_mapped(dump);
        include_fillers(dump);
    }
    for (uint64_t frame = 0; frame < memory->limit; frame++) {
        bool inside = test_bit(dump->bitmap, frame);
        if (inside && memory->state[frame] == FRAME_OMITTED)
            die("frame 0x%" PRIx64 " was to be left out", frame);
        if (!inside && memory->state[frame] == FRAME_STORED)
            die("frame 0x%" PRIx64 " is not in the dump", frame);
    }
}

/* ---- the header ---- */

static void fill(uint8_t *bytes, size_t size, const char *pattern) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)pattern[i % strlen(pattern)];
}

static const struct header_field fields64[] = {
    {"MajorVersion", 0x008, 4, false},       {"MinorVersion", 0x00c, 4, false},
    {"DirectoryTableBase", 0x010, 8, false}, {"PfnDataBase", 0x018, 8, false},
    {"PsLoadedModuleList", 0x020, 8, false}, {"PsActiveProcessHead", 0x028, 8, false},
    {"MachineImageType", 0x030, 4, false},   {"NumberProcessors", 0x034, 4, false},
    {"BugCheckCode", 0x038, 4, false},       {"KdDebuggerDataBlock", 0x080, 8, false},
    {"MiniDumpFields", 0x1038, 4, true},     {"SecondaryDataState", 0x103c, 4, false},
    {"ProductType", 0x1040, 4, false},       {"SuiteMask", 0x1044, 4, false},
    {"WriterStatus", 0x1048, 4, true},       {"KdSecondaryVersion", 0x104d, 1, false},
    {"Attributes", 0x1050, 4, true},         {"BootId", 0x1054, 4, true},
};

static const struct header_field fields32[] = {
    {"MajorVersion", 0x008, 4, false},       {"MinorVersion", 0x00c, 4, false},
    {"DirectoryTableBase", 0x010, 4, false}, {"PfnDataBase", 0x014, 4, false},
    {"PsLoadedModuleList", 0x018, 4, false}, {"PsActiveProcessHead", 0x01c, 4, false},
    {"MachineImageType", 0x020, 4, false},   {"NumberProcessors", 0x024, 4, false},
    {"BugCheckCode", 0x028, 4, false},       {"PaeEnabled", 0x05c, 1, false},
    {"KdSecondaryVersion", 0x05d, 1, false}, {"KdDebuggerDataBlock", 0x060, 4, false},
    {"Attributes", 0x8a0, 4, true},          {"BootId", 0x8a4, 4, true},
    {"MiniDumpFields", 0xf8c, 4, true},      {"SecondaryDataState", 0xf90, 4, false},
    {"ProductType", 0xf94, 4, false},        {"SuiteMask", 0xf98, 4, false},
    {"WriterStatus", 0xf9c, 4, true},
};

static const struct header_form form64 = {
    .signature = "PAGEDU64",
    .size = 0x2000,
    .fields = fields64,
    .field_count = sizeof fields64 / sizeof *fields64,
    .parameters = 0x40,
    .parameter_size = 8,
    .runs = 0x88,
    .run_total = 0x90,
    .first_run = 0x98,
    .run_size = 16,
    .most_runs = 42,
    .context = 0x348,
    .exception = 0xf00,
    .dump_type = 0xf98,
    .required_space = 0xfa0,
    .system_time = 0xfa8,
    .up_time = 0x1030,
    .summary_bits = 0x28,
};

static const struct header_form form32 = {
    .signature = "PAGEDUMP",
    .size = 0x1000,
    .fields = fields32,
    .field_count = sizeof fields32 / sizeof *fields32,
    .parameters = 0x2c,
    .parameter_size = 4,
    .runs = 0x64,
    .run_total = 0x68,
    .first_run = 0x6c,
    .run_size = 8,
    .most_runs = 86,
    .context = 0x320,
    .exception = 0x7d0,
    .dump_type = 0xf88,
    .required_space = 0xfa0,
    .system_time = 0xfc0,
    .up_time = 0xfb8,
    .summary_bits = 0x20,
};

static void put_fields(const struct dump *dump) {
    const struct header_form *form = dump->form;
    const json_t *given = json_object_get(dump->machine->scenario, "header");
    for (size_t i = 0; i < form->field_count; i++) {
        const struct header_field *field = &form->fields[i];
        if (field->optional && !json_object_get(given, field->name))
            continue;
        put(dump->header + field->offset, number(given, field->name), field->size);
    }
    const json_t *parameters = array(given, "BugCheckParameters");
    for (size_t i = 0; i < 4; i++)
        put(dump->header + form->parameters + form->parameter_size * i,
            number_of(json_array_get(parameters, i), "BugCheckParameters"), form->parameter_size);
    put(dump->header + form->dump_type, dump->type, 4);
    put(dump->header + form->required_space, dump->header_size + dump->pages * PAGE_SIZE, 8);
    put(dump->header + form->system_time, dump->machine->system_time, 8);
    put(dump->header + form->up_time, dump->machine->uptime, 8);
}

/* PHYSICAL_MEMORY_DESCRIPTOR: what memory the machine has; for a full dump, what is in it. */
static void put_runs(const struct dump *dump) {
    const struct header_form *form = dump->form;
    const json_t *runs = array(dump->settings, "runs");
    unsigned width = form->run_size / 2;
    uint64_t total = 0;
    if (json_array_size(runs) > form->most_runs)
        die("a header has room for %d runs", form->most_runs);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        uint64_t count = number_of(json_array_get(run, 1), "runs");
        uint8_t *place = dump->header + form->first_run + form->run_size * i;
        put(place, number_of(json_array_get(run, 0), "runs"), width);
        put(place + width, count, width);
        total += count;
    }
    put(dump->header + form->runs, json_array_size(runs), 4);
    put(dump->header + form->run_total, total, width);
}

/* EXCEPTION_RECORD64 or 32: a breakpoint in the kernel, which cannot be continued. */
static void put_exception(const struct dump *dump) {
    bool wide = dump->machine->pointer_size == 8;
    uint8_t *record = dump->header + dump->form->exception;
    memset(record, 0, wide ? 0x98 : 0x50);
    put(record, 0x80000003, 4);
    put(record + 4, 1, 4);
    put(record + (wide ? 0x10 : 0xc), dump->machine->kernel_base + 0x1400, wide ? 8 : 4);
    make_context(dump->machine, dump->header + dump->form->context, dump->machine->stacks.next);
}

/* SUMMARY_DUMP: 32-bit members, then an RTL_BITMAP of 16 bytes (32-bit dumps: 8), then the bits.
 * Its DumpOptions is never set by the kernel and shows the fill pattern. */
static void put_summary(const struct dump *dump) {
    uint8_t *summary = dump->header + dump->form->size;
    fill(summary, dump->form->summary_bits, "SDMP");
    memcpy(summary + 4, "DUMP", 4);
    put(summary + 0x0c, dump->header_size, 4);
    put(summary + 0x10, dump->bits, 4);
    put(summary + 0x14, dump->pages, 4);
    put(summary + 0x18, dump->bits, 4);
}

static void put_bitmap_header(const struct dump *dump) {
    uint8_t *summary = dump->header + dump->form->size;
    memcpy(summary, dump->type == DUMP_BITMAP_FULL ? "FDMPDUMP" : "SDMPDUMP", 8);
    put(summary + 0x20, dump->header_size, 8);
    put(summary + 0x28, dump->pages, 8);
    put(summary + 0x30, dump->bits, 8);
}

static size_t bits_of_summary(const struct dump *dump) {
    return dump->form->size + dump->form->summary_bits;
}

static size_t bits_of_bitmap(const struct dump *dump) {
    return dump->form->size + 0x38;
}

/* The next frames in a row that the dump has, from `frame` on; false where there are no more. */
static bool next_range(const struct dump *dump, uint64_t *frame, uint64_t *count) {
    while (*frame < dump->bits && !test_bit(dump->bitmap, *frame))
        ++*frame;
    for (*count = 0; *frame + *count < dump->bits && test_bit(dump->bitmap, *frame + *count);)
        ++*count;
    return *count > 0;
}

/* A complete dump says how many ranges it has; the table of the others ends with zeros. */
static size_t size_with_ranges(const struct dump *dump) {
    size_t ranges = dump->type == DUMP_RANGE_COMPLETE ? 0 : 1;
    for (uint64_t frame = 0, count; next_range(dump, &frame, &count); frame += count)
        ranges++;
    return dump->form->size + 0x30 + 16 * ranges;
}

/* RDMP_HEADER64: 0x40, "RDMP", "DUMP", four bytes, MetadataSize, FirstPageOffset. Metadata begin
 * behind it with sixteen bytes, which are known of complete dumps; then ranges of base and count.
 */
static void put_ranges(const struct dump *dump) {
    uint8_t *summary = dump->header + dump->form->size, *place = summary + 0x30;
    uint64_t ranges = 0;
    put(summary, 0x40, 4);
    memcpy(summary + 4, "RDMPDUMP", 8);
    put(summary + 0x10, dump->header_size - dump->form->size - 0x20, 8);
    put(summary + 0x18, dump->header_size, 8);
    for (uint64_t frame = 0, count; next_range(dump, &frame, &count); frame += count) {
        put(place, frame, 8);
        put(place + 8, count, 8);
        place += 16, ranges++;
    }
    if (dump->type == DUMP_RANGE_COMPLETE) {
        put(summary + 0x20, ranges, 4);
        put(summary + 0x28, dump->pages, 8);
    }
}

/* What follows the header: where a bitmap has its bits, or else where everything ends. */
static const struct index_form {
    enum dump_type type;
    void (*put)(const struct dump *dump);
    size_t (*bits_at)(const struct dump *dump);
    size_t (*end)(const struct dump *dump);
} index_forms[] = {
    {DUMP_SUMMARY, put_summary, bits_of_summary, NULL},
    {DUMP_BITMAP_FULL, put_bitmap_header, bits_of_bitmap, NULL},
    {DUMP_BITMAP_KERNEL, put_bitmap_header, bits_of_bitmap, NULL},
    {DUMP_RANGE_KERNEL, put_ranges, NULL, size_with_ranges},
    {DUMP_RANGE_KERNEL_USER, put_ranges, NULL, size_with_ranges},
    {DUMP_RANGE_COMPLETE, put_ranges, NULL, size_with_ranges},
};

static const struct index_form *index_form_of(const struct dump *dump) {
    for (size_t i = 0; i < sizeof index_forms / sizeof *index_forms; i++)
        if (index_forms[i].type == dump->type)
            return &index_forms[i];
    if (dump->type != DUMP_FULL)
        die("there is no dump of type %d", (int)dump->type);
    return NULL;
}

static void make_header(struct dump *dump) {
    size_t base = dump->form->size;
    const struct index_form *form = index_form_of(dump);
    dump->header_size = base;
    if (form && form->bits_at)
        dump->header_size = ALIGN_UP(form->bits_at(dump) + dump->bits / 8, PAGE_SIZE);
    else if (form)
        dump->header_size = form->end(dump);
    if (dump->header_size != number_or(dump->settings, "header_size", dump->header_size))
        die("HeaderSize comes out as 0x%zx", dump->header_size);
    dump->header = xcalloc(1, dump->header_size);
    fill(dump->header, base, "PAGE");
    memcpy(dump->header, dump->form->signature, 8);
    put_fields(dump);
    put_runs(dump);
    put_exception(dump);
    if (form)
        form->put(dump);
    if (form && form->bits_at)
        memcpy(dump->header + form->bits_at(dump), dump->bitmap, dump->bits / 8);
}

/* ---- the file ---- */

static void write_at(const struct dump *dump, const void *bytes, size_t size, uint64_t offset) {
    for (const uint8_t *from = bytes; size;) {
        ssize_t written = pwrite(dump->file, from, size, (off_t)offset);
        if (written <= 0)
            die("the dump cannot be written: %s", strerror(errno));
        from += written, size -= (size_t)written, offset += (uint64_t)written;
    }
}

static void write_pages(const struct dump *dump) {
    const struct memory *memory = &dump->machine->memory;
    uint64_t offset = dump->header_size;
    for (uint64_t frame = 0; frame < dump->bits; frame++) {
        if (!test_bit(dump->bitmap, frame))
            continue;
        if (memory->state[frame] == FRAME_STORED)
            write_at(dump, memory->bytes[frame], PAGE_SIZE, offset);
        offset += PAGE_SIZE;
    }
    if (ftruncate(dump->file, (off_t)offset) != 0)
        die("the dump cannot be written: %s", strerror(errno));
}

void write_dump(struct machine *machine, const char *path) {
    struct dump dump = {.machine = machine, .type = machine->dump_type};
    dump.form = machine->pointer_size == 8 ? &form64 : &form32;
    dump.settings = json_object_get(machine->scenario, "dump");
    choose_pages(&dump);
    make_header(&dump);
    dump.file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (dump.file < 0)
        die("%s: %s", path, strerror(errno));
    write_at(&dump, dump.header, dump.header_size, 0);
    write_pages(&dump);
    if (close(dump.file) != 0)
        die("%s: %s", path, strerror(errno));
    json_t *facts =
        json_pack("{s:i, s:i, s:o, s:o, s:O}", "type", (int)dump.type, "page_table_levels",
                  machine->la57 ? 5 : 4, "pages", hex(dump.pages), "header_size",
                  hex(dump.header_size), "header", json_object_get(machine->scenario, "header"));
    const struct index_form *form = index_form_of(&dump);
    if (form && form->bits_at)
        json_object_set_new(facts, "bitmap_size", hex(dump.bits));
    json_object_set_new(machine->facts, "dump", facts);
    free(dump.bitmap);
    free(dump.header);
}
