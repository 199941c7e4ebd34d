#!/usr/bin/env python3
"""x86_mutants.py - 32-bit dumps with changed headers, bitmaps, runs, page tables and kernel data, and
dumps cut off: each ends with a snapshot or with one line, in time, in little memory.

    x86_mutants.py NT_ANALYZER DUMPS

The changes are the same in every run. A sanitizer's report is a failure: it changes the exit code.
"""
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

PAGE = 4096
# What is changed, and how often: a field of the header, bytes behind it up to the first page (the
# bitmap), and words of pages.
FIELDS = [(0x8, 4), (0xC, 4), (0x10, 4), (0x18, 4), (0x1C, 4), (0x20, 4), (0x24, 4), (0x5C, 1),
          (0x60, 4), (0x64, 4), (0x68, 4), (0x6C, 4), (0x70, 4), (0xF88, 4), (0x1000, 4),
          (0x1004, 4), (0x100C, 4), (0x1010, 4), (0x1014, 4)]
VALUES = [0, 1, 2, 3, 0x7F, 0xFFF, 0x1000, 0x7FFFFFFF, 0x80000000, 0xC0000000, 0xFFFFFFFE,
          0xFFFFFFFF]
COUNTS = {"header": 50, "index": 25, "page": 60, "cut": 15}
SECONDS, MEGABYTES = 2, 256


def data_pages(path):
    """File offsets of pages that hold anything: forged dumps have holes for the others."""
    pages = []
    with open(path, "rb") as file:
        offset = 0
        while True:
            try:
                offset = os.lseek(file.fileno(), offset, os.SEEK_DATA)
            except OSError:
                return pages
            end = os.lseek(file.fileno(), offset, os.SEEK_HOLE)
            pages.extend(range(max(offset, 0x3000), end, PAGE))
            offset = end


def changes(rng, pages):
    """Lists of (offset, bytes)."""
    for _ in range(COUNTS["header"]):
        picked = rng.sample(FIELDS, rng.randint(1, 2))
        yield [(at, (rng.choice(VALUES) & (256 ** size - 1)).to_bytes(size, "little"))
               for at, size in picked]
    for _ in range(COUNTS["index"]):
        yield [(rng.randrange(0x60, 0x3000), rng.randbytes(rng.randint(1, 64)))]
    for _ in range(COUNTS["page"]):
        yield [(rng.choice(pages) + rng.randrange(0, PAGE, 4), rng.choice(
            [rng.randbytes(4), rng.choice(VALUES).to_bytes(4, "little"), bytes(64)]))
            for _ in range(rng.randint(1, 40))]


def fault_of(run, sanitized):
    """What is wrong with how the analyzer ended; None where nothing is."""
    if run.returncode not in (0, 2):
        return f"exit code {run.returncode}: {run.stderr[-2000:].decode(errors='replace')}"
    if run.returncode == 2:
        return None if run.stderr.count(b"\n") == 1 and not run.stdout else "not one line"
    json.loads(run.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return f"{used} MB" if used > MEGABYTES and not sanitized else None


def analyze(analyzer, dump, what, sanitized):
    limit = SECONDS * (15 if sanitized else 1)
    run = subprocess.run([analyzer, "snapshot", "--quiet", dump], capture_output=True, timeout=limit)
    fault = fault_of(run, sanitized)
    if fault:
        sys.exit(f"{dump.name}: {what}: {fault}")
    return run.returncode


def mutate(analyzer, dump, seed, sanitized):
    rng = random.Random(seed)
    codes = {0: 0, 2: 0}
    with open(dump, "r+b") as file:
        for number, change in enumerate(changes(rng, data_pages(dump))):
            before = []
            for at, new in change:
                file.seek(at)
                before.append((at, file.read(len(new))))
                file.seek(at)
                file.write(new)
            file.flush()
            codes[analyze(analyzer, dump, f"change {number} {change[:3]}", sanitized)] += 1
            for at, old in reversed(before):
                file.seek(at)
                file.write(old)
        file.flush()
        size = dump.stat().st_size
        cuts = [0, 1, 0xFFF, 0x1000, 0x101F, 0x2FFF, 0x3000] + \
            [rng.randrange(0x3000, size) for _ in range(COUNTS["cut"] - 7)]
        for cut in sorted(cuts, reverse=True):
            file.truncate(cut)
            codes[analyze(analyzer, dump, f"cut at {cut:#x}", sanitized)] += 1
    return codes


def main():
    analyzer, dumps = sys.argv[1], pathlib.Path(sys.argv[2])
    with open(analyzer, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for seed, name in enumerate(("winxp-2600.dmp", "small-x86pae.dmp")):
            if not (dumps / name).is_file():
                print(f"skipped: {name} is not made in {dumps}")
                return 77
            copy = pathlib.Path(folder) / name
            subprocess.run(["cp", "--sparse=always", dumps / name, copy], check=True)
            codes = mutate(analyzer, copy, seed, sanitized)
            print(f"{name}: {codes[0]} snapshots, {codes[2]} refused")
            copy.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
