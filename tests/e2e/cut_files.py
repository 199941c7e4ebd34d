#!/usr/bin/env python3
"""cut_files.py - memory images of every kind, whole and cut off: a snapshot says how much of what
was promised is there.

    cut_files.py NT_ANALYZER DUMPS CAPTURE_PY REAL

Of a container that has pages, a whole file has all of them and no finding. Cut off inside its last
pages, it has fewer, and says so in `dump`, in a finding and in `coverage`.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import mutants

CUT = 3 * mutants.PAGE + 100


def snapshot(analyzer, path):
    run = subprocess.run([analyzer, "snapshot", "--quiet", path], check=True,
                         stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def truncation(found):
    return [row["evidence"] for row in found["findings"] if row["kind"] == "dump.truncated"]


def check_whole(found):
    assert not truncation(found), truncation(found)
    assert "pages_promised" not in found["dump"], found["dump"]
    assert found["coverage"]["sections"]["dump"]["status"] == "complete", found["coverage"]


def check_cut(name, found, whole, size, length):
    """`size` is that of the whole file, `length` what is left."""
    evidence, = truncation(found)
    assert evidence["found_size"] < evidence["expected_size"], evidence
    if name != "flattened":  # whose sizes are those of the kdump that it unfolds to
        assert evidence["found_size"] == length, evidence
    part = found["coverage"]["sections"]["dump"]
    triage = found["dump"]["type"] == "triage"
    assert part["status"] == "partial", part
    assert part["reason"].startswith("the file ends before") or \
        triage and "lie outside the file" in part["reason"], part
    present, promised = (found["dump"][key] for key in ("pages_present", "pages_promised"))
    assert (evidence["pages_present"], evidence["pages_promised"]) == (present, promised), evidence
    if triage:
        assert "data_blocks_present" in found["dump"]["triage"], found["dump"]["triage"].keys()
    elif found["dump"]["format"] == "raw":  # all it says is that its last page is not whole
        assert promised == present + 1 == -(-length // mutants.PAGE), (promised, length)
    else:
        assert promised == whole["dump"]["pages_present"] > present, (promised, present)
        assert found["dump"]["format"] == "kdump" or evidence["expected_size"] == size, evidence


def check(name, analyzer, dumps, capture, real):
    with tempfile.TemporaryDirectory(dir=".") as scratch:
        folder = pathlib.Path(scratch)
        good = mutants.good_file(name, folder, dumps, capture, real)
        if not good:
            return
        whole = snapshot(analyzer, good.path)
        check_whole(whole)
        cut = folder / "cut"
        ways = [CUT, 2 * CUT]  # of a kdump, 40 KB behind its tables are packed pages
        if whole["dump"]["type"] == "triage":  # the data blocks lie before the secondary data
            ways = [good.size // 2, good.size // 3 * 2]
        for missing in ways:
            mutants.copy(good.path, cut, good.size - missing)
            check_cut(name, snapshot(analyzer, cut), whole, good.size, good.size - missing)
    print(f"ok: {name}")


def main():
    analyzer, dumps, capture, real = sys.argv[1:5]
    for name in mutants.CONTAINERS:
        try:
            check(name, analyzer, pathlib.Path(dumps), capture, pathlib.Path(real))
        except (AssertionError, subprocess.CalledProcessError) as fault:
            sys.exit(f"{name}: {type(fault).__name__} {fault}")


if __name__ == "__main__":
    main()
