/* foreign.c - files that are no dump, or none that can be read, called by their names, with what
 * can be done about them. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "image/container.h"

struct foreign {
    const char *magic;
    uint8_t length;
    const char *name;
    const char *advice; /* NULL: holds no memory, whatever is done with it */
};

#define FOREIGN(magic, name, advice)                                                               \
    { magic, sizeof(magic) - 1, name, advice }

/* What to do. The tools are those of the formats' own makers, or Volatility 3's. */
#define UNPACK      "unpack it first"
#define ONE_PROCESS "it holds one process; a kernel dump of the machine is needed"
#define HIBERNATION "Hibr2Bin or Hibernation Recon unpacks it to a raw image"
#define VMWARE      "give the .vmem file beside it, or what vmss2core -W8 writes of both"
#define DISK        "it is no memory; its guest may have C:\\Windows\\MEMORY.DMP"
#define LIVE_GUEST  "start the guest from it and take an ELF core: virsh dump --memory-only"

/* The first entry that fits is taken: longer magics stand before shorter ones. Sources: the
 * formats' specifications; for memory files Volatility 3 (layers/vmware.py, layers/lime.py),
 * Volatility 2 (hibernation files), crash's diskdump.h and makedumpfile's flattened header,
 * VirtualBox' SSM.cpp and VDICore.h, QEMU's migration/savevm.c, libvirt's qemu_saveimage.h, libewf.
 */
static const struct foreign foreigners[] = {
    FOREIGN("MDMP", "a user-mode minidump (MDMP)", ONE_PROCESS),
    FOREIGN("USERDUMP", "a user-mode dump (USERDUMP)", ONE_PROCESS),
    FOREIGN("USERDU64", "a user-mode dump (USERDU64)", ONE_PROCESS),
    FOREIGN("hibr", "a hibernation file", HIBERNATION),
    FOREIGN("HIBR", "a hibernation file", HIBERNATION),
    FOREIGN("wake", "a hibernation file that was resumed from",
            "Windows wiped most of it on resuming; hibernate again and copy it from outside"),
    FOREIGN("WAKE", "a hibernation file that was resumed from",
            "Windows wiped most of it on resuming; hibernate again and copy it from outside"),
    FOREIGN("rstr", "a hibernation file that is being resumed from", HIBERNATION),
    FOREIGN("RSTR", "a hibernation file that is being resumed from", HIBERNATION),
    FOREIGN("DISKDUMP", "a kdump-compressed dump (DISKDUMP)",
            "makedumpfile 1.2 or later writes KDUMP"),
    FOREIGN("\xd0\xbe\xd2\xbe", "a VMware state file", VMWARE),
    FOREIGN("\xd1\xba\xd1\xba", "a VMware state file", VMWARE),
    FOREIGN("\xd2\xbe\xd2\xbe", "a VMware state file", VMWARE),
    FOREIGN("\xd3\xbe\xd3\xbe", "a VMware state file", VMWARE),
    FOREIGN("KDMV", "a VMware disk", DISK),
    FOREIGN("\x7f"
            "VirtualBox SavedState",
            "a VirtualBox saved state",
            "start the guest from it and take an ELF core: VBoxManage debugvm NAME dumpvmcore"),
    FOREIGN("<<< Oracle VM VirtualBox Disk Image", "a VirtualBox disk", DISK),
    FOREIGN("QEVM", "a QEMU saved state", LIVE_GUEST),
    FOREIGN("LibvirtQemudSave", "a libvirt saved state", LIVE_GUEST),
    FOREIGN("EMiL", "a LiME memory image", "Volatility 3 writes a raw image of it (layerwriter)"),
    FOREIGN("EVF\x09\x0d\x0a\xff", "an EnCase image (EWF)", "ewfexport -f raw unpacks it"),
    FOREIGN("QFI\xfb", "a qcow2 disk", DISK),
    FOREIGN("vhdxfile", "a VHDX disk", DISK),
    FOREIGN("PK\x03\x04", "a zip archive", UNPACK),
    FOREIGN("\xfd"
            "7zXZ\0",
            "an xz file", UNPACK),
    FOREIGN("\x1f\x8b", "a gzip file", UNPACK),
    FOREIGN("BZh", "a bzip2 file", UNPACK),
    FOREIGN("\x28\xb5\x2f\xfd", "a zstd file", UNPACK),
    FOREIGN("7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    FOREIGN("Rar!\x1a\x07", "a RAR archive", UNPACK),
    FOREIGN("MSCF", "a cabinet archive", UNPACK),
    FOREIGN("version https://git-lfs", "a Git LFS pointer",
            "it stands for a file that git lfs pull fetches"),
    FOREIGN("\x89PNG\r\n\x1a\n", "a PNG image", NULL),
    FOREIGN("\xff\xd8\xff", "a JPEG image", NULL),
    FOREIGN("GIF8", "a GIF image", NULL),
    FOREIGN("%PDF-", "a PDF document", NULL),
    FOREIGN("Microsoft C/C++ MSF 7.00\r\n", "a PDB symbol file", NULL),
    FOREIGN("MZ", "a PE executable, which `nt-analyzer image` reads", NULL),
    FOREIGN("<!DOCTYPE", "an HTML page", NULL),
    FOREIGN("<html", "an HTML page", NULL),
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

static enum status refuse_as(struct error *err, const char *name) {
    return fail(err, STATUS_FORMAT,
                "not a memory dump: expected 'PAGEDU64' at offset 0x0, found %s", name);
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
        return refuse_as(err, "an empty file");
    const struct foreign *foreign = find(bytes, size);
    if (foreign && foreign->advice)
        return fail(err, STATUS_UNSUPPORTED, "%s is not supported: %s", foreign->name,
                    foreign->advice);
    if (foreign)
        return refuse_as(err, foreign->name);
    if (is_all(bytes, size, is_zero))
        return refuse_as(err, "zeros");
    if (is_all(bytes, size, is_text))
        return refuse_as(err, bytes[0] == '{' ? "JSON text" : "text");
    char hex[2 * 8 + 1] = "";
    for (unsigned index = 0; index < 8 && index < size; index++)
        snprintf(hex + 2 * index, 3, "%02x", bytes[index]);
    return refuse_as(err, hex);
}
