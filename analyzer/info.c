/*
 * info.c - a dump's header, processors and system, in the words of .dumpdebug and vertarget.
 */
#include "info.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "info_stack.h"
#include "info_triage.h"
#include "kernel/processor.h"
#include "kernel/symbol_path.h"
#include "kernel/values.h"
#include "kernel/version.h"

#define NAME_WIDTH    20
#define LINE_ENTRIES  4
#define CHECKED_MAJOR 0xc /* DUMP_HEADER.MajorVersion: 0xf free, 0xc checked */

void info_put_quad(struct text *text, uint64_t value) {
    text_printf(text, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(value >> 32), (uint32_t)value);
}

static void put_address(struct text *text, const struct target *target, uint64_t value) {
    if (image_info(target->image)->address_bits > 32)
        info_put_quad(text, value);
    else
        text_printf(text, "%08" PRIx64, value);
}

/* ---- the header ---- */

static void put_field(struct text *text, const char *name, uint64_t value, size_t size) {
    text_printf(text, "%-*s", NAME_WIDTH, name);
    if (size == 8)
        info_put_quad(text, value);
    else
        text_printf(text, "%08" PRIx64, value);
    text_putc(text, '\n');
}

/* An array is shown as WinDbg shows BugCheckParameters: one row an element, numbered from 1. */
static void put_array(struct text *text, const struct image *image,
                      const struct image_field *field) {
    size_t stem = strlen(field->name);
    if (stem > 0 && field->name[stem - 1] == 's')
        stem--;
    for (size_t i = 0; i < field->count; i++) {
        AUTO_FREE char *name = xasprintf("%.*s%zu", (int)stem, field->name, i + 1);
        put_field(text, name, image_field_value(image, field, i), field->size);
    }
}

static void put_header(struct text *text, const struct image *image) {
    const struct image_info *info = image_info(image);
    if (!info->header) {
        text_printf(text, "No DUMP_HEADER (%s): found in memory\n\n", info->format);
        return;
    }
    text_printf(text, "DUMP_HEADER%u:\n", info->address_bits);
    for (size_t i = 0; i < info->field_count; i++) {
        const struct image_field *field = &info->fields[i];
        if (field->kind == IMAGE_FIELD_TIME || field->kind == IMAGE_FIELD_DURATION)
            continue; /* vertarget's part */
        if (!image_field_present(image, field))
            continue;
        if (field->count > 1)
            put_array(text, image, field);
        else
            put_field(text, field->name, image_field_value(image, field, 0), field->size);
    }
    text_putc(text, '\n');
}

static uint64_t signature_number(const char *signature) {
    uint64_t number = 0;
    for (size_t i = strlen(signature); i-- > 0;)
        number = number << 8 | (uint8_t)signature[i];
    return number;
}

/* A kernel summary dump and a bitmap dump have different blocks; WinDbg pads the values of the
 * first alone. */
static void put_bitmap(struct text *text, const struct image_info *info) {
    if (!info->has_bitmap)
        return;
    bool summary = strcmp(info->type, "kernel-summary") == 0;
    if (summary)
        text_printf(text, "SUMMARY_DUMP%u:\n", info->address_bits);
    else
        text_puts(text, "BITMAP_DUMP:\n");
    const struct {
        const char *name;
        uint64_t value;
        bool in_summary_only;
    } rows[] = {
        {"HeaderSize", info->bitmap.header_size, false},
        {"BitmapSize", info->bitmap.bitmap_size, false},
        {"Pages", info->bitmap.pages, false},
        {"Bitmap.SizeOfBitMap", info->bitmap.bitmap_size, true},
    };
    /* In a summary dump, WinDbg's name for what the file has there is the signature's first half.
     */
    put_field(text, "DumpOptions",
              summary ? signature_number(info->bitmap.signature) : info->bitmap.options, 4);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (summary || !rows[i].in_summary_only)
            text_printf(text, "%-*s%0*" PRIx64 "\n", NAME_WIDTH, rows[i].name, summary ? 8 : 1,
                        rows[i].value);
    }
    text_putc(text, '\n');
}

/* WinDbg's own print of it is not published; kdmp-parser's names. */
static void put_ranges(struct text *text, const struct image *image) {
    const struct image_info *info = image_info(image);
    if (!info->range_fields)
        return;
    text_puts(text, "RDMP_HEADER64:\n");
    for (size_t i = 0; i < info->range_field_count; i++) {
        const struct image_field *field = &info->range_fields[i];
        put_field(text, field->name, image_field_value(image, field, 0), field->size);
    }
    text_putc(text, '\n');
}

static void put_processors(struct text *text, const struct target *target) {
    struct processor_block block;
    processor_block_read(target, &block);
    if (block.address == 0) {
        text_puts(text, "KiProcessorBlock is not known\n\n");
        return;
    }
    text_puts(text, "KiProcessorBlock at ");
    put_address(text, target, block.address);
    text_printf(text, "\n  %zu KiProcessorBlock entries:", block.count);
    for (size_t i = 0; i < block.count; i++) {
        text_puts(text, i % LINE_ENTRIES == 0 ? "\n  " : " ");
        if (block.items[i].state == READ_PRESENT)
            put_address(text, target, block.items[i].prcb);
        else
            text_printf(text, "(%s)", read_state_name(block.items[i].state));
    }
    text_puts(text, "\n\n");
    processor_block_deinit(&block);
}

/* ---- the system ---- */

static const char *machine_name(uint64_t machine) {
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {{0x8664, "x64"}, {0x014c, "x86 compatible"}, {0xaa64, "ARM 64-bit (AArch64)"}};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (names[i].machine == machine)
            return names[i].name;
    }
    return "unknown machine";
}

static uint64_t header(const struct target *target, const char *name) {
    uint64_t value = 0;
    return image_header_value(target->image, name, &value) ? value : 0;
}

static void put_version(struct text *text, const struct target *target,
                        const struct version *version) {
    uint64_t processors = header(target, "NumberProcessors");
    text_printf(text, "%s Kernel Version ",
                version_marketing_name(version->build, version->product_type.absent
                                                           ? version->shared_product_type.value
                                                           : version->product_type.value));
    if (version->build >= 0)
        text_printf(text, "%" PRId32, version->build);
    else
        text_puts(text, "(not known)");
    const struct version_source *pack = &version->service_pack;
    if (!pack->absent && pack->state == READ_PRESENT && pack->value != 0)
        text_printf(text, " (Service Pack %" PRIu32 ")", pack->value);
    if (processors > 1)
        text_printf(text, " MP (%" PRIu64 " procs)", processors);
    else
        text_puts(text, " UP");
    text_printf(text, " %s %s\n",
                header(target, "MajorVersion") == CHECKED_MAJOR ? "Checked" : "Free",
                machine_name(header(target, "MachineImageType")));
}

static void put_product(struct text *text, const struct version *version) {
    const struct version_source *type = &version->product_type, *mask = &version->suite_mask;
    type = type->absent ? &version->shared_product_type : type;
    mask = mask->absent ? &version->shared_suite_mask : mask;
    const char *product = version_product_name(type->value);
    text_printf(text, "Product: %s", product ? product : "(not known)");
    const char *before = ", suite: ";
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *suite = version_suite_name(bit);
        if (!(mask->value >> bit & 1))
            continue;
        if (suite)
            text_printf(text, "%s%s", before, suite);
        else
            text_printf(text, "%s0x%" PRIx32, before, (uint32_t)1 << bit);
        before = " ";
    }
    const char *lab = target_build_lab(version);
    text_printf(text, "\nBuilt by: %s\n", lab[0] ? lab : read_state_name(version->build_lab_state));
}

static void put_places(struct text *text, const struct target *target) {
    text_puts(text, "Kernel base = ");
    if (target->kernel.base == 0) {
        text_puts(text, "(not found)");
    } else {
        text_puts(text, "0x");
        put_address(text, target, target->kernel.base);
    }
    uint64_t list = header(target, "PsLoadedModuleList");
    if (list == 0)
        target_global(target, "PsLoadedModuleList", &list);
    text_puts(text, " PsLoadedModuleList = 0x");
    put_address(text, target, list);
    text_putc(text, '\n');
}

/* English names, whatever the locale. The debugger's own zone is not known here: UTC. */
static void put_times(struct text *text, const struct target *target) {
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct time_parts time;
    uint64_t now, uptime;
    text_puts(text, "Debug session time: ");
    if (image_header_value(target->image, "SystemTime", &now) &&
        value_time_parts(now, &time) == READ_PRESENT)
        text_printf(text, "%s %s %2u %02u:%02u:%02u.%03" PRIu32 " %04u (UTC + 0:00)\n",
                    weekdays[time.weekday], months[time.month - 1], time.day, time.hour,
                    time.minute, time.second, time.fraction / 10000, time.year);
    else
        text_puts(text, "(not known)\n");
    text_puts(text, "System Uptime: ");
    if (!image_header_value(target->image, "SystemUpTime_100ns", &uptime)) {
        text_puts(text, "(not known)\n");
        return;
    }
    uint64_t seconds = uptime / 10000000;
    text_printf(text, "%" PRIu64 " days %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 "\n",
                seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60,
                uptime / 10000 % 1000);
}

/* ---- what is not in WinDbg: how far it all can be trusted ---- */

static void put_doubts(struct text *text, const struct target *target,
                       const struct version *version) {
    const struct image_info *info = image_info(target->image);
    if (info->pages_present != info->pages_promised)
        text_printf(
            text, "Cut short: %" PRIu64 " of %" PRIu64 " pages, %" PRIu64 " of %" PRIu64 " bytes\n",
            info->pages_present, info->pages_promised, info->file_size, info->expected_size);
    if (!version->disagree)
        return;
    text_puts(text, "Builds disagree:");
    for (size_t i = 0; i < VERSION_BUILD_SOURCES; i++) {
        const struct version_source *source = &version->builds[i];
        if (!source->absent && source->state == READ_PRESENT)
            text_printf(text, " %s %" PRIu32, source->name, source->value);
    }
    text_putc(text, '\n');
}

static void put_symbols(struct text *text, const struct target *target) {
    char key[48] = "";
    text_puts(text, "Kernel PDB: ");
    if (target->kernel.has_pdb) {
        symbol_store_key(&target->kernel.pdb, key);
        text_printf(text, "%s/%s\n", target->kernel.pdb.name, key);
    } else {
        text_printf(text, "(%s)\n", read_state_name(target->kernel.pdb_state));
    }
    const char *const matches[] = {
        [MATCH_EXACT] = target->matched_by_addresses
                            ? "exact: the addresses of globals are the kernel's"
                            : "exact: GUID and age are the kernel's",
        [MATCH_PROVED] = "proved: the layouts fit, the addresses of symbols are not known",
    };
    if (target->symbols)
        text_printf(text, "Symbols: %s (%s)\n", target->symbols_source, matches[target->match]);
    else
        text_puts(text, "Symbols: none\n");
}

void info_write(const struct target *target, struct text *text) {
    struct version version;
    version_read(target, &version);
    put_header(text, target->image);
    put_bitmap(text, image_info(target->image));
    put_ranges(text, target->image);
    info_triage_header(text, target);
    info_triage_fault(text, target);
    info_stack(text, target);
    put_processors(text, target);
    put_version(text, target, &version);
    put_product(text, &version);
    put_places(text, target);
    put_times(text, target);
    put_doubts(text, target, &version);
    put_symbols(text, target);
}
