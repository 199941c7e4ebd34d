/*
 * version.c - build, revision and product, from every place that states them.
 *
 * Sources: KUSER_SHARED_DATA in ntddk.h (address, NtBuildNumber, NtProductType, NtMajorVersion,
 * SuiteMask); VER_SUITE_ and VER_NT_ values in winnt.h.
 */
#include "kernel/version.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"

#define SHARED_TYPE        "_KUSER_SHARED_DATA"
#define BUILD_LAB_LENGTH   128 /* of the window that is read; the strings are some 40 to 60 bytes */
#define LAB_EX_DISTANCE    0x1000
#define FREE_CHECKED_SHIFT 28 /* NtBuildNumber: 0xf free, 0xc checked, above the number itself */

/* ---- single numbers ---- */

static struct version_source from_header(const struct target *target, const char *name,
                                         const char *field) {
    struct version_source source = {.name = name, .state = READ_PRESENT};
    uint64_t value = 0;
    source.absent = !image_header_value(target->image, field, &value);
    source.value = (uint32_t)value;
    return source;
}

/* A member of the page that is at one address in every kernel of one width. `offset` is where
 * documented versions have it, for the time before symbols are known. */
static struct version_source from_shared(const struct target *target, const char *name,
                                         const char *member, uint32_t offset) {
    struct version_source source = {.name = name};
    struct field field = {0};
    if (target->symbols && symbols_type(target->symbols, SHARED_TYPE)) {
        source.absent = !symbols_field(target->symbols, SHARED_TYPE, member, &field);
        offset = field.offset;
    }
    if (!source.absent)
        source.state =
            vm_read_u32(target->vm, shared_data_address(target->vm) + offset, &source.value);
    return source;
}

static struct version_source from_global(const struct target *target, const char *name,
                                         const char *global) {
    struct version_source source = {.name = name};
    uint64_t address;
    source.absent = !target_global(target, global, &address);
    if (!source.absent)
        source.state = vm_read_u32(target->vm, address, &source.value);
    return source;
}

static bool is_known(const struct version_source *source) {
    return !source->absent && source->state == READ_PRESENT;
}

/* ---- build labs ---- */

/* Reads digits at `*text` into `value`, past them and the '.' behind them. */
static bool take_number(const char **text, uint32_t *value) {
    const char *start = *text;
    uint64_t number = 0;
    for (; **text >= '0' && **text <= '9' && *text - start < 9; ++*text)
        number = number * 10 + (unsigned)(**text - '0');
    *value = (uint32_t)number;
    return *text > start && *(*text)++ == '.';
}

/* Whether `text` ends in DATE-TIME: "140303-2307". */
static bool ends_in_date(const char *text) {
    size_t length = strlen(text);
    if (length < 12 || text[length - 12] != '.')
        return false;
    for (size_t i = 0; i < 11; i++) {
        char c = text[length - 11 + i];
        if (i == 6 ? c != '-' : c < '0' || c > '9')
            return false;
    }
    return true;
}

bool version_parse_lab_ex(const char *lab, uint32_t *build, uint32_t *revision) {
    const char *text = lab;
    if (!take_number(&text, build) || !take_number(&text, revision))
        return false;
    const char *branch = strchr(text, '.');
    return branch && branch > text && strchr(branch + 1, '.') && ends_in_date(branch);
}

static bool is_graphic(uint8_t byte) {
    return byte > ' ' && byte < 0x7f;
}

/* Copies the string at `bytes` where it ends within `size` bytes and is plain text. */
static bool take_string(char *string, const uint8_t *bytes, size_t size) {
    size_t length = 0;
    while (length < size && is_graphic(bytes[length]))
        length++;
    if (length == 0 || length == size || bytes[length] != 0)
        return false;
    memcpy(string, bytes, length + 1);
    return true;
}

/* Reads page by page: what is not there is left as zeros. Whether all of it was there. */
static bool read_window(struct vm *vm, uint64_t address, uint8_t *bytes, size_t size) {
    bool whole = true;
    memset(bytes, 0, size);
    for (size_t done = 0; done < size;) {
        size_t part = IMAGE_PAGE_SIZE - (size_t)((address + done) % IMAGE_PAGE_SIZE);
        part = part < size - done ? part : size - done;
        if (vm_read(vm, address + done, bytes + done, part, NULL) != READ_PRESENT) {
            memset(bytes + done, 0, part);
            whole = false;
        }
        done += part;
    }
    return whole;
}

static enum read_state read_string(struct vm *vm, uint64_t address, char *string, size_t size) {
    uint8_t first;
    enum read_state state = vm_read_u8(vm, address, &first);
    if (state != READ_PRESENT)
        return state;
    uint8_t bytes[BUILD_LAB_LENGTH];
    read_window(vm, address, bytes, sizeof bytes);
    return take_string(string, bytes, size) ? READ_PRESENT : READ_BAD_VALUE;
}

/* "7601.win7sp1_ldr.140303-2307" belongs to "7601.22616.amd64fre.win7sp1_ldr.140303-2307". */
static bool same_lab(const char *lab_ex, const char *lab) {
    const char *tail = strchr(lab, '.');
    size_t number = tail ? (size_t)(tail - lab) : 0, length = strlen(lab_ex);
    if (number == 0 || strncmp(lab, lab_ex, number + 1) != 0 || strlen(tail) > length)
        return false;
    return strcmp(lab_ex + length - strlen(tail), tail) == 0;
}

/* NtBuildLabEx is near NtBuildLab, both being constants of one module. Only a string that says the
 * same as NtBuildLab is taken. Where all of the neighbourhood is there and it is not in it, this
 * build (before Vista) has none. */
static enum read_state search_lab_ex(struct vm *vm, uint64_t lab_address, struct version *version) {
    enum { WINDOW = 2 * LAB_EX_DISTANCE + BUILD_LAB_LENGTH };
    AUTO_FREE uint8_t *window = xmalloc(WINDOW);
    bool whole = read_window(vm, lab_address - LAB_EX_DISTANCE, window, WINDOW);
    for (size_t at = 1; at < 2 * LAB_EX_DISTANCE; at++) {
        uint32_t build, revision;
        bool starts = window[at] >= '1' && window[at] <= '9' && !is_graphic(window[at - 1]);
        if (starts && take_string(version->build_lab_ex, window + at, BUILD_LAB_LENGTH) &&
            version_parse_lab_ex(version->build_lab_ex, &build, &revision) &&
            same_lab(version->build_lab_ex, version->build_lab))
            return READ_PRESENT;
    }
    version->build_lab_ex[0] = 0;
    version->build_lab_ex_absent = whole;
    return READ_BAD_VALUE;
}

/* What KDDEBUGGER_DATA64 calls NtBuildLab is nt!NtBuildLabEx in real blocks of 17763 and 19041:
 * the string itself tells which of the two it is. */
static void read_lab_of_kdbg(const struct target *target, struct version *version) {
    uint64_t address;
    uint32_t build, revision;
    if (!target_global(target, "NtBuildLab", &address))
        return;
    version->build_lab_state =
        read_string(target->vm, address, version->build_lab, sizeof version->build_lab);
    version->build_lab_ex_state = version->build_lab_state;
    if (version->build_lab_state != READ_PRESENT)
        return;
    if (version_parse_lab_ex(version->build_lab, &build, &revision)) {
        memcpy(version->build_lab_ex, version->build_lab, sizeof version->build_lab);
        version->build_lab[0] = 0;
        version->build_lab_state = READ_BAD_VALUE;
    } else {
        version->build_lab_ex_state = search_lab_ex(target->vm, address, version);
    }
}

static void read_labs(const struct target *target, struct version *version) {
    uint64_t address;
    version->build_lab_state = READ_BAD_VALUE;
    version->build_lab_ex_state = READ_BAD_VALUE;
    read_lab_of_kdbg(target, version);
    if (version->build_lab_ex_state != READ_PRESENT &&
        target_symbol(target, "NtBuildLabEx", &address)) {
        version->build_lab_ex_absent = false;
        version->build_lab_ex_state =
            read_string(target->vm, address, version->build_lab_ex, BUILD_LAB_LENGTH);
    }
}

/* ---- all together ---- */

static struct version_source from_lab(struct version *version) {
    struct version_source source = {.name = "NtBuildLabEx", .state = version->build_lab_ex_state};
    uint32_t revision = 0;
    version->revision = -1;
    if (version_parse_lab_ex(version->build_lab_ex, &source.value, &revision)) {
        version->revision = (int32_t)revision;
        return source;
    }
    const char *text = version->build_lab;
    source.name = "NtBuildLab";
    source.state = version->build_lab_state;
    if (source.state == READ_PRESENT && !take_number(&text, &source.value))
        source.state = READ_BAD_VALUE;
    return source;
}

static void read_builds(const struct target *target, struct version *version) {
    struct version_source *builds = version->builds;
    builds[VERSION_BUILD_HEADER] = from_header(target, "DUMP_HEADER.MinorVersion", "MinorVersion");
    builds[VERSION_BUILD_SHARED_DATA] =
        from_shared(target, "KUSER_SHARED_DATA.NtBuildNumber", "NtBuildNumber", 0x260);
    builds[VERSION_BUILD_SYMBOL] = from_global(target, "NtBuildNumber", "NtBuildNumber");
    builds[VERSION_BUILD_LAB] = from_lab(version);
    builds[VERSION_BUILD_SYMBOL].value &= ((uint32_t)1 << FREE_CHECKED_SHIFT) - 1;
    /* A reserved field before Windows 10: zero there says nothing. */
    if (builds[VERSION_BUILD_SHARED_DATA].value == 0)
        builds[VERSION_BUILD_SHARED_DATA].absent |= is_known(&builds[VERSION_BUILD_SHARED_DATA]);
}

static void judge_builds(struct version *version) {
    version->build = -1;
    for (size_t i = 0; i < VERSION_BUILD_SOURCES; i++) {
        const struct version_source *source = &version->builds[i];
        if (!is_known(source) || source->value > INT32_MAX)
            continue;
        if (version->build < 0)
            version->build = (int32_t)source->value;
        else if (version->build != (int32_t)source->value)
            version->disagree = true;
    }
}

void version_read(const struct target *target, struct version *version) {
    *version = (struct version){0};
    read_labs(target, version);
    read_builds(target, version);
    judge_builds(version);
    version->service_pack = from_global(target, "CmNtCSDVersion", "CmNtCSDVersion");
    version->service_pack.value = version->service_pack.value >> 8 & 0xff;
    version->product_type = from_header(target, "DUMP_HEADER.ProductType", "ProductType");
    version->suite_mask = from_header(target, "DUMP_HEADER.SuiteMask", "SuiteMask");
    version->shared_product_type =
        from_shared(target, "KUSER_SHARED_DATA.NtProductType", "NtProductType", 0x264);
    version->shared_suite_mask =
        from_shared(target, "KUSER_SHARED_DATA.SuiteMask", "SuiteMask", 0x2d0);
}

const char *target_build_lab(const struct version *version) {
    return version->build_lab_ex[0] ? version->build_lab_ex : version->build_lab;
}

const char *version_product_name(uint32_t product_type) {
    static const char *const names[] = {NULL, "WinNt", "LanManNt", "ServerNt"};
    return product_type < ARRAY_LENGTH(names) ? names[product_type] : NULL;
}

/* VER_SUITE_ of winnt.h, by bit; the spelling is vertarget's. */
const char *version_suite_name(unsigned bit) {
    static const char *const names[] = {
        "SmallBusiness",
        "Enterprise",
        "BackOffice",
        "CommunicationServer",
        "TerminalServer",
        "SmallBusinessRestricted",
        "EmbeddedNT",
        "DataCenter",
        "SingleUserTS",
        "Personal",
        "Blade",
        "EmbeddedRestricted",
        "SecurityAppliance",
        "StorageServer",
        "ComputeServer",
        "WHServer",
    };
    return bit < ARRAY_LENGTH(names) ? names[bit] : NULL;
}

const char *version_marketing_name(int32_t build, uint32_t product_type) {
    static const struct {
        int32_t first;
        const char *client, *server;
    } names[] = {
        {22000, "Windows 11", "Windows Server 2022"},
        {20348, "Windows 10", "Windows Server 2022"},
        {17763, "Windows 10", "Windows Server 2019"},
        {10240, "Windows 10", "Windows Server 2016"},
        {9600, "Windows 8.1", "Windows Server 2012 R2"},
        {9200, "Windows 8", "Windows Server 2012"},
        {7600, "Windows 7", "Windows Server 2008 R2"},
        {6000, "Windows Vista", "Windows Server 2008"},
        {3790, "Windows XP", "Windows Server 2003"},
        {2600, "Windows XP", "Windows XP"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (build >= names[i].first)
            return product_type > 1 ? names[i].server : names[i].client;
    }
    return "Windows NT";
}
