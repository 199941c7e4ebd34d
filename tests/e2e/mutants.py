#!/usr/bin/env python3
"""mutants.py - damaged captures: each ends with a snapshot or with one clear line.

    mutants.py NT_ANALYZER DUMP CAPTURE_PY [COUNT] [SEED]

A quarter of the mutants is cut off, the others have changed bytes in headers, notes, bitmaps, page
descriptors or page data. A mutant passes when the analyzer ends within 10 seconds with a whole
snapshot, or with exit code 2, one line and no output file; with no report of a sanitizer and less
than 256 MiB of its own (not asked of a build with sanitizers).
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

SECONDS, KIB = 10, 256 << 10
HEADER = {"elf": 0x1000, "kdump": 0x4000, "flattened": 0x5000, "raw": 0x1000}
INTERESTING = (0, 1, 7, 0x7F, 0xFF, 0xFFF, 0x1000, 0x1001, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF,
               0x30000000, 1 << 40, 1 << 46, (1 << 63) - 1, (1 << 64) - 1)


def cut(rng, path, kind):
    size = path.stat().st_size
    os.truncate(path, rng.randrange(HEADER[kind] if rng.random() < 0.4 else size))


def change(rng, path, kind):
    last = path.stat().st_size - 8
    with open(path, "r+b") as file:
        for _ in range(rng.choice((1, 1, 2, 8))):
            size = rng.choice((1, 2, 4, 8))
            at = rng.randrange(min(HEADER[kind], last) if rng.random() < 0.8 else last)
            at -= at % size
            file.seek(at)
            near = int.from_bytes(file.read(size), "little") + rng.choice((-1, 1, 4096))
            value = rng.choice((rng.choice(INTERESTING), rng.getrandbits(64), near))
            file.seek(at)
            file.write((value & (1 << 8 * size) - 1).to_bytes(size, "little"))


def run(command):
    """Exit code (None: killed for its time), standard error, and the most memory, in KiB."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        end = time.monotonic() + SECONDS
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                process.kill()
                os.wait4(process.pid, 0)
                return None, "", 0
            time.sleep(0.002)
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace")
        return os.waitstatus_to_exitcode(status), text, usage.ru_maxrss


def judge(analyzer, path, output, sanitized):
    """None, or what is wrong."""
    output.unlink(missing_ok=True)
    code, text, memory = run([analyzer, "snapshot", path, "-o", output, "--quiet"])
    if code is None:
        return "hangs"
    if "Sanitizer" in text or "runtime error" in text or code not in (0, 2):
        return f"exit code {code}: {text}"
    if memory > KIB and not sanitized:
        return f"{memory >> 10} MiB"
    if code == 0:
        json.loads(output.read_text())
    elif output.exists() or len(text.splitlines()) != 1:
        return f"no single line, or an output file: {text}"
    return None


def main():
    analyzer, dump, capture = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    if not os.path.exists(dump):
        print(f"skipped: {dump} was not made")
        sys.exit(77)
    with open(analyzer, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    folder = pathlib.Path(tempfile.mkdtemp())
    faults = 0
    try:
        for kind in HEADER:
            rng = random.Random(f"{seed}/{kind}")
            good = folder / "good"
            subprocess.run([sys.executable, capture, dump, kind, good], check=True)
            path, output, snapshots = folder / f"mutant.{kind}", folder / "s.json", 0
            for index in range(count):
                subprocess.run(["cp", "--sparse=always", good, path], check=True)
                (cut if index % 4 == 0 else change)(rng, path, kind)
                wrong = judge(analyzer, path, output, sanitized)
                snapshots += output.exists()
                if wrong:
                    print(f"FAILED: {kind} {index} of seed {seed}: {wrong}")
                    faults += 1
            print(f"{kind}: {snapshots} snapshots, {count - snapshots} refusals")
    finally:
        shutil.rmtree(folder)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
