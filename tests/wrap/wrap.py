#!/usr/bin/env python3
"""wrap.py - puts captured physical pages of a running Windows machine into a crash dump or capture.

    wrap.py FOLDER full|bitmap|summary|raw|elf|kdump|flattened DUMP

FOLDER holds mem/ADDRESS.bin, 4096 bytes each, named by physical address in hexadecimal, and
context.json with the processor's registers. Nothing is made up: what the header says comes out of
the pages themselves (KDDEBUGGER_DATA64, KUSER_SHARED_DATA) and the registers, except that the
bug check is LIVE_SYSTEM_DUMP, since the machine did not crash.

A bitmap or summary dump holds exactly the captured pages, at their own addresses. A full dump has
room for 42 runs, and the pages lie in more than 600: bridging the gaps would show pages of zeros
where nobody captured anything. So a full dump holds the pages moved together behind all others,
but for the PML4, which stays where CR3 says; the page tables are rewritten to match, and large
pages of which something was captured are split, so that every virtual address reads what it does in
the bitmap dump.

A raw image is a sparse file up to the highest page. ELF and kdump have the registers in a note.

Prints nothing; ends with 77 (a skip) where FOLDER does not hold such pages.
"""
import json
import pathlib
import struct
import sys

import capture

PAGE = 4096
FRAME = 0x000FFFFFFFFFF000
SHARED_PAGE = 0xFFFFF78000000000
LIVE_SYSTEM_DUMP = 0x161
TYPES = {"full": 1, "summary": 2, "bitmap": 5}


class Memory:
    """The captured pages, by frame number, and the page tables among them."""

    def __init__(self, folder):
        files = sorted((folder / "mem").glob("*.bin"))
        self.pages = {int(file.stem, 16) // PAGE: file.read_bytes() for file in files}
        self.registers = json.loads((folder / "context.json").read_text())

    def entries(self, table):
        page = self.pages.get(table)
        return struct.unpack("<512Q", page) if page else ()

    def translate(self, address):
        table = self.registers["cr3"] & FRAME
        for shift in (39, 30, 21, 12):
            entries = self.entries(table // PAGE)
            entry = entries[address >> shift & 511] if entries else 0
            transition = shift == 12 and entry & 0xC01 == 0x800
            if not entry & 1 and not transition:
                return None
            if shift == 12 or (shift < 39 and entry & 0x80):
                size = 1 << shift
                return (entry & FRAME & -size) + (address & (size - 1))
            table = entry & FRAME
        return None

    def read(self, address, size):
        data = b""
        while len(data) < size:
            physical = self.translate(address + len(data))
            page = self.pages.get(physical // PAGE) if physical is not None else None
            if page is None:
                return None
            offset = physical % PAGE
            data += page[offset:offset + size - len(data)]
        return data

    def number(self, address, size=8):
        data = self.read(address, size)
        return int.from_bytes(data, "little") if data else None


def find_kdbg(memory):
    """The virtual address and bytes of KDDEBUGGER_DATA64: its tag, a plausible size and
    a KernBase that is an image, found at one of the addresses of that image."""
    for frame, page in sorted(memory.pages.items()):
        at = page.find(b"KDBG")
        while at >= 0:
            block = page[at - 0x10:] if at >= 0x10 else b""
            if len(block) >= 0x20:
                size, base = struct.unpack_from("<IQ", block, 0x14)
                if 0x290 <= size <= 0x400 and memory.read(base, 2) == b"MZ":
                    found = locate(memory, base, frame, at - 0x10)
                    if found:
                        return found, memory.read(found, size)
            at = page.find(b"KDBG", at + 1)
    return None, None


def locate(memory, base, frame, offset):
    """Where in the image at `base` a frame is mapped: the page tables walked backwards."""
    signature = base + memory.number(base + 0x3C, 4)
    for page in range(0, memory.number(signature + 0x50, 4), PAGE):
        physical = memory.translate(base + page)
        if physical is not None and physical // PAGE == frame:
            return base + page + offset
    return None


class Relocation:
    """The captured pages moved into one run behind all others; see above."""

    def __init__(self, memory):
        self.root = (memory.registers["cr3"] & FRAME) // PAGE
        self.old = memory.pages
        self.first = -(-(max(self.old) + 1) // 0x1000) * 0x1000
        moved = sorted(set(self.old) - {self.root})
        self.new_frame = {frame: self.first + index for index, frame in enumerate(moved)}
        self.new_frame[self.root] = self.root
        self.pages = {self.new_frame[frame]: page for frame, page in self.old.items()}
        self.next = self.first + len(moved)
        self.done = set()
        self.table(self.root, 39)

    def runs(self):
        return [(self.root, 1), (self.first, self.next - self.first)]

    def table(self, frame, shift):
        """Rewrites the captured table at `frame`, whose entries map 1 << shift bytes each."""
        if frame in self.done or frame not in self.old:
            return
        self.done.add(frame)
        entries = [self.entry(entry, shift) for entry in struct.unpack("<512Q", self.old[frame])]
        self.pages[self.new_frame[frame]] = struct.pack("<512Q", *entries)

    def entry(self, entry, shift):
        transition = shift == 12 and entry & 0xC01 == 0x800
        frame = (entry & FRAME) // PAGE
        if not entry & 1 and not transition:
            return entry
        if 12 < shift < 39 and entry & 0x80:
            return self.split(entry, shift)
        if shift > 12:
            self.table(frame, shift - 9)
        return entry & ~FRAME | self.new_frame.get(frame, frame) * PAGE

    def split(self, entry, shift):
        """A large page of which nothing was captured stays; another becomes a table of its own."""
        count = 1 << shift - 12
        first = (entry & FRAME) // PAGE & -count
        if not any(first <= frame < first + count for frame in self.old):
            return entry
        flags = entry & ~FRAME & (-1 if shift > 21 else ~0x80)
        step = count // 512
        parts = [self.entry((first + i * step) * PAGE | flags, shift - 9) for i in range(512)]
        table, self.next = self.next, self.next + 1
        self.pages[table] = struct.pack("<512Q", *parts)
        return entry & 0xFFF & ~0x180 | table * PAGE


def context_record(registers):
    """CONTEXT of AMD64 (winnt.h)."""
    record = bytearray(0x4D0)
    struct.pack_into("<II", record, 0x30, 0x10000F, 0x1F80)
    names = ("cs", "ds", "es", "fs", "gs", "ss")
    struct.pack_into("<6HI", record, 0x38, *(registers[name]["selector"] for name in names),
                     registers["rflags"] & 0xFFFFFFFF)
    order = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rip".split()
    struct.pack_into("<17Q", record, 0x78, *(registers[name] for name in order))
    struct.pack_into("<II", record, 0x118, 0x1F80, 0xFFFF)
    return record


def processors(memory, block):
    """How many entries of KiProcessorBlock are filled; one at least."""
    array, count = struct.unpack_from("<Q", block, 0x218)[0], 0
    while memory.number(array + 8 * count):
        count += 1
    return max(count, 1)


def fill(size, pattern):
    return bytearray(pattern * (size // len(pattern)))


def make_header(memory, kind, runs, pages, first_page):
    """DUMP_HEADER64."""
    address, block = find_kdbg(memory)
    shared = memory.read(SHARED_PAGE, 0x330)
    if not block or not shared:
        sys.exit("wrap.py: the pages hold no debugger data block or no shared page")
    modules, active = struct.unpack_from("<2Q", block, 0x48)
    database = memory.number(struct.unpack_from("<Q", block, 0xC0)[0]) or 0
    header = fill(0x2000, b"PAGE")
    struct.pack_into("<8sII4QII", header, 0, b"PAGEDU64", 15,
                     struct.unpack_from("<I", shared, 0x260)[0], memory.registers["cr3"], database,
                     modules, active, 0x8664, processors(memory, block))
    struct.pack_into("<I", header, 0x38, LIVE_SYSTEM_DUMP)
    struct.pack_into("<4Q", header, 0x40, 0, 0, 0, 0)
    struct.pack_into("<Q", header, 0x80, address)
    struct.pack_into("<I4xQ", header, 0x88, len(runs), sum(count for _, count in runs))
    for index, run in enumerate(runs):
        struct.pack_into("<2Q", header, 0x98 + 16 * index, *run)
    record = context_record(memory.registers)
    header[0x348:0x348 + len(record)] = record
    struct.pack_into("<I", header, 0xF98, TYPES[kind])
    struct.pack_into("<2Q", header, 0xFA0, first_page + pages * PAGE,
                     struct.unpack_from("<Q", shared, 0x14)[0])
    struct.pack_into("<Q", header, 0x1030, struct.unpack_from("<Q", shared, 0x08)[0])
    struct.pack_into("<3I", header, 0x103C, 0, struct.unpack_from("<I", shared, 0x264)[0],
                     struct.unpack_from("<I", shared, 0x2D0)[0])
    header[0x104D] = 0
    return header


def make_bitmap(memory, kind):
    """The bitmap's own header and the bits, up to the first page."""
    bits = -(-(max(memory.pages) + 1) // 0x100) * 0x100
    offset = 0x28 if kind == "summary" else 0x38
    first_page = -(-(0x2000 + offset + bits // 8) // PAGE) * PAGE
    area = bytearray(first_page - 0x2000)
    if kind == "summary":
        area[:0x28] = fill(0x28, b"SDMP")
        struct.pack_into("<4s4x4I", area, 4, b"DUMP", first_page, bits, len(memory.pages), bits)
    else:
        area[:8] = b"FDMPDUMP"
        struct.pack_into("<3Q", area, 0x20, first_page, len(memory.pages), bits)
    for frame in memory.pages:
        area[offset + frame // 8] |= 1 << frame % 8
    return area, first_page


def wrap(memory, kind, path):
    if kind in capture.WRITERS:
        registers = memory.registers
        notes = capture.notes_of(registers["cr3"], 0x6F8, registers["idtr"], b"")
        capture.WRITERS[kind](path, memory.pages, notes)
        return
    area, first_page, pages = b"", 0x2000, memory.pages
    if kind == "full":
        relocation = Relocation(memory)
        runs, pages = relocation.runs(), relocation.pages
    else:
        runs = [(min(pages), max(pages) + 1 - min(pages))]
        area, first_page = make_bitmap(memory, kind)
    with open(path, "wb") as dump:
        dump.write(make_header(memory, kind, runs, len(pages), first_page) + area)
        for frame in sorted(pages):
            dump.write(pages[frame])


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in {*TYPES, *capture.WRITERS}:
        sys.exit(__doc__.split("\n\n", 2)[1].strip())
    folder = pathlib.Path(sys.argv[1])
    if not (folder / "context.json").is_file() or not any((folder / "mem").glob("*.bin")):
        sys.exit(77)
    wrap(Memory(folder), sys.argv[2], sys.argv[3])


if __name__ == "__main__":
    main()
