#!/usr/bin/env python3
"""syscall_facts.py - service tables of neighbouring builds, compared: a count made from lists of
published numbers alone agrees with every difference.

    syscall_facts.py NT-DIFFER FOLDER [NT-ANALYZER DUMPS]

FOLDER holds nt-BUILD-x64.txt and win32k-BUILD-x64.txt: a name, a tab, a number on each line. Tables
are compared as snapshots written from the lists; and, where the dumps of DUMPS have tables that are
named, as the analyzer reads them. Exit code 77: there is no such folder.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

TABLES = {"nt": "KiServiceTable", "win32k": "W32pServiceTable"}
# A service that the lists leave out, for ntdll has no stub of it: it reads the time from
# KUSER_SHARED_DATA. Kernels have it all the same.
UNLISTED = {"NtQuerySystemTime"}
failures = []


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED: " + message)


def read_list(path):
    """{name: number}. Some of the lists are UTF-16, as Windows writes text."""
    with open(path, "rb") as file:
        data = file.read()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    return {name.strip(): int(number) for name, number in lines}


def read_lists(folder):
    """{(prefix, build): {name: number}}"""
    lists = {}
    for path in glob.glob(os.path.join(folder, "*-x64.txt")):
        prefix, build = re.match(r"(\w+)-(\d+)-x64", os.path.basename(path)).groups()
        lists[prefix, int(build)] = read_list(path)
    return lists


def snapshot_of(build, tables):
    """Another base, and so other addresses, in each build."""
    base = 0xfffff80000000000 + build * 0x10000
    return {
        "schema": "ntdrift-snapshot/1",
        "system": {"arch": "x64", "build": build},
        "syscalls": {"tables": [{
            "name": TABLES[prefix], "address": "0x%016x" % base, "count": len(services),
            "services": [{"name": name, "name_source": "symbols", "number": number,
                          "address": "0x%016x" % (base + 16 * number), "rva": hex(16 * number),
                          "arguments": 4, "module": prefix}
                         for name, number in sorted(services.items(), key=lambda item: item[1])],
        } for prefix, services in sorted(tables.items())]}}


def diff(differ, old, new):
    run = subprocess.run([differ, "diff", old, new, "--format", "json"], stdout=subprocess.PIPE,
                         check=False)
    check(run.returncode in (0, 1), "%s against %s: exit code %d" % (old, new, run.returncode))
    return json.loads(run.stdout)


def reported(difference, table):
    """(added, removed, renumbered) as the difference has them."""
    added, removed, renumbered, alone = {}, {}, {}, 0
    for change in difference["changes"]:
        if change["kind"] == "syscall.added" and change["new"]["table"] == table:
            added[change["subject"]] = change["new"]["number"]
        if change["kind"] == "syscall.removed" and change["old"]["table"] == table:
            removed[change["subject"]] = change["old"]["number"]
        if change["kind"] != "syscall.renumbered":
            continue
        if change["subject"] == table:
            pairs = change["details"]["services"]
            check(change["details"]["count"] == len(pairs) == sum(
                group["count"] for group in change["details"]["groups"]),
                  "%s: counts of renumbered services" % table)
        elif change["message"].endswith(" in " + table):
            pairs = {change["subject"]: [change["old"], change["new"]]}
            alone += 1
        else:
            continue
        check(not pairs.keys() & renumbered.keys(), "%s: renumbered twice" % table)
        renumbered.update(pairs)
    return added, removed, renumbered, alone


def compare(name, difference, table, old, new):
    """Each service that the lists add, remove and renumber is told, and no other."""
    added, removed, renumbered, alone = reported(difference, table)
    for unlisted in UNLISTED - old.keys() - new.keys():
        renumbered.pop(unlisted, None)
    check(added == {key: new[key] for key in new.keys() - old.keys()}, name + ": added")
    check(removed == {key: old[key] for key in old.keys() - new.keys()}, name + ": removed")
    check(renumbered == {key: [old[key], new[key]] for key in old.keys() & new.keys()
                         if old[key] != new[key]}, name + ": renumbered")
    print("%-44s %3d added, %3d removed, %3d renumbered (%d out of their order)"
          % (name, len(added), len(removed), len(renumbered), alone))


def from_lists(differ, lists, work):
    builds = sorted({build for _, build in lists})
    for build in builds:
        tables = {prefix: services for (prefix, of), services in lists.items() if of == build}
        with open(os.path.join(work, "%d.json" % build), "w", encoding="utf-8") as file:
            json.dump(snapshot_of(build, tables), file)
    for prefix, table in TABLES.items():
        of = [build for build in builds if (prefix, build) in lists]
        check(len(of) > 2, "expected several lists %s-*" % prefix)
        for old, new in zip(of, of[1:]):
            difference = diff(differ, *(os.path.join(work, "%d.json" % build)
                                        for build in (old, new)))
            compare("%s %d to %d" % (table, old, new), difference, table,
                    lists[prefix, old], lists[prefix, new])


def from_dumps(differ, analyzer, dumps, lists, work):
    """The same of dumps whose tables are those of a list, named whole."""
    found = {}
    for path in sorted(glob.glob(os.path.join(dumps, "win*.dmp"))):
        snapshot = os.path.join(work, os.path.basename(path) + ".json")
        name = os.path.basename(path)[:-len(".dmp")]
        symbols = os.path.join(dumps, "symbols", name, "windows")
        run = subprocess.run([analyzer, "snapshot", path, "-o", snapshot, "--symbols", symbols],
                             check=False)
        check(run.returncode == 0, "%s: exit code %d" % (path, run.returncode))
        with open(snapshot, encoding="utf-8") as file:
            content = json.load(file)
        build = content["system"].get("build")
        for table in (content.get("syscalls") or {}).get("tables", []):
            names = [service["name"] for service in table["services"]]
            prefix = "nt" if table["name"] == TABLES["nt"] else "win32k"
            if (prefix, build) in lists and names and None not in names:
                found.setdefault(prefix, {})[build] = snapshot
    for prefix, snapshots in sorted(found.items()):
        builds = sorted(snapshots)
        for old, new in zip(builds, builds[1:]):
            compare("dumps: %s %d to %d" % (TABLES[prefix], old, new),
                    diff(differ, snapshots[old], snapshots[new]), TABLES[prefix],
                    lists[prefix, old], lists[prefix, new])


def main():
    differ, folder = sys.argv[1:3]
    if not os.path.isdir(folder):
        print("skipped: no folder %s" % folder)
        return 77
    lists = read_lists(folder)
    with tempfile.TemporaryDirectory() as work:
        from_lists(differ, lists, work)
        if len(sys.argv) > 4:
            from_dumps(differ, sys.argv[3], sys.argv[4], lists, work)
    print("%d failures" % len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
