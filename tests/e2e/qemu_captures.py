#!/usr/bin/env python3
"""qemu_captures.py - captures that QEMU itself writes of forged guests: the same snapshots.

    qemu_captures.py NT_ANALYZER DUMPS SOURCE

The memory of a forged full dump becomes that of a guest, its DirectoryTableBase the processors'
CR3. QEMU then writes ELF, kdump-zlib (flattened, as it does) and, with the dump's header in a
VMCOREINFO note, win-dmp. The snapshot of each equals that of the forged dump but for `dump`, which
says what file it is.

What QEMU changes of the memory, and why it does not show: frames 0xc0 to 0xff are its ROMs, and the
forged machines have nothing there; the note and the DMA's scratch lie in frames that are zeros and
that hold nothing (the test looks); for win-dmp, QEMU writes each processor's CONTEXT where the
guest's KPRCB points, and no snapshot shows that.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

NOTE = 0x10000  # guest address
MEBIBYTES = 64
# Name, and the CR4 and EFER of its kernel.
GUESTS = (("small-full", 0x6F8, 0x500), ("small-la57", 0x16F8, 0x500), ("small-x86", 0x6D8, 0),
          ("small-x86pae", 0x6F8, 0))
CONTEXT_OFFSET, PROCESSOR_BLOCK, KERN_BASE = 0x338, 0x218, 0x18  # in KDDEBUGGER_DATA64
CODE = 0x20000  # in the kernel's image


class Guest:
    """A forged dump as QEMU wants it."""

    def __init__(self, dumps, name, folder):
        self.path = dumps / f"{name}.dmp"
        self.dump = capture.Pages(self.path)
        layout = json.loads((source / "analyzer/profiles/nt-2600-x86.json").read_text())
        self.types = layout["types"]  # asked of x86 guests only
        self.space = verify.Space(verify.Dump(self.path, False), self.types)
        self.memory = folder / "memory"
        capture.write_raw(self.memory, self.dump.load(), b"")
        assert self.memory.stat().st_size == MEBIBYTES << 20, self.memory.stat().st_size
        narrow = self.dump.narrow
        self.processors, = struct.unpack_from("<I", self.dump.header, 0x24 if narrow else 0x34)
        self.check_frames()
        if narrow:
            self.keep_contexts()

    def check_frames(self):
        with open(self.memory, "rb") as file:
            file.seek(NOTE)
            assert not any(file.read(qemu.SCRATCH + 0x2000 - NOTE)), "the note's frames are used"
        assert not any(0xC0 <= frame < 0x100 for frame in self.dump.offsets)

    def poke(self, address, data):
        state, physical = self.space.translate(address)
        assert state == "present", state
        with open(self.memory, "r+b") as file:
            file.seek(physical)
            assert not any(file.read(len(data))), hex(address)
            file.seek(physical)
            file.write(data)

    def free_pages(self, address):
        """Pages of the kernel's image from there on that hold nothing."""
        while True:
            state, physical = self.space.translate(address)
            with open(self.memory, "rb") as file:
                file.seek(physical or 0)
                if state == "present" and not any(file.read(0x1000)):
                    yield address
            address += 0x1000

    def keep_contexts(self):
        """QEMU asks KDBG for OffsetPrcbContext and follows the pointer that the KPRCB has there.
        XP's block and KPRCB end before these: they are put behind both ends, and lead into pages of
        the kernel's code that are zeros in a forged kernel."""
        place = (self.types["_KPRCB"]["size"] + 0x1F) & ~0xF
        block, = struct.unpack_from("<I", self.dump.header, 0x60)
        self.poke(block + CONTEXT_OFFSET, struct.pack("<H", place))
        table = self.space.number(block + PROCESSOR_BLOCK)
        pages = self.free_pages(self.space.number(block + KERN_BASE) + CODE)
        for number, context in zip(range(self.processors), pages):
            prcb = self.space.number(table + 4 * number)
            self.poke(prcb + place, struct.pack("<I", context))

    def note(self):
        name = b"VMCOREINFO\0\0"
        return struct.pack("<3I", 11, len(self.dump.header), 0) + name + self.dump.header


def snapshot(path, output):
    """But for the stack: it is read by the registers in a crash dump's header, which are not those
    that the guest has while it stands still."""
    subprocess.run([analyzer, "snapshot", path, "-o", output], check=True)
    content = json.loads(output.read_text())
    content.pop("stack", None)
    del content["coverage"]["sections"]["stack"]
    return content


def compare(what, old, new):
    different = [key for key in sorted(set(old) | set(new))
                 if key != "dump" and old.get(key) != new.get(key)]
    print(f"{'FAILED' if different else 'ok'}: {what}", *different)
    for key in different:
        print(f"  expected {json.dumps(old.get(key))}\n  found    {json.dumps(new.get(key))}")
    return bool(different)


def capture_all(guest, machine):
    """(what, path) of every capture; the note comes last, since QEMU keeps it."""
    form = {"elf": "elf", "kdump-zlib": "flattened kdump"}
    for kind, name in form.items():
        yield name, kind
    machine.put_note(NOTE, guest.note())
    yield "win-dmp", "win-dmp"
    for kind, name in form.items():
        yield f"{name} with a note", kind


def expected_format(kind, dump):
    if kind == "win-dmp":
        return "crash-dump-32" if dump.narrow else "crash-dump-64"
    return {"elf": "elf", "kdump-zlib": "kdump"}[kind]


def run(name, cr4, efer, folder):
    guest = Guest(dumps, name, folder)
    forged = snapshot(guest.path, folder / "s.json")
    registers = [(qemu.EFER, efer)] * bool(efer)
    registers += [(qemu.CR4, cr4), (qemu.CR3, guest.dump.cr3), (qemu.CR0, 0x80050033)]
    wrong = 0
    with qemu.Qemu(folder, guest.memory, MEBIBYTES, guest.processors) as machine:
        machine.set_registers(guest.processors, registers)
        for what, kind in capture_all(guest, machine):
            path = folder / "capture"
            machine.capture(kind, path)
            found = snapshot(path, folder / "s.json")
            path.unlink()
            wrong += compare(f"{name} as QEMU's {what}", forged, found)
            assert found["dump"]["format"] == expected_format(kind, guest.dump), found["dump"]
            assert ("header" in found["dump"]) == (kind == "win-dmp" or "note" in what)
    guest.memory.unlink()
    return wrong


def main():
    if not qemu.installed():
        print(f"skipped: {qemu.PROGRAM} is not installed")
        sys.exit(77)
    missing = [name for name, _, _ in GUESTS if not (dumps / f"{name}.dmp").exists()]
    if missing:
        print(f"skipped: {missing} were not made")
        sys.exit(77)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for guest in GUESTS:
            wrong += run(*guest, pathlib.Path(folder))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    analyzer, dumps, source = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
    sys.path[:0] = [str(source / "tests/wrap"), str(source / "tests/forge")]
    import capture
    import qemu
    import verify
    main()
