#!/usr/bin/env python3
"""capture.py - turns a crash dump into what a hypervisor would have written of the same memory.

    capture.py DUMP raw|elf|kdump|flattened|split|flattened-split FILE [--vmcoreinfo] [--no-notes]
               [--shadow] [--low-stub] [--encode-kdbg] [--la57] [--move-pdpt]

DUMP is a full (type 1) or bitmap (type 5, 6) dump of x64, or a full one of x86. The dump's header
goes, but for CR3, which a processor's QEMU note has. A split set is FILE.1, FILE.2 and FILE.3.

    --vmcoreinfo   puts the header into a note, as QEMU does for a guest with its driver
    --no-notes     writes no notes
    --shadow       has the notes name tables that map no kernel, as a processor in user mode does
                   with KVA shadow, and puts these tables in front of all others
    --low-stub     puts a PROCESSOR_START_BLOCK into the first MiB, and takes the entries that map
                   their PML4 out of all PML4s
    --encode-kdbg  encodes the debugger block, with KiWaitNever and KiWaitAlways in front of it
    --move-pdpt    puts the table that CR3 names with PAE behind other things in a page, where
                   Windows has it: 32 bytes suffice for it
    --la57         the processors' CR4 says that there are five levels of page tables

ELF as QEMU's dump/dump.c writes it; kdump (zlib) as makedumpfile's IMPLEMENTATION describes it.
"""
import pathlib
import struct
import sys
import zlib

PAGE = 4096
FRAME = 0x000FFFFFFFFFF000
ZERO = bytes(PAGE)


class Pages:
    """The pages of a crash dump by frame number, without reading those that are holes."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.header = self.file.read(0x2000)
        self.narrow = self.header[:8] == b"PAGEDUMP"
        kind, = struct.unpack_from("<I", self.header, 0xF88 if self.narrow else 0xF98)
        self.offsets = {}
        if self.narrow:
            assert kind == 1, "of 32-bit dumps, full ones only"
            self.header = self.header[:0x1000]
            self.runs(0x1000, 0x64, "<2I")
        elif kind == 1:
            self.runs(0x2000, 0x88, "<2Q")
        else:
            self.bitmap()

    @property
    def cr3(self):
        return struct.unpack_from("<I" if self.narrow else "<Q", self.header, 0x10)[0]

    @property
    def cr4(self):
        return 0x6D9 if self.narrow and not self.header[0x5C] else 0x6F8

    def runs(self, offset, block, form):
        count, = struct.unpack_from("<I", self.header, block)
        for index in range(count):
            base, pages = struct.unpack_from(form, self.header,
                                             block + struct.calcsize(form) * (index + 1))
            for frame in range(base, base + pages):
                self.offsets[frame] = offset
                offset += PAGE

    def bitmap(self):
        self.file.seek(0x2020)
        offset, _, bits = struct.unpack("<3Q", self.file.read(24))
        for byte, value in enumerate(self.file.read((bits + 7) // 8)):
            for bit in range(8):
                if value >> bit & 1:
                    self.offsets[8 * byte + bit] = offset
                    offset += PAGE

    def load(self):
        pages = {}
        for frame, offset in self.offsets.items():
            self.file.seek(offset)
            pages[frame] = self.file.read(PAGE)
        return pages


def runs_of(frames):
    """[(first, count)] of sorted frame numbers."""
    runs = []
    for frame in frames:
        if runs and runs[-1][0] + runs[-1][1] == frame:
            runs[-1][1] += 1
        else:
            runs.append([frame, 1])
    return runs


def note(name, kind, content):
    name += b"\0"
    return (struct.pack("<3I", len(name), len(content), kind) + name + bytes(-len(name) % 4) +
            content + bytes(-len(content) % 4))


def notes_of(cr3, cr4, idt, header, narrow=False):
    state = bytearray(440)
    struct.pack_into("<2I", state, 0, 1, len(state))
    struct.pack_into("<Q", state, 384, idt)
    struct.pack_into("<5Q", state, 392, 0x80050033, 0, 0, cr3, cr4)
    notes = note(b"CORE", 1, bytes(144 if narrow else 336)) + note(b"QEMU", 0, bytes(state))
    return notes + (note(b"VMCOREINFO", 0, header) if header else b"")


def write_pages(file, frames, pages):
    """Pages in a row; those of zeros are left as holes."""
    for frame in frames:
        if pages[frame] == ZERO:
            file.seek(PAGE, 1)
        else:
            file.write(pages[frame])
    file.truncate(file.tell())


def write_raw(path, pages, notes, narrow=False):
    with open(path, "wb") as file:
        for frame, page in pages.items():
            if page != ZERO:
                file.seek(frame * PAGE)
                file.write(page)
        file.truncate((max(pages) + 1) * PAGE)


def write_elf(path, pages, notes, narrow=False):
    frames = sorted(pages)
    runs = runs_of(frames)
    programs = 1 + len(runs)
    offset = 64 + 56 * programs
    first = -(-(offset + len(notes)) // PAGE) * PAGE
    machine = 3 if narrow else 62
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, machine, 1, 0, 64, 0, 0, 64, 56,
                       programs, 0, 0, 0)
    head += struct.pack("<2I6Q", 4, 0, offset, 0, 0, len(notes), len(notes), 0)
    place = first
    for base, count in runs:
        size = count * PAGE
        head += struct.pack("<2I6Q", 1, 0, place, base * PAGE, base * PAGE, size, size, 0)
        place += size
    with open(path, "wb") as file:
        file.write(head + notes)
        file.seek(first)
        write_pages(file, frames, pages)


def kdump_blocks(pages, notes, first=0, end=None):
    """(offset, bytes) of a kdump-compressed file, header version 6, as QEMU writes them; with
    `end`, the part of a set for these page frames, as makedumpfile --split does."""
    most = max(pages) + 1
    bitmap_blocks = -(-most // (8 * PAGE))
    bitmap = bytearray(bitmap_blocks * PAGE)
    for frame in pages:
        bitmap[frame // 8] |= 1 << frame % 8
    sub_blocks = -(-(104 + len(notes)) // PAGE)
    header = bytearray(PAGE)
    struct.pack_into("<8si", header, 0, b"KDUMP   ", 6)
    header[12 + 260:12 + 266] = b"x86_64"
    struct.pack_into("<Ii6I", header, 424, 1, PAGE, sub_blocks, 2 * bitmap_blocks,
                     min(most, 0xFFFFFFFF), 0, 0, 0)
    struct.pack_into("<I", header, 460, 1)
    sub = bytearray(sub_blocks * PAGE)
    if notes:
        struct.pack_into("<2Q", sub, 48, PAGE + 104, len(notes))
    struct.pack_into("<Q", sub, 96, most)
    if end is not None:
        struct.pack_into("<i2Q", sub, 12, 1, first, end)
        struct.pack_into("<2Q", sub, 80, first, end)
    own = [frame for frame in sorted(pages) if first <= frame < (most if end is None else end)]
    sub[104:104 + len(notes)] = notes
    bitmaps = (1 + sub_blocks) * PAGE
    yield 0, bytes(header)
    yield PAGE, bytes(sub)
    yield bitmaps, bytes(bitmap)
    yield bitmaps + len(bitmap), bytes(bitmap)
    table = bitmaps + 2 * len(bitmap)
    place = table + 24 * len(own)
    zero = (place, zlib.compress(ZERO, 1))
    data, descriptors = [zero], bytearray()
    place += len(zero[1])
    for frame in own:
        page = pages[frame]
        if page == ZERO:
            descriptors += struct.pack("<QIIQ", zero[0], len(zero[1]), 1, 0)
            continue
        packed, flags = zlib.compress(page, 1), 1
        if len(packed) >= PAGE:
            packed, flags = page, 0
        descriptors += struct.pack("<QIIQ", place, len(packed), flags, 0)
        data.append((place, packed))
        place += len(packed)
    yield table, bytes(descriptors)
    yield from data


def put_plain(path, blocks):
    with open(path, "wb") as file:
        for offset, data in blocks:
            file.seek(offset)
            file.write(data)


def put_flat(path, blocks):
    with open(path, "wb") as file:
        file.write(struct.pack(">16s2Q", b"makedumpfile", 1, 1).ljust(PAGE, b"\0"))
        for offset, data in blocks:
            file.write(struct.pack(">2q", offset, len(data)) + data)
        file.write(struct.pack(">2q", -1, -1))


def write_kdump(path, pages, notes, narrow=False):
    put_plain(path, kdump_blocks(pages, notes))


def write_flattened(path, pages, notes, narrow=False):
    put_flat(path, kdump_blocks(pages, notes))


def write_split(path, pages, notes, narrow=False, put=put_plain):
    most = max(pages) + 1
    cuts = (0, most // 3 + 5, 2 * most // 3 + 2, most)
    for number, (first, end) in enumerate(zip(cuts, cuts[1:]), 1):
        put(f"{path}.{number}", kdump_blocks(pages, notes, first, end))


def write_flattened_split(path, pages, notes, narrow=False):
    write_split(path, pages, notes, put=put_flat)


WRITERS = {"raw": write_raw, "elf": write_elf, "kdump": write_kdump, "flattened": write_flattened,
           "split": write_split, "flattened-split": write_flattened_split}


def shadow(pages):
    """Puts a PML4 that maps itself and nothing else at the first free frame, and gives CR3."""
    frame = next(frame for frame in range(1, 1 << 24) if frame not in pages)
    entries = [0] * 512
    entries[0x1ED] = frame * PAGE | 0x63
    pages[frame] = struct.pack("<512Q", *entries)
    return frame * PAGE


def move_pdpt(pages, cr3):
    """Moves the four entries into the first page of zeros, and gives the new CR3."""
    frame = next(frame for frame, page in pages.items() if page == ZERO)
    page = bytearray(pages[cr3 // PAGE])
    entries = [entry | 0x800 for entry in struct.unpack_from("<4Q", page)]  # a bit of software's
    pages[frame] = bytes(range(256)) * 3 + struct.pack("<4Q", *entries) + bytes(PAGE - 768 - 32)
    page[:32] = bytes(32)
    pages[cr3 // PAGE] = bytes(page)
    return frame * PAGE + 768


def low_stub(pages, header):
    """PROCESSOR_START_BLOCK with CR3 and an address in the kernel, as the HAL leaves it."""
    cr3, = struct.unpack_from("<Q", header, 0x10)
    block, = struct.unpack_from("<Q", header, 0x80)
    for frame, page in pages.items():
        entries = struct.unpack("<512Q", page) if page != ZERO else ()
        if any(entry & 1 and entry & FRAME == frame * PAGE for entry in entries[256:]):
            kept = [0 if entry & FRAME == frame * PAGE else entry for entry in entries]
            pages[frame] = struct.pack("<512Q", *kept)
    stub = bytearray(PAGE)
    struct.pack_into("<Q", stub, 0, 0x00000001000600E9)
    struct.pack_into("<Q", stub, 0x70, block & ~3)
    struct.pack_into("<Q", stub, 0xA0, cr3 & FRAME)
    pages[next(frame for frame in range(1, 256) if pages.get(frame, ZERO) == ZERO)] = bytes(stub)


KEYS = (0x1122334455667709, 0x8899AABBCCDDEEF0)  # KiWaitNever, KiWaitAlways


def encode(value, address):
    """The inverse of what Volatility's win8_kdbg plug-in describes."""
    never, always = KEYS
    value = int.from_bytes((value ^ always).to_bytes(8, "little"), "big")
    value ^= address | 0xFFFF000000000000
    shift = never & 63
    return (value >> shift | value << (64 - shift) & (1 << 64) - 1) ^ never


def encode_kdbg(pages, header):
    """The keys lie in the sixteen bytes in front of the block, whose address is that of
    KdpDataBlockEncoded as well."""
    address, = struct.unpack_from("<Q", header, 0x80)
    for frame, page in pages.items():
        at = address % PAGE
        if page[at + 0x10:at + 0x14] == b"KDBG":
            size, = struct.unpack_from("<I", page, at + 0x14)
            page = bytearray(page)
            struct.pack_into("<2Q", page, at - 16, *KEYS)
            for place in range(at, at + size, 8):
                value, = struct.unpack_from("<Q", page, place)
                struct.pack_into("<Q", page, place, encode(value, address))
            pages[frame] = bytes(page)


def main():
    options = {argument for argument in sys.argv[1:] if argument.startswith("--")}
    operands = [argument for argument in sys.argv[1:] if argument not in options]
    if (len(operands) != 3 or operands[1] not in WRITERS or
            options - {"--vmcoreinfo", "--no-notes", "--shadow", "--low-stub", "--encode-kdbg",
                       "--la57", "--move-pdpt"}):
        sys.exit(__doc__.split("\n\n", 2)[1].strip())
    dump = Pages(pathlib.Path(operands[0]))
    pages = dump.load()
    cr3, cr4 = dump.cr3, dump.cr4 | ("--la57" in options) << 12
    if "--shadow" in options:
        cr3 = shadow(pages)
    if "--move-pdpt" in options:
        cr3 = move_pdpt(pages, cr3)
    if "--low-stub" in options:
        low_stub(pages, dump.header)
    if "--encode-kdbg" in options:
        encode_kdbg(pages, dump.header)
    header = dump.header if "--vmcoreinfo" in options else b""
    notes = b"" if "--no-notes" in options else notes_of(cr3, cr4, 0, header, dump.narrow)
    WRITERS[operands[1]](operands[2], pages, notes, dump.narrow)


if __name__ == "__main__":
    main()
