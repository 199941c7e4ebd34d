/* foreign.c - files that are no dump, or none that can be read yet, called by their names. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "image/container.h"

struct foreign {
    const char *magic;
    uint8_t length;
    enum status status; /* STATUS_UNSUPPORTED: holds memory, or may once it is unpacked */
    const char *name;
};

#define FOREIGN(magic, status, name)                                                               \
    { magic, sizeof(magic) - 1, status, name }

/* The first entry that fits is taken: longer magics stand before shorter ones. Sources: the
 * formats' specifications; for memory files Volatility 3 (layers/vmware.py, layers/lime.py, the
 * hibernation layer), crash's diskdump.h and makedumpfile's flattened header. */
static const struct foreign foreigners[] = {
    FOREIGN("MDMP", STATUS_UNSUPPORTED, "a user-mode minidump (MDMP)"),
    FOREIGN("USERDUMP", STATUS_UNSUPPORTED, "a user-mode dump (USERDUMP)"),
    FOREIGN("USERDU64", STATUS_UNSUPPORTED, "a user-mode dump (USERDU64)"),
    FOREIGN("hibr", STATUS_UNSUPPORTED, "a hibernation file"),
    FOREIGN("HIBR", STATUS_UNSUPPORTED, "a hibernation file"),
    FOREIGN("wake", STATUS_UNSUPPORTED, "a hibernation file that was resumed from"),
    FOREIGN("WAKE", STATUS_UNSUPPORTED, "a hibernation file that was resumed from"),
    FOREIGN("RSTR", STATUS_UNSUPPORTED, "a hibernation file that is being resumed from"),
    FOREIGN("DISKDUMP", STATUS_UNSUPPORTED, "a kdump-compressed dump (DISKDUMP)"),
    FOREIGN("\xd0\xbe\xd2\xbe", STATUS_UNSUPPORTED, "a VMware state file"),
    FOREIGN("\xd1\xba\xd1\xba", STATUS_UNSUPPORTED, "a VMware state file"),
    FOREIGN("\xd2\xbe\xd2\xbe", STATUS_UNSUPPORTED, "a VMware state file"),
    FOREIGN("\xd3\xbe\xd3\xbe", STATUS_UNSUPPORTED, "a VMware state file"),
    FOREIGN("KDMV", STATUS_UNSUPPORTED, "a VMware disk"),
    FOREIGN("EMiL", STATUS_UNSUPPORTED, "a LiME memory image"),
    FOREIGN("QFI\xfb", STATUS_UNSUPPORTED, "a qcow2 disk"),
    FOREIGN("PK\x03\x04", STATUS_UNSUPPORTED, "a zip archive, to be unpacked first"),
    FOREIGN("\xfd"
            "7zXZ\0",
            STATUS_UNSUPPORTED, "an xz file, to be unpacked first"),
    FOREIGN("\x1f\x8b", STATUS_UNSUPPORTED, "a gzip file, to be unpacked first"),
    FOREIGN("BZh", STATUS_UNSUPPORTED, "a bzip2 file, to be unpacked first"),
    FOREIGN("\x28\xb5\x2f\xfd", STATUS_UNSUPPORTED, "a zstd file, to be unpacked first"),
    FOREIGN("7z\xbc\xaf\x27\x1c", STATUS_UNSUPPORTED, "a 7z archive, to be unpacked first"),
    FOREIGN("Rar!\x1a\x07", STATUS_UNSUPPORTED, "a RAR archive, to be unpacked first"),
    FOREIGN("MSCF", STATUS_UNSUPPORTED, "a cabinet archive, to be unpacked first"),
    FOREIGN("version https://git-lfs", STATUS_FORMAT,
            "a Git LFS pointer, not the file it stands for"),
    FOREIGN("\x89PNG\r\n\x1a\n", STATUS_FORMAT, "a PNG image"),
    FOREIGN("\xff\xd8\xff", STATUS_FORMAT, "a JPEG image"),
    FOREIGN("GIF8", STATUS_FORMAT, "a GIF image"),
    FOREIGN("%PDF-", STATUS_FORMAT, "a PDF document"),
    FOREIGN("Microsoft C/C++ MSF 7.00\r\n", STATUS_FORMAT, "a PDB symbol file"),
    FOREIGN("MZ", STATUS_FORMAT, "a PE executable, which `nt-analyzer image` reads"),
    FOREIGN("<!DOCTYPE", STATUS_FORMAT, "an HTML page"),
    FOREIGN("<html", STATUS_FORMAT, "an HTML page"),
};

/* How much is looked at to call a file text or zeros. */
#define SAMPLE_SIZE 4096u

static bool is_all(const uint8_t *bytes, uint64_t size, bool (*is)(uint8_t byte)) {
    uint64_t length = size < SAMPLE_SIZE ? size : SAMPLE_SIZE;
    for (uint64_t index = 0; index < length; index++)
        if (!is(bytes[index]))
            return false;
    return true;
}

static bool is_zero(uint8_t byte) {
    return byte == 0;
}

static bool is_text(uint8_t byte) {
    return byte >= 0x20 ? byte < 0x7f : (byte >= '\t' && byte <= '\r');
}

static enum status refuse_as(struct error *err, enum status status, const char *name) {
    return status == STATUS_UNSUPPORTED
               ? fail(err, status, "%s is not supported: expected 'PAGEDU64' at offset 0x0", name)
               : fail(err, status, "not a memory dump: expected 'PAGEDU64' at offset 0x0, found %s",
                      name);
}

static const struct foreign *find(const uint8_t *bytes, uint64_t size) {
    for (size_t index = 0; index < ARRAY_LENGTH(foreigners); index++) {
        const struct foreign *foreign = &foreigners[index];
        if (size >= foreign->length && !memcmp(bytes, foreign->magic, foreign->length))
            return foreign;
    }
    return NULL;
}

bool foreign_is_known(const uint8_t *bytes, uint64_t size) {
    return size == 0 || find(bytes, size) || is_all(bytes, size, is_text);
}

enum status foreign_refuse(struct error *err, const uint8_t *bytes, uint64_t size) {
    if (size == 0)
        return refuse_as(err, STATUS_FORMAT, "an empty file");
    const struct foreign *foreign = find(bytes, size);
    if (foreign)
        return refuse_as(err, foreign->status, foreign->name);
    if (is_all(bytes, size, is_zero))
        return refuse_as(err, STATUS_FORMAT, "zeros");
    if (is_all(bytes, size, is_text))
        return refuse_as(err, STATUS_FORMAT, bytes[0] == '{' ? "JSON text" : "text");
    char hex[2 * 8 + 1] = "";
    for (unsigned index = 0; index < 8 && index < size; index++)
        snprintf(hex + 2 * index, 3, "%02x", bytes[index]);
    return refuse_as(err, STATUS_FORMAT, hex);
}
