#!/usr/bin/env python3
"""verify.py - reads a forged dump and holds it against its facts: file, page tables, KDBG, lists.

    verify.py DUMP FACTS LAYOUT

A third reading of the same documents: it shares no code with the forge or the analyzer. LAYOUT is
the profile that the dump was made with.
"""
import json
import mmap
import struct
import sys

PAGE = 4096
FULL, SUMMARY, BITMAP_FULL, BITMAP_KERNEL = 1, 2, 5, 6
RANGES = {8, 9, 10}  # the last says how many there are


# Where the two widths of a dump have what is read here: sizes in bytes; offsets in DUMP_HEADER,
# SUMMARY_DUMP, the PE headers, a module's entry and KPRCB.
FORMS = {
    b"PAGEDU64": {
        "pointer": 8, "header": 0x2000, "type": 0xF98, "runs": 0x88, "run": (0x98, "<2Q"),
        "summary": 0x28, "root": 0x10, "block": 0x80, "directories": 112, "base_dll": 0x58,
        "current": 8, "idle": 0x18,
        "fields": (("MajorVersion", 8, 4), ("MinorVersion", 12, 4), ("DirectoryTableBase", 0x10, 8),
                   ("PfnDataBase", 0x18, 8), ("PsLoadedModuleList", 0x20, 8),
                   ("PsActiveProcessHead", 0x28, 8), ("MachineImageType", 0x30, 4),
                   ("NumberProcessors", 0x34, 4), ("BugCheckCode", 0x38, 4),
                   ("KdDebuggerDataBlock", 0x80, 8), ("ProductType", 0x1040, 4),
                   ("SuiteMask", 0x1044, 4))},
    b"PAGEDUMP": {
        "pointer": 4, "header": 0x1000, "type": 0xF88, "runs": 0x64, "run": (0x6C, "<2I"),
        "summary": 0x20, "root": 0x10, "block": 0x60, "directories": 96, "base_dll": 0x2C,
        "current": 4, "idle": 0xC,
        "fields": (("MajorVersion", 8, 4), ("MinorVersion", 12, 4), ("DirectoryTableBase", 0x10, 4),
                   ("PfnDataBase", 0x14, 4), ("PsLoadedModuleList", 0x18, 4),
                   ("PsActiveProcessHead", 0x1C, 4), ("MachineImageType", 0x20, 4),
                   ("NumberProcessors", 0x24, 4), ("BugCheckCode", 0x28, 4), ("PaeEnabled", 0x5C, 1),
                   ("KdDebuggerDataBlock", 0x60, 4), ("ProductType", 0xF94, 4),
                   ("SuiteMask", 0xF98, 4))},
}
# Bytes of an entry, its address bits, and the shift and count of each level's index.
TABLES = {
    "x64": (8, 0x000FFFFFFFFFF000, ((39, 512), (30, 512), (21, 512), (12, 512))),
    "la57": (8, 0x000FFFFFFFFFF000, ((48, 512), (39, 512), (30, 512), (21, 512), (12, 512))),
    "x86": (4, 0xFFFFF000, ((22, 1024), (12, 1024))),
    "x86pae": (8, 0x000FFFFFFFFFF000, ((30, 4), (21, 512), (12, 512))),
}


def check(what, found, expected):
    if found != expected:
        shown = [hex(v) if isinstance(v, int) else repr(v)[:300] for v in (expected, found)]
        sys.exit(f"{what}: expected {shown[0]}, found {shown[1]}")


class Dump:
    """The file: header fields, and pages by frame number."""

    def __init__(self, path, la57):
        self.la57 = la57
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        check("signature is known", self.bytes[:8] in FORMS, True)
        self.form = FORMS[self.bytes[:8]]
        self.type = self.number(self.form["type"], 4)
        self.runs, self.frames = [], {}
        if self.type == FULL:
            self.read_runs()
        elif self.type in RANGES:
            self.read_ranges()
        else:
            self.read_bitmap()

    def number(self, offset, size=8):
        return int.from_bytes(self.bytes[offset:offset + size], "little")

    def pointer(self, offset):
        return self.number(offset, self.form["pointer"])

    def tables(self):
        if self.form["pointer"] == 8:
            return TABLES["la57" if self.la57 else "x64"]
        return TABLES["x86pae" if self.number(0x5C, 1) else "x86"]

    def read_runs(self):
        at, (start, form) = self.form["header"], self.form["run"]
        for index in range(self.number(self.form["runs"], 4)):
            place = start + struct.calcsize(form) * index
            first, count = struct.unpack_from(form, self.bytes, place)
            self.runs.append((first, count, at))
            at += count * PAGE
        check("size of the file", len(self.bytes), at)

    def read_ranges(self):
        check("tag", self.bytes[0x2000:0x200C], b"\x40\0\0\0RDMPDUMP")
        size, at = struct.unpack_from("<2Q", self.bytes, 0x2010)
        check("FirstPageOffset", at, 0x2020 + size)
        self.header_size = at
        for place in range(0x2030, at, 16):
            first, count = struct.unpack_from("<2Q", self.bytes, place)
            if first:
                self.runs.append((first, count, at))
                at += count * PAGE
        check("size of the file", len(self.bytes), at)
        if self.type == max(RANGES):
            check("NumberOfRanges", self.number(0x2020, 4), len(self.runs))
            check("TotalNumberOfPages", self.number(0x2028), sum(run[1] for run in self.runs))

    def read_bitmap(self):
        if self.type == SUMMARY:
            base = self.form["header"]
            check("tag", self.bytes[base:base + 8], b"SDMPDUMP")
            fields = struct.unpack_from("<4I", self.bytes, base + 0xC)
            self.header_size, self.bits, pages, mirror = fields
            check("Bitmap.SizeOfBitMap", mirror, self.bits)
            start = base + self.form["summary"]
        else:
            tags = {BITMAP_FULL: b"FDMPDUMP", BITMAP_KERNEL: b"SDMPDUMP"}
            check("tag", self.bytes[0x2000:0x2008], tags[self.type])
            self.header_size, pages, self.bits = struct.unpack_from("<3Q", self.bytes, 0x2020)
            start = 0x2038
        for index, byte in enumerate(self.bytes[start:start + self.bits // 8]):
            for bit in range(8):
                if byte >> bit & 1:
                    self.frames[index * 8 + bit] = self.header_size + len(self.frames) * PAGE
        check("Pages", len(self.frames), pages)
        check("size of the file", len(self.bytes), self.header_size + pages * PAGE)

    def page(self, frame):
        offset = self.frames.get(frame)
        for first, count, at in self.runs:
            if first <= frame < first + count:
                offset = at + (frame - first) * PAGE
        return None if offset is None else self.bytes[offset:offset + PAGE]


class Space:
    """Virtual memory, of System where no other root is given; and members by name."""

    def __init__(self, dump, types, root=None):
        self.dump, self.types, self.cache = dump, types, {}
        self.pointer_size = dump.form["pointer"]
        self.root = dump.pointer(dump.form["root"]) if root is None else root

    def page(self, frame):
        if frame not in self.cache:
            self.cache[frame] = self.dump.page(frame)
        return self.cache[frame]

    def translate(self, address):
        """(state, physical address)"""
        size, bits, levels = self.dump.tables()
        table = self.root & bits
        for shift, count in levels:
            page = self.page(table // PAGE)
            if page is None:
                return "not-in-dump", None
            place = (address >> shift) % count * size
            entry = int.from_bytes(page[place:place + size], "little")
            if not entry & 1:
                if shift > 12 or entry == 0:
                    return "not-mapped", None
                if entry & 0x400:
                    return "prototype", None
                if not entry & 0x800:
                    high = entry >> (12 if size == 4 else 32)
                    return "paged-out" if high else "demand-zero", None
            if shift == 12 or (count > 4 and shift < 39 and entry & 0x80):
                physical = (entry & bits & -(1 << shift)) + (address & ((1 << shift) - 1))
                return "not-in-dump" if self.page(physical // PAGE) is None else "present", physical
            table = entry & bits
        raise AssertionError

    def read(self, address, size):
        data = b""
        while len(data) < size:
            state, physical = self.translate(address + len(data))
            if state != "present":
                return None
            part = self.page(physical // PAGE)[physical % PAGE:]
            data += part[:size - len(data)]
        return data

    def number(self, address, size=None):
        """An integer; of a pointer's size where none is given."""
        size = size or self.pointer_size
        data = self.read(address, size)
        return None if data is None else int.from_bytes(data, "little")

    def offset(self, kind, path):
        head, _, rest = path.partition(".")
        place, kind = self.types[kind]["fields"][head].split(" ", 1)
        return int(place.split(":")[0], 16) + (self.offset(kind, rest) if rest else 0)

    def member(self, address, kind, path, size=None):
        return self.number(address + self.offset(kind, path), size)

    def ring(self, head, offset=0):
        """Entries behind `head`; None at the end where the ring does not close."""
        entries, before, at = [], head, self.number(head)
        while at != head:
            if at is None or at - offset in entries or self.number(at + self.pointer_size) != before:
                return entries + [None]
            entries.append(at - offset)
            before, at = at, self.number(at)
        return entries


def check_header(dump, facts):
    header = facts["dump"]["header"]
    for name, offset, size in dump.form["fields"]:
        value = header[name]
        check(name, dump.number(offset, size), int(value, 0) if isinstance(value, str) else value)
    if dump.type != FULL:
        check("HeaderSize", dump.header_size, int(facts["dump"]["header_size"], 0))
    if dump.type in (SUMMARY, BITMAP_FULL, BITMAP_KERNEL):
        check("BitmapSize", dump.bits, int(facts["dump"]["bitmap_size"], 0))
    if dump.form["pointer"] == 8:
        context = dump.bytes[0x348:0x348 + 0x4D0]
        check("CONTEXT.MxCsr", context[0x34:0x38], context[0x118:0x11C])
    else:
        check("CONTEXT.SegCs", dump.number(0x320 + 0xBC, 4), 8)


def check_translations(space, facts):
    for row in facts["translations"]:
        if row["state"] == "non-canonical":
            continue
        state, physical = space.translate(int(row["address"], 0))
        check(f"state of {row['address']}", state, row["state"])
        if "physical" in row:
            check(f"physical address of {row['address']}", physical, int(row["physical"], 0))


def kdbg_address(space, offset):
    """A member of KDDEBUGGER_DATA64: 64 bits, in a 32-bit kernel with the sign extended."""
    value = space.number(space.dump.pointer(space.dump.form["block"]) + offset, 8)
    if space.pointer_size == 4:
        check(f"sign of KDBG+{offset:#x}", value >> 32, 0xFFFFFFFF if value & 0x80000000 else 0)
        value &= 0xFFFFFFFF
    return value


def check_kernel(space, facts):
    dump = space.dump
    base, block = int(facts["kernel"]["base"], 0), dump.pointer(dump.form["block"])
    check("KDBG tag", space.read(block + 0x10, 4), b"KDBG")
    check("KernBase", kdbg_address(space, 0x18), base)
    heads = dump.form["pointer"] * 3 + 0x10
    check("KDBG PsActiveProcessHead", kdbg_address(space, 0x50), dump.pointer(heads))
    if space.number(block + 0x14, 4) > 0x2C0:
        check("SizeEProcess", space.number(block + 0x2A8, 2), space.types["_EPROCESS"]["size"])
        check("SizeEThread", space.number(block + 0x2C0, 2), space.types["_ETHREAD"]["size"])
    lab = kdbg_address(space, 0x208)
    for address, key in ((lab, "build_lab"), (lab - 0x100, "build_lab_ex")):
        if key in facts["system"]:
            text = facts["system"][key].encode() + b"\0"
            check(key, space.read(address, len(text)), text)
    check("MZ", space.read(base, 2), b"MZ")
    pe = base + space.number(base + 0x3C, 4)
    check("TimeDateStamp", space.number(pe + 8, 4), int(facts["kernel"]["timestamp"], 0))
    check("SizeOfImage", space.number(pe + 0x50, 4), facts["kernel"]["size"])
    debug = base + space.number(pe + 24 + dump.form["directories"] + 6 * 8, 4)
    record = space.read(base + space.number(debug + 20, 4), 24)
    data = struct.unpack("<IHH", record[4:12])
    guid = "%08X%04X%04X" % data + record[12:20].hex().upper()
    check("RSDS", (record[:4], guid), (b"RSDS", facts["kernel"]["pdb"]["guid"]))


def check_modules(space, facts):
    width, name = space.pointer_size, space.dump.form["base_dll"]
    entries = space.ring(space.dump.pointer(0x10 + 2 * width))
    check("modules", [f"0x{e:0{2 * width}x}" for e in entries],
          [m["entry"] for m in facts["modules"]])
    for entry, module in zip(entries, facts["modules"]):
        length, buffer = space.number(entry + name, 2), space.number(entry + name + width)
        check("module name", space.read(buffer, length).decode("utf-16-le"), module["name"])
        present = space.read(int(module["base"], 0), 2)
        # What lies in session space is in no address space of the System process.
        check(module["name"], present, b"MZ" if module["presence"] == "present" else None)


def check_process(space, process):
    address, name = int(process["address"], 0), process["name"]
    for path, size, key in (("UniqueProcessId", None, "pid"), ("ActiveThreads", 4, "active_threads"),
                            ("InheritedFromUniqueProcessId", None, "ppid"),
                            ("CreateTime", 8, "create_time_100ns"),
                            ("ExitTime", 8, "exit_time_100ns")):
        check(f"{name}: {path}", space.member(address, "_EPROCESS", path, size), process[key])
    image = space.read(address + space.offset("_EPROCESS", "ImageFileName"), 15)
    check("ImageFileName", image.split(b"\0")[0].decode(), name)
    check(f"{name}: Header.Type", space.number(address, 1), 3)
    if "user_directory_table_base" in process:
        base = space.member(address, "_EPROCESS", "Pcb.UserDirectoryTableBase")
        check("UserDirectoryTableBase", base, int(process["user_directory_table_base"], 0))
        entry = int.from_bytes(space.page(base // PAGE)[:8], "little")
        check("its first entry is the user's", entry & 5, 5)
    for head, entry in (("ThreadListHead", "ThreadListEntry"),
                        ("Pcb.ThreadListHead", "Tcb.ThreadListEntry")):
        threads = space.ring(address + space.offset("_EPROCESS", head),
                             space.offset("_ETHREAD", entry))
        owners = {space.member(thread, "_ETHREAD", "Cid.UniqueProcess") for thread in threads}
        rows = (process.get("extras") or {}).get("threads", [])
        off = sum(1 for row in rows if isinstance(row, dict) and row.get("off_lists"))
        check(f"{name}: {head}", len(threads), process["active_threads"] - off)
        check(f"{name}: owners", owners, {process["pid"]} if threads else set())


def check_processes(space, facts):
    odd = [row for row in facts.get("oddities", []) if row["kind"] != "queue-cycle"]
    hidden = {row["process"] for row in odd if row["kind"] == "hole"}
    for process in facts["processes"]:
        if "0x%x" % process["pid"] not in hidden:
            check_process(space, process)
    active = space.ring(space.dump.pointer(0x10 + 3 * space.pointer_size),
                        space.offset("_EPROCESS", "ActiveProcessLinks"))
    expected = [int(a, 0) for a in facts["active_ring"]]
    check("ActiveProcessLinks is as forged", active == expected, not odd)
    if not odd and "mm_ring" in facts:
        ring = space.ring(int(facts["globals"]["MmProcessList"], 0),
                          space.offset("_EPROCESS", "MmProcessLinks"))
        check("MmProcessLinks", ring, [int(a, 0) for a in facts["mm_ring"]])


def check_processors(space, facts):
    array, form = kdbg_address(space, 0x218), space.dump.form
    for index, processor in enumerate(facts["processors"]):
        prcb = space.number(array + space.pointer_size * index)
        check("KPRCB", prcb, int(processor["prcb"], 0))
        check("CurrentThread", space.number(prcb + form["current"]),
              int(processor["current_thread"], 0))
        idle = space.number(prcb + form["idle"])
        check("IdleThread", idle, int(processor["idle_thread"]["address"], 0))
        check("WaitTime", space.member(idle, "_KTHREAD", "WaitTime", 4),
              processor["idle_thread"]["wait_time"])
        for name in ("cr0", "cr3", "cr4"):
            path = "ProcessorState.SpecialRegisters." + name.capitalize()
            check(name, space.member(prcb, "_KPRCB", path), int(processor[name], 0))


def check_queues(space, facts):
    """As many threads are on the first processor's lists as the scenario puts there."""
    rows = [row for process in facts["processes"]
            for row in (process.get("extras") or {}).get("threads", []) if isinstance(row, dict)]
    prcb = int(facts["processors"][0]["prcb"], 0)
    members, pair = space.types["_KPRCB"]["fields"], 2 * space.pointer_size
    wait = space.offset("_KTHREAD", "WaitListEntry")
    heads = {}
    if "DispatcherReadyListHead" in members:
        heads["ready"] = [prcb + space.offset("_KPRCB", "DispatcherReadyListHead") + pair * i
                          for i in range(32)]
        heads["wait"] = [prcb + space.offset("_KPRCB", "WaitListHead")]
    elif "KiDispatcherReadyListHead" in facts["globals"]:
        heads["ready"] = [int(facts["globals"]["KiDispatcherReadyListHead"], 0) + pair * i
                          for i in range(32)]
        heads["wait"] = [int(facts["globals"]["KiWaitListHead"], 0)]
    if "_KSHARED_READY_QUEUE" in space.types and "SharedReadyQueue" in members:
        shared = space.number(prcb + space.offset("_KPRCB", "SharedReadyQueue"))
        heads["shared"] = [shared + space.offset("_KSHARED_READY_QUEUE", "ReadyListHead") + pair * i
                           for i in range(32)]
    cycles = any(row["kind"] == "queue-cycle" for row in facts.get("oddities", []))
    for queue, lists in heads.items():
        threads = [thread for head in lists for thread in space.ring(head, wait)]
        expected = [row for row in rows if row.get("queue") == queue]
        check(f"{queue}: a cycle", None in threads, cycles and queue == "ready")
        check(f"{queue}: threads", len([one for one in threads if one]), len(expected))
        check(f"{queue}: types", {space.number(one, 1) for one in threads if one} - {6}, set())


def space_of(space, facts, name=None):
    """The address space of a process that is in a session and runs."""
    for process in facts["processes"]:
        if process.get("session", -1) >= 0 and process["active_threads"] and \
                name in (None, process["name"]):
            root = space.member(int(process["address"], 0), "_EPROCESS", "Pcb.DirectoryTableBase")
            return Space(space.dump, space.types, root)
    sys.exit("no process is in a session")


def check_table(space, descriptor, services, table):
    """One row of a descriptor table, the services behind it, and their count of arguments."""
    width = space.pointer_size
    check("service table", space.number(descriptor), int(table, 0))
    check("service limit", space.number(descriptor + 2 * width, 4), len(services))
    arguments = space.number(descriptor + 3 * width)
    for index, (_, name, address, count) in enumerate(services):
        entry = int.from_bytes(space.read(int(table, 0) + 4 * index, 4), "little", signed=width == 8)
        found = int(table, 0) + (entry >> 4) if width == 8 else entry & 0xFFFFFFFF
        check(name, found, int(address, 0))
        on_stack = min(max(count - 4, 0), 15) if width == 8 else count
        check(f"{name}: arguments", space.number(arguments + index, 1), 4 * on_stack)
        if width == 8:
            check(f"{name}: on the stack", entry & 15, on_stack)


def exports_of(space, base):
    """The exports of an image in memory, by name."""
    pe = base + space.number(base + 0x3C, 4)
    wide = space.number(pe + 24, 2) == 0x20B
    directory = base + space.number(pe + 24 + (112 if wide else 96), 4)
    count, functions, names, ordinals = (space.number(directory + at, 4) for at in (24, 28, 32, 36))
    exports = {}
    for index in range(count):
        name = space.read(base + space.number(base + names + 4 * index, 4), 64).split(b"\0")[0]
        ordinal = space.number(base + ordinals + 2 * index, 2)
        exports[name.decode()] = space.number(base + functions + 4 * ordinal, 4)
    check("exports are in order", list(exports), sorted(exports))
    return exports


def check_services(space, facts):
    services = facts.get("services")
    if not services:
        return
    tables, base = facts["globals"], int(facts["kernel"]["base"], 0)
    for name in ("KeServiceDescriptorTable", "KeServiceDescriptorTableShadow"):
        check_table(space, int(tables[name], 0), services["nt"], services["table"])
    if "win32k" in services:
        check("session space is not System's", space.number(int(services["win32k_table"], 0)), None)
        row = int(tables["KeServiceDescriptorTableShadow"], 0) + 4 * space.pointer_size
        check_table(space_of(space, facts), row, services["win32k"], services["win32k_table"])
    numbers = {name: (number, int(address, 0) - base)
               for number, name, address, _ in services["nt"]}
    at = 21 if space.pointer_size == 8 else 1
    for name, rva in exports_of(space, base).items():
        number, service = numbers.get("Nt" + name[2:], (None, None))
        if number is not None and name[:2] == "Zw":
            check(name, space.number(base + rva + at, 4), number)
        elif number is not None and name[:2] == "Nt":
            check(name, rva, service)


def check_threads(space, facts):
    """The threads that the scenario describes."""
    wide = space.pointer_size == 8
    numbers = {row[1]: row[0] for row in facts.get("services", {}).get("nt", [])}
    for thread in facts.get("threads", []):
        address, frame = (int(thread[key], 0) for key in ("address", "trap_frame"))
        for path, size, key in (("Tcb.TrapFrame", None, "trap_frame"), ("Tcb.State", 1, "state"),
                                ("Tcb.WaitReason", 1, "wait_reason"),
                                ("Win32StartAddress", None, "win32_start")):
            value = thread[key]
            check(f"{thread['address']}: {path}", space.member(address, "_ETHREAD", path, size),
                  int(value, 0) if isinstance(value, str) else value)
        check("Rip", space.member(frame, "_KTRAP_FRAME", "Rip" if wide else "Eip"),
              int(thread["rip"], 0))
        check("SegCs", space.member(frame, "_KTRAP_FRAME", "SegCs", 2), 0x33 if wide else 0x1B)
        if thread["call"] in numbers and wide:
            for path, value in (("Tcb.SystemCallNumber", numbers[thread["call"]]),
                                ("Tcb.FirstArgument", thread["argument"])):
                check(path, space.member(address, "_ETHREAD", path, 4), value)


def table_entry(space, table, handle):
    """Address of the entry of a handle, through up to three levels."""
    size = space.types["_HANDLE_TABLE_ENTRY"]["size"]
    code = space.member(table, "_HANDLE_TABLE", "TableCode")
    at, index = code & ~7, handle // 4
    for level in range(code & 7, 0, -1):
        below = PAGE // size * (PAGE // space.pointer_size) ** (level - 1)
        at = space.number(at + index // below * space.pointer_size)
        index %= below
    return at + index * size


def pointer_of(space, entry):
    """The address in an entry: an object's header, in PspCidTable an object."""
    if "ObjectPointerBits" not in space.types["_HANDLE_TABLE_ENTRY"]["fields"]:
        return space.number(entry) & ~7
    bits = space.number(entry, 8) >> 20 << 4
    return bits | (0xFFFF000000000000 if bits >> 47 else 0)


def check_handles(space, facts):
    if "handles" not in facts:
        return
    new = "ObjectPointerBits" in space.types["_HANDLE_TABLE_ENTRY"]["fields"]
    header = 0x30 if space.pointer_size == 8 else 0x18
    tables = {p["pid"]: p["address"] for p in facts["processes"] if not p["exit_time_100ns"]}
    counts = {}
    for row in facts["handles"]:
        process, entry = int(tables[row["pid"]], 0), int(row["entry"], 0)
        table = space.member(process, "_EPROCESS", "ObjectTable")
        if table is None:  # a scenario leaves its page out
            continue
        check("handle entry", table_entry(space, table, row["handle"]), entry)
        check("object", pointer_of(space, entry) + header, int(row["object"], 0))
        access = space.number(entry + space.pointer_size, 4)
        protect = row["attributes"] & 1 and not new
        check("access", access, row["access"] | (0x02000000 if protect else 0))
        attributes = space.number(entry) >> 17 & 7 if new else space.number(entry) & 6
        check("attributes", attributes, row["attributes"] & (7 if new else 6))
        counts[row["object"]] = counts.get(row["object"], 0) + 1
    for address, count in counts.items():
        found = space.number(int(address, 0) - header + space.pointer_size)
        if found is None:
            continue
        check(f"HandleCount of {address}", found, count)
    cid = space.number(kdbg_address(space, 0x58))
    for process in facts["processes"]:
        if not {"off_cid", "unlisted"} & set(process.get("extras") or {}):
            check("PspCidTable", pointer_of(space, table_entry(space, cid, process["pid"])),
                  int(process["address"], 0))
    kinds = facts["object_types"]
    if space.pointer_size == 8:
        table = int(facts["globals"]["ObTypeIndexTable"], 0)
        for name, kind in kinds.items():
            at = space.number(table + 8 * kind["index"])
            check(name, at, int(kind["address"], 0))
            check(name, space.member(at, "_OBJECT_TYPE", "TotalNumberOfHandles", 4),
                  kind["handles"])


def check_tokens(space, facts):
    """Of builds with mandatory labels, the one that IntegrityLevelIndex leads to."""
    mask = 15 if space.pointer_size == 8 else 7
    tokens = {row["pid"]: row for row in facts.get("tokens", [])}
    for process in facts["processes"]:
        if process["pid"] not in tokens or "IntegrityLevelIndex" not in space.types["_TOKEN"]["fields"]:
            continue
        token = space.member(int(process["address"], 0), "_EPROCESS", "Token")
        if token is None:  # a scenario leaves its page out
            continue
        check("Token", token & ~mask, int(tokens[process["pid"]]["token"], 0))
        index = space.member(token & ~mask, "_TOKEN", "IntegrityLevelIndex", 4)
        groups = space.member(token & ~mask, "_TOKEN", "UserAndGroups")
        sid = space.read(space.number(groups + 2 * space.pointer_size * index), 12)
        check("integrity", sid, b"\1\1\0\0\0\0\0\x10" +
              struct.pack("<I", tokens[process["pid"]]["integrity"]))


def name_info(space, item):
    """The name's info lies before the creator's, which types have; XP keeps the distance."""
    if space.pointer_size == 4:
        return item - 0x18 - space.number(item - 0x18 + 0xC, 1)
    return item - 0x30 - 0x20 - (0x20 if space.number(item - 0x30 + 0x1A, 1) & 1 else 0)


def check_types(space, facts):
    """The type of types keeps all of them in a list, by the creator's infos before their headers."""
    if "object_types" not in facts:
        return
    types = {int(row["address"], 0) for row in facts["object_types"].values()}
    before = 0x30 + 0x20 if space.pointer_size == 8 else 0x18 + 0x10
    head = (int(facts["object_types"]["Type"]["address"], 0) +
            space.offset("_OBJECT_TYPE", "TypeList"))
    check("TypeList", {link + before for link in space.ring(head, 0)}, types)


def check_names(space, facts):
    """The tree of directories, from its root on: every path leads to the object of the facts."""
    if "named_objects" not in facts:
        return
    names, width = facts["named_objects"], space.pointer_size
    directories = {int(address, 0) for path, address in names.items()
                   if path == "\\" or any(other.startswith(path + "\\") for other in names)}
    left_out = {int(names[path], 0): path for path in facts.get("names_left_out", [])}
    root = space.number(kdbg_address(space, 0x98))
    found, todo = {"\\": root}, [("", root)]
    while todo:
        path, directory = todo.pop()
        for bucket in range(37):
            entry = space.number(directory + bucket * width)
            while entry:
                item = space.number(entry + width)
                name = name_info(space, item) + width
                text = space.read(space.number(name + width), space.number(name, 2))
                child = path + "\\" + text.decode("utf-16") if text else left_out.get(item)
                check(f"{child}: directory", space.number(name - width), directory)
                found[child] = item
                if item in directories:
                    todo.append((child, item))
                entry = space.number(entry)
    check("names", sorted(found), sorted(names))
    check("named objects", found, {path: int(address, 0) for path, address in names.items()})


def check_namespaces(space, facts):
    """The table of private namespaces; an entry and its directory lead to each other."""
    namespaces, known = facts.get("namespaces", []), facts["globals"]
    if not namespaces:
        return
    table = known.get("ObpPrivateNamespaceLookupTable")
    start = int(table, 0) if table else int(known["PspHostSiloGlobals"], 0) + space.offset(
        "_ESERVERSILO_GLOBALS", "ObSiloState") + space.offset(
        "_OBP_SILODRIVERSTATE", "PrivateNamespaceLookupTable")
    entries = {entry for bucket in range(37) for entry in space.ring(start + 16 * bucket, 0)}
    check("namespaces", entries, {int(row["address"], 0) for row in namespaces})
    check("NumberOfPrivateSpaces", space.number(start + 37 * 16 + 8, 4), len(namespaces))
    for row in namespaces:
        entry, directory = int(row["address"], 0), int(row["directory"], 0)
        check("a namespace's directory", space.number(entry + 0x10), directory)
        check("NamespaceEntry", space.member(directory, "_OBJECT_DIRECTORY", "NamespaceEntry"),
              entry)
        check("boundary: TotalSize", space.number(entry + 0x38, 4), space.number(entry + 0x18))


def check_alpc(space, facts):
    """The kernel's list of ports, and what each leads to."""
    if "alpc_ports" not in facts:
        return
    ports = facts["alpc_ports"]
    owners = {process["pid"]: int(process["address"], 0) for process in facts["processes"]}
    ring = space.ring(int(facts["globals"]["AlpcpPortList"], 0),
                      space.offset("_ALPC_PORT", "PortListEntry"))
    check("AlpcpPortList", ring, [int(port["address"], 0) for port in ports])
    for port in ports:
        address = int(port["address"], 0)
        for member, key in (("CommunicationInfo", "communication"),
                            ("TargetQueuePort", "target_queue"),
                            ("TargetSequencePort", "target_sequence")):
            check(member, space.member(address, "_ALPC_PORT", member), int(port[key], 0))
        check("port type", space.member(address, "_ALPC_PORT", "State", 4) >> 1 & 3, port["type"])
        check("SequenceNo", space.member(address, "_ALPC_PORT", "SequenceNo", 4), port["sequence"])
        check("OwnerProcess", space.member(address, "_ALPC_PORT", "OwnerProcess"),
              owners[port["pid"]])


def check_jobs(space, facts):
    owners = {process["pid"]: int(process["address"], 0) for process in facts["processes"]}
    for job in facts.get("jobs", []):
        address = int(job["address"], 0)
        members = space.ring(address + space.offset("_EJOB", "ProcessListHead"),
                             space.offset("_EPROCESS", "JobLinks"))
        check("job", members, [owners[int(pid, 0)] for pid in job["processes"]])
        for member in members:
            check("Job", space.member(member, "_EPROCESS", "Job"), address)


# PEB_LDR_DATA and LDR_DATA_TABLE_ENTRY: Ldr in the PEB; three heads and their entries; DllBase,
# BaseDllName.
LOADER = {8: (0x18, ((0x10, 0), (0x20, 0x10), (0x30, 0x20)), 0x30, 0x58),
          4: (0x0C, ((0x0C, 0), (0x14, 0x08), (0x1C, 0x10)), 0x18, 0x2C)}


def loaded_images(space, peb, width):
    """The loader's lists of one width: name and base, in load order."""
    ldr, lists, base, name = LOADER[width]
    space = Space(space.dump, space.types, space.root)
    space.pointer_size = width
    loader = space.number(peb + ldr)
    found = [[(space.read(space.number(at + name + width), space.number(at + name, 2)).decode("utf-16"),
               space.number(at + base)) for at in space.ring(loader + head, entry)]
             for head, entry in lists]
    check("load and memory order", found[0], found[1])
    check("initialization order", found[2], found[0][1:])
    return found[0]


def check_user_image(space, facts, name, base):
    """Every stub of ntdll and win32u has the number of its service."""
    tables = {"ntdll.dll": "nt", "win32u.dll": "win32k"}
    check(f"{name} at {base:#x}", space.read(base, 2), b"MZ")
    if name not in tables:
        return
    exports = exports_of(space, base)
    for number, service, _, _ in facts["services"][tables[name]]:
        code = space.read(base + exports[service], 8)
        if service != "NtQuerySystemTime" or code[0] != 0xE9:
            at = 4 if code[0] == 0x4C else 1
            check(f"{name}!{service}", code[at - 1:at + 4], b"\xb8" + struct.pack("<I", number))


def check_user_space(space, facts):
    seen = set()
    if space.dump.type not in (FULL, BITMAP_FULL) or "services" not in facts:
        return
    for process in facts["processes"]:
        address = int(process["address"], 0)
        peb = space.member(address, "_EPROCESS", "Peb")
        root = space.member(address, "_EPROCESS", "Pcb.DirectoryTableBase")
        if process["exit_time_100ns"] or not peb:
            continue
        user = Space(space.dump, space.types, root)
        lists = loaded_images(user, peb, space.pointer_size)
        if "wow64" in (process.get("extras") or {}):
            lists += loaded_images(user, 0x7EFDF000, 4)
        check("main image", lists[0][0][:14], process["name"])
        for name, base in lists:
            if (name, base) not in seen or base == lists[0][1]:
                check_user_image(user, facts, name, base)
            seen.add((name, base))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1].strip())
    facts, layout = (json.load(open(path, encoding="utf-8")) for path in sys.argv[2:])
    dump = Dump(sys.argv[1], facts["dump"]["page_table_levels"] == 5)
    check_header(dump, facts)
    space = Space(dump, layout["types"])
    for part in (check_translations, check_kernel, check_modules, check_processes,
                 check_processors, check_queues, check_services, check_threads, check_handles,
                 check_tokens, check_types, check_names, check_namespaces, check_alpc, check_jobs,
                 check_user_space):
        part(space, facts)


if __name__ == "__main__":
    main()
