#!/usr/bin/env python3
"""history_facts.py - the history of twelve kernels: published facts hold in it, and every place in
it is what the symbol files say.

    history_facts.py NT-ANALYZER NT-DIFFER FOLDER

FOLDER holds Volatility 3 ISF files, as layout_facts.py wants them. Exit code 77: there is none.
"""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile

from layout_facts import Laboratory, Layout, check, failures

BUILDS = ("nt-7601-x64", "nt-9600-x64", "nt-10240-x64", "nt-10586-x64", "nt-14393-x64",
          "nt-15063-x64", "nt-16299-x64", "nt-17134-x64", "nt-17763-x64", "nt-18362-x64",
          "nt-19041-x64", "ntkrnlmp-22000.318")

# _EPROCESS of each of them, written down from published type tables: offset:bit/bits.
FACTS = {
    "Minimal": ("-", "0x67c:0/1", "0x6b4:0/1", "0x6b4:0/1", "0x6c4:0/1", "0x6cc:0/1", "0x6cc:0/1",
                "0x6cc:0/1", "0x6cc:0/1", "0x6fc:0/1", "0x87c:0/1", "0x87c:0/1"),
    "SubsystemProcess": ("-", "-", "0x6b4:8/1", "0x6b4:8/1", "0x6c4:8/1", "0x6cc:8/1", "0x6cc:6/1",
                         "0x6cc:6/1", "0x6cc:6/1", "0x6fc:6/1", "0x87c:6/1", "0x87c:6/1"),
    "SystemProcess": ("-", "-", "-", "-", "-", "-", "0x6cc:12/1", "0x6cc:12/1", "0x6cc:12/1",
                      "0x6fc:12/1", "0x87c:12/1", "0x87c:12/1"),
    "PicoCreated": ("-", "-", "-", "-", "-", "0x810:0/1", "0x300:10/1", "0x300:10/1", "0x300:10/1",
                    "0x308:10/1", "0x460:10/1", "0x460:10/1"),
    "SignatureLevel": ("-", "0x678", "0x6b0", "0x6b0", "0x6c0", "0x6c8", "0x6c8", "0x6c8", "0x6c8",
                       "0x6f8", "0x878", "0x878"),
    "Protection": ("-", "0x67a", "0x6b2", "0x6b2", "0x6c2", "0x6ca", "0x6ca", "0x6ca", "0x6ca",
                   "0x6fa", "0x87a", "0x87a"),
    "Job": ("0x260", "0x3a0", "0x3b0", "0x3b0", "0x3b0", "0x3b0", "0x3b0", "0x3b0", "0x3b0",
            "0x3b8", "0x510", "0x510"),
    "ServerSilo": ("-", "-", "-", "-", "-", "0x6c0", "0x6c0", "0x6c0", "0x6c0", "0x6f0", "0x870",
                   "0x870"),
}


def run(differ, snapshots, *options):
    process = subprocess.run([differ, "history", *snapshots, *options], stdout=subprocess.PIPE,
                             check=False)
    check(process.returncode == 1, "history: exit code %d" % process.returncode)
    return process.stdout.decode()


def known_rows(differ, snapshots):
    """The facts, in two formats; the columns are in the order of the command line."""
    options = [word for name in FACTS for word in ("--only", "_EPROCESS." + name)]
    table = list(csv.reader(io.StringIO(run(differ, snapshots, *options, "--format", "csv"))))
    rows = {row[1]: tuple(cell or "-" for cell in row[2:]) for row in table[1:]}
    check(rows == {"_EPROCESS." + name: cells for name, cells in FACTS.items()},
          "CSV: the published rows of _EPROCESS: %s" % rows)
    table = run(differ, snapshots[::-1], *options).splitlines()
    check(table[0] == "_EPROCESS", "text: " + table[0])
    rows = {line.split()[0]: tuple(line.split()[1:]) for line in table[2:2 + len(FACTS)]}
    check(rows == {name: cells[::-1] for name, cells in FACTS.items()},
          "text, the columns reversed: the published rows of _EPROCESS: %s" % rows)


def value_of(leaf):
    offset, position, length = leaf[:3]
    return "0x%x:%d/%d" % (offset, position, length) if length else "0x%x" % offset


def cell_text(cell):
    return {"present": cell.get("value"), "absent": None, "unknown": "?"}[cell["state"]]


def places_of(layouts):
    """{member: [place in each build, or None]} of those that some build with the type has not, or
    elsewhere."""
    moved = {}
    for name in {name for layout in layouts for name in layout.types}:
        types = [layout.types.get(name) for layout in layouts]
        if any(found and found[0] == "enum" for found in types):
            continue
        for member in {member for found in types if found for member in found[2]}:
            places = [value_of(found[2][member]) if found and member in found[2] else None
                      for found in types]
            if len({place for place, found in zip(places, types) if found}) > 1:
                moved[name + "." + member] = places
    return moved


def recount(differ, snapshots, layouts):
    """Every member with another place is a row with all its places, and no other is, but for those
    that only have another type, whose cells say so."""
    history = json.loads(run(differ, snapshots, "--format", "json"))
    check(len(history["builds"]) == len(snapshots), "a column for each build")
    moved, retyped = places_of(layouts), 0
    rows = {row["subject"]: [cell_text(cell) for cell in row["cells"]] for row in history["rows"]
            if row["kind"] in ("field", "bit")}
    check(moved.keys() <= rows.keys(), "missing rows: %s" % sorted(moved.keys() - rows.keys())[:5])
    for subject, cells in rows.items():
        places = [cell and cell.split(" ")[0] for cell in cells]
        if subject in moved:
            check(places == moved[subject], "%s: %s, in the symbol files %s"
                  % (subject, places, moved[subject]))
        else:
            retyped += 1
            check(len({cell.split(" ", 1)[1] for cell in cells if cell}) > 1,
                  "%s did not change: %s" % (subject, cells))
    print("%d members moved, %d have another type only" % (len(moved), retyped))


def main():
    analyzer, differ, folder = sys.argv[1:4]
    if not os.path.isdir(folder):
        print("skipped: no folder %s" % folder)
        return 77
    with tempfile.TemporaryDirectory() as work:
        lab = Laboratory(analyzer, differ, folder, work)
        files = [lab.file(build) for build in BUILDS]
        snapshots = [lab.snapshot(path) for path in files]
        known_rows(differ, snapshots)
        recount(differ, snapshots, [Layout(path) for path in files])
    print("%d failures" % len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
