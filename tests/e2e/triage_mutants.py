#!/usr/bin/env python3
"""triage_mutants.py - damaged copies of a triage dump: none may crash or hang the analyzer.

    triage_mutants.py NT_ANALYZER DUMP SYMBOLS COUNT [FIRST]

Mutant number n is the same on every run. Each ends with a snapshot, or with one line and exit code
2, within two seconds of processor time and 256 MB.
"""
import json
import os
import pathlib
import random
import resource
import struct
import subprocess
import sys
import tempfile

SECONDS, MEGABYTES = 2, 256
EDGES = [0, 1, 7, 8, 0x7f, 0x80, 0x1000, 0x2000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]

analyzer, dump_path, symbols, count = sys.argv[1:5]
first = int(sys.argv[5]) if len(sys.argv) > 5 else 0
# A sanitizer reserves address space by the terabyte, and takes its time.
sanitized = b"__asan_init" in pathlib.Path(analyzer).read_bytes()
dump = pathlib.Path(dump_path).read_bytes()
header = struct.unpack_from("<32I", dump, 0x2000)
prcb, drivers, kdbg, blocks = header[7], header[12], header[28], header[30]
blobs = header[1]


def place(rng):
    """A place where a change is felt: a header, a table, KDBG, a pointer in memory."""
    return rng.choice([
        lambda: rng.randrange(0x8, 0x2000, 4),
        lambda: 0x2000 + rng.randrange(0, 0x80, 4),
        lambda: 0x2000 + rng.randrange(0, 0x80, 4),
        lambda: header[6] + rng.randrange(0, 0x60, 4),
        lambda: prcb + rng.randrange(0, 0x100, 4),
        lambda: drivers + rng.randrange(0, 0x90 * header[13], 4),
        lambda: kdbg + rng.randrange(0, 0x380, 2),
        lambda: blocks + rng.randrange(0, 16 * header[31], 4),
        lambda: blobs + rng.randrange(0, 0x1200, 4),
        lambda: rng.randrange(0x8, len(dump) - 8, 4),
    ])()


def value(rng, old):
    return rng.choice([
        lambda: rng.choice(EDGES),
        lambda: rng.getrandbits(32),
        lambda: old + rng.choice([-8, -1, 1, 8]),
        lambda: old ^ 1 << rng.randrange(32),
        lambda: len(dump) - rng.randrange(0, 16),
    ])() & 0xffffffff


def mutant(number):
    rng = random.Random(number)
    data = bytearray(dump)
    for _ in range(rng.choice([1, 1, 2, 4, 16, 200])):
        at = place(rng)
        old, = struct.unpack_from("<I", data, at)
        struct.pack_into("<I", data, at, value(rng, old))
    if rng.random() < 0.25:
        del data[rng.randrange(len(data)):]
    return bytes(data)


def limits():
    if not sanitized:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def judge(run, output):
    """What is wrong with how it ended, or None."""
    if run.returncode == 0:
        json.loads(output.read_text())
        return None
    message = run.stderr.decode(errors="replace")
    if run.returncode != 2:
        return f"exit code {run.returncode}: {message[-2000:]}"
    if output.exists():
        return "exit code 2, and a file"
    return None if message.count("\n") == 1 else f"more than one line: {message}"


faults = snapshots = 0
with tempfile.TemporaryDirectory() as folder:
    for number in range(first, first + int(count)):
        path, output = pathlib.Path(folder, "mutant.dmp"), pathlib.Path(folder, "out.json")
        path.write_bytes(mutant(number))
        output.unlink(missing_ok=True)
        try:
            run = subprocess.run([analyzer, "snapshot", path, "--quiet", "--symbols", symbols,
                                  "-o", output], capture_output=True, timeout=60,
                                 preexec_fn=limits, env={**os.environ, "_NT_SYMBOL_PATH": ""})
            fault = judge(run, output)
            snapshots += run.returncode == 0
        except subprocess.TimeoutExpired:
            fault = "hangs"
        except ValueError as error:
            fault = f"no JSON: {error}"
        if fault:
            print(f"mutant {number}: {fault}")
            faults += 1
print(f"{count} mutants: {snapshots} snapshots, {faults} faults")
sys.exit(1 if faults else 0)
