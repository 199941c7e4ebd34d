#!/usr/bin/env python3
"""mutants.py - damaged copies of every kind of memory image: each ends with a snapshot or one line.

    mutants.py NT_ANALYZER DUMPS CAPTURE_PY REAL CONTAINER [COUNT] [FIRST]

CONTAINER is a row of CONTAINERS; DUMPS has the forged dumps, REAL the real ones (a container of
which there is none is skipped). Mutant number n of a container is the same in every run. One of
five is cut off; the others have changed fields of headers and notes, bitmaps and tables of runs
that lie, changed page tables and kernel data.

A mutant passes when the analyzer ends within two seconds, with at most 256 MiB, either with a whole
snapshot or with exit code 2, one line and no output file. On a machine with other work the seconds
are those of the processor. Built with sanitizers, the analyzer has fifteen times as long, and its
memory is not asked for; a report of a sanitizer changes the exit code.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

PAGE = 4096
SECONDS, MIB, PATIENCE = 2, 256, 60
EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0xFFF, 0x1000, 0x1001, 0xFFFF, 0x10000, 0x7FFFFFFF,
         0x80000000, 0xC0000000, 0xFFFFFFF0, 0xFFFFFFFF, 0x30000000, 1 << 36, 1 << 40, 1 << 46,
         1 << 63, (1 << 63) - 1, (1 << 64) - 1)

# Where a change is felt: (first, last byte, how often, bytes of a word). Behind these come the
# pages that hold anything. The runs of a header are a place of their own; so is what is behind it.
HEADER64 = [(0x8, 0x88, 4, 8), (0xF98, 0xF9C, 1, 4), (0x1030, 0x1058, 1, 4)]
HEADER32 = [(0x8, 0x64, 4, 4), (0xF88, 0xF8C, 1, 4)]
RUNS64, RUNS32 = [(0x88, 0xC8, 4, 8), (0x88, 0x344, 1, 8)], [(0x64, 0x84, 4, 4)]
SUMMARY64 = [(0x2000, 0x2028, 4, 4), (0x2028, 0x4000, 2, 8)]
SUMMARY32 = [(0x1000, 0x1020, 4, 4), (0x1020, 0x3000, 2, 4)]
BITMAP64 = [(0x2000, 0x2038, 4, 8), (0x2038, 0x4000, 2, 8)]
RANGES64 = [(0x2000, 0x2030, 4, 8), (0x2030, 0x2050, 3, 8), (0x2050, 0x6000, 1, 8)]
# The header behind the header, the tables that it names, KDBG, the current process.
TRIAGE = [(0x2000, 0x2080, 6, 4)]
ELF = [(0x10, 0x40, 3, 2), (0x40, 0xE8, 4, 8), (0xE8, 0x400, 2, 4)]
KDUMP = [(0x8, 0x200, 3, 4), (0x1000, 0x1080, 3, 8), (0x1080, 0x2000, 2, 4), (0x2000, 0x4000, 1, 8)]
FLATTENED = [(0x0, 0x28, 2, 8), (0x1000, 0x1030, 3, 8)] + \
            [(first + 0x1010, last + 0x1010, weight, word) for first, last, weight, word in KDUMP]

# name: (file, capture written of it, places)
CONTAINERS = {
    "full": ("small-full.dmp", None, HEADER64 + RUNS64),
    "summary": ("hostile-mislink.dmp", None, HEADER64 + SUMMARY64),
    "bitmap-full": ("hostile-cycle.dmp", None, HEADER64 + BITMAP64),
    "bitmap-kernel": ("hostile-hole.dmp", None, HEADER64 + BITMAP64),
    "range-kernel": ("small-range-kernel.dmp", None, HEADER64 + RANGES64),
    "range-kernel-user": ("small-range-kernel-user.dmp", None, HEADER64 + RANGES64),
    "range-complete": ("small-range-complete.dmp", None, HEADER64 + RANGES64),
    "triage-x64": ("triage_x64.dmp", None, HEADER64 + TRIAGE),
    "triage-arm64": ("triage_arm64.dmp", None, HEADER64 + TRIAGE),
    "full-x86": ("small-x86.dmp", None, HEADER32 + RUNS32),
    "full-x86pae": ("small-x86pae.dmp", None, HEADER32 + RUNS32),
    "summary-x86": ("winxp-2600.dmp", None, HEADER32 + SUMMARY32),
    "raw": ("small-full.dmp", "raw", []),
    "elf": ("small-full.dmp", "elf", ELF),
    "kdump": ("small-full.dmp", "kdump", KDUMP),
    "flattened": ("small-full.dmp", "flattened", FLATTENED),
    "raw-x86": ("small-x86.dmp", "raw", []),
    "raw-x86pae": ("small-x86pae.dmp", "raw", []),
    "elf-x86": ("small-x86.dmp", "elf", ELF),
    "elf-x86pae": ("small-x86pae.dmp", "elf", ELF),
    "elf-la57": ("small-la57.dmp", "elf", ELF),
    "kdump-x86pae": ("small-x86pae.dmp", "kdump", KDUMP),
}
# Of every tenth mutant: a symbol file takes longer to read than all the rest.
SYMBOLS = {"triage-x64": "ntkrnlmp-5278AFF86C341677D7D7835C85B7B8441.json.xz"}
# One of so many mutants has all kernel memory looked at.
SCANNED = 4


def extents(path):
    """(first, last) of the data; forged dumps have holes for pages of zeros."""
    found, offset = [], 0
    with open(path, "rb") as file:
        while offset < os.path.getsize(path):
            try:
                offset = os.lseek(file.fileno(), offset, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(file.fileno(), offset, os.SEEK_HOLE)
            found.append((offset, end))
            offset = end
    return found


def copy(source, target, length):
    """The first `length` bytes, holes as holes."""
    with open(source, "rb") as read, open(target, "wb") as write:
        for first, last in extents(source):
            if first < length:
                read.seek(first)
                write.seek(first)
                write.write(read.read(min(last, length) - first))
        write.truncate(length)


def triage_places(path):
    """What the header of a triage dump points at: its tables are small, and everywhere."""
    with open(path, "rb") as file:
        file.seek(0x2000)
        header = [int.from_bytes(file.read(4), "little") for _ in range(32)]
    end, unloaded, prcb, process = header[1], header[6], header[7], header[8]
    drivers, kdbg, blocks = header[12], header[28], header[30]
    sizes = ((unloaded, 0x60), (prcb, 0x100), (process, 0x600), (drivers, 0x90 * header[13]),
             (kdbg, 0x380), (blocks, 16 * header[31]), (end, 0x1200))
    return [(first, first + size, 1, 4) for first, size in sizes]


class Mutator:
    """Makes mutant number n out of a good file, in place; and takes the changes back."""

    def __init__(self, name, path, places):
        self.name, self.path = name, path
        self.size = os.path.getsize(path)
        self.places = list(places)
        self.places += [(first, last, weight, word) for first, last, weight, word in
                        (triage_places(path) if name.startswith("triage") else [])]
        self.extents = extents(path)

    def random(self, number):
        return random.Random(f"{self.name}/{number}")

    def cut(self, number):
        """The length to cut at: one of five mutants; None for the others."""
        rng = self.random(number)
        if number % 5:
            return None
        near = min(0x6000, self.size)
        return rng.choice((rng.randrange(near), rng.randrange(near), rng.randrange(self.size),
                           self.size - rng.choice((1, 8, PAGE, PAGE + 1)), near // PAGE * PAGE))

    def pick(self, rng):
        """(offset, size) of a word."""
        weights = [place[2] for place in self.places] + [max(4, len(self.places))]
        index = rng.choices(range(len(weights)), weights)[0]
        if index < len(self.places):
            first, last, _, size = self.places[index]
        else:
            first, last = rng.choice(self.extents)
            first = rng.randrange(first, last)
            size = rng.choice((4, 8))
            last = first + size
        at = rng.randrange(first, max(last, first + 1))
        return min(at - (at - first) % size, self.size - 8), size

    def value(self, rng, old, size):
        value = rng.choice((
            lambda: rng.choice(EDGES),
            lambda: rng.choice(EDGES),
            lambda: rng.getrandbits(8 * size),
            lambda: old + rng.choice((-4096, -8, -1, 1, 8, 4096)),
            lambda: old ^ 1 << rng.randrange(8 * size),
            lambda: self.size - rng.randrange(16),
        ))()
        return (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def changes(self, number):
        """[(offset, bytes)]"""
        rng, made = self.random(number), []
        with open(self.path, "rb") as file:
            for _ in range(rng.choice((1, 1, 1, 2, 4, 16, 100))):
                at, size = self.pick(rng)
                file.seek(at)
                old = int.from_bytes(file.read(size), "little")
                made.append((at, self.value(rng, old, size)))
            if rng.random() < 0.2:  # a stretch of a table or bitmap
                at, _ = self.pick(rng)
                made.append((at, rng.choice((bytes(64), b"\xff" * 64, rng.randbytes(64)))))
        return [(at, new[:self.size - at]) for at, new in made]

    def apply(self, changes):
        """Writes the changes; gives those that undo them."""
        undo = []
        with open(self.path, "r+b") as file:
            for at, new in changes:
                file.seek(at)
                undo.insert(0, (at, file.read(len(new))))
                file.seek(at)
                file.write(new)
        return undo


def kill_later(pid, seconds):
    """Has the process killed unless signal.alarm(0) comes first."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(seconds)


def run(command, patience):
    """Exit code (None: it was killed for its time), standard error, seconds, MiB."""
    with tempfile.TemporaryFile() as errors:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors,
                                   env={**os.environ, "_NT_SYMBOL_PATH": ""})
        kill_later(process.pid, patience)
        _, status, usage = os.wait4(process.pid, 0)
        signal.alarm(0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        if seconds >= patience:
            return None, "", seconds, 0
        if os.getloadavg()[0] > 1:
            seconds = usage.ru_utime + usage.ru_stime
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace")
        return process.returncode, text, seconds, usage.ru_maxrss >> 10


def judge(command, output, sanitized):
    """None, or what is wrong with how the analyzer ended."""
    output.unlink(missing_ok=True)
    factor = 15 if sanitized else 1
    code, text, seconds, memory = run(command, PATIENCE * factor)
    if code is None:
        return "hangs"
    if code not in (0, 2):
        return f"exit code {code}: {text[-2000:]}"
    if code == 2 and (output.exists() or len(text.splitlines()) != 1):
        return f"no single line, or an output file: {text}"
    if code == 0:
        json.loads(output.read_text())
    if seconds > SECONDS * factor:
        return f"{seconds:.1f} seconds"
    return f"{memory} MiB" if memory > MIB and not sanitized else None


def good_file(name, folder, dumps, capture, real):
    """The container itself, in `folder`; None where there is none on this machine."""
    file, kind, places = CONTAINERS[name]
    source = (real if name.startswith("triage") else dumps) / file
    if not source.is_file():
        print(f"skipped: {source} is not on this machine")
        return None
    path = folder / "mutant"
    if kind:
        subprocess.run([sys.executable, capture, source, kind, path], check=True)
    else:
        copy(source, path, source.stat().st_size)
    return Mutator(name, path, places)


def main():
    analyzer, dumps, capture, real, name = sys.argv[1:6]
    with open(analyzer, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    count = int(sys.argv[6]) if len(sys.argv) > 6 else 30 if sanitized else 300
    first = int(sys.argv[7]) if len(sys.argv) > 7 else 0
    faults = snapshots = 0
    with tempfile.TemporaryDirectory(dir=".") as scratch:
        folder = pathlib.Path(scratch)
        mutator = good_file(name, folder, pathlib.Path(dumps), capture, pathlib.Path(real))
        if not mutator:
            return 77
        output, cut_path = folder / "snapshot.json", folder / "cut"
        for number in range(first, first + count):
            length, undo, path = mutator.cut(number), [], mutator.path
            symbols = []
            if name in SYMBOLS and number % 10 == 1:
                symbols = ["--symbols", pathlib.Path(real) / SYMBOLS[name]]
            if length is None:
                undo = mutator.apply(mutator.changes(number))
            else:
                path = cut_path
                copy(mutator.path, path, length)
            scan = ["--scan"] if number % SCANNED == SCANNED - 1 else []
            fault = judge([analyzer, "snapshot", "--quiet", path, "-o", output, *symbols, *scan],
                          output, sanitized)
            mutator.apply(undo)
            snapshots += output.exists()
            if fault:
                print(f"FAILED: {name} {number}: {fault}")
                faults += 1
    print(f"{name}: {count} mutants: {snapshots} snapshots, {count - snapshots} refusals, "
          f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
