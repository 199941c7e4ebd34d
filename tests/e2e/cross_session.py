#!/usr/bin/env python3
"""cross_session.py - what processes hold outside of their session's namespace, and private
namespaces, are in the synthetic dumps what the scenarios say.

    cross_session.py NT_ANALYZER DUMPS SCENARIOS

Every list of every process is compared: a dump whose scenario puts nothing outside has empty ones.
With symbols of the kernel itself the namespaces are found by its table, without by handles.
"""
import json
import pathlib
import subprocess
import sys

analyzer, dumps, scenarios = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
checked = 0


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def snapshot(dump, *options):
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--quiet", "--sections", "processes,cross_session,objects",
         *options], check=True, capture_output=True).stdout)


def check_processes(what, facts, found):
    """Notes of the forge are in the order of the handles, as the lists are."""
    written = {}
    for note in facts.get("cross_session", []):
        written.setdefault(note["pid"], []).append(
            {key: value for key, value in note.items() if key != "pid"})
    for process in found["processes"]:
        who = f"{what}: {process['name']} {process['pid']}"
        if process.get("exit_time") or process["name"] == "Idle":
            expect(who, "cross_session" in process, False)
        else:
            expect(who, process["cross_session"], written.pop(process["pid"], []))
    expect(f"{what}: processes that are not there", written, {})


def namespaces_written(facts, scenario):
    rows = zip(facts.get("namespaces", []), scenario.get("namespaces", []), strict=True)
    for number, (fact, row) in enumerate(rows):
        types = {name: kind for kind, name in row["objects"]}
        yield {
            "address": fact["address"],
            "directory": fact["directory"],
            "boundary": {"name": row["name"], "sids": row["sids"],
                         "integrity": row.get("integrity", [])},
            "processes": [int(handle["pid"], 0) for handle in scenario["handles"]
                          if handle.get("namespace") == number and "name" not in handle],
            "objects": sorted([{"address": address, "name": name, "type": types[name]}
                               for name, address in fact["objects"].items()],
                              key=lambda item: item["address"]),
        }


def check_namespaces(what, facts, scenario, found):
    listed = found["objects"].get("namespaces", [])
    for namespace in listed:
        namespace["objects"].sort(key=lambda item: item["address"])
    expect(f"{what}: namespaces", sorted(listed, key=lambda item: item["address"]),
           sorted(namespaces_written(facts, scenario), key=lambda item: item["address"]))


def check(dump, *options):
    what = " ".join([dump.name, *map(str, options)])
    facts = json.loads(dump.with_suffix(".facts.json").read_text())
    scenario = json.loads((scenarios / f"{dump.stem}.json").read_text())
    found = snapshot(dump, *options)
    nameless = [note for note in facts.get("cross_session", []) if note["name"] is None]
    expect(f"{what}: unreadable", found["coverage"]["sections"]["cross_session"]["unreadable"],
           {"not-in-dump": len(nameless)} if nameless else {})
    check_processes(what, facts, found)
    check_namespaces(what, facts, scenario, found)
    return found["objects"].get("namespaces_found_by")


# Dumps whose lists are broken on purpose are for other tests.
paths = [path for path in sorted(dumps.glob("*.dmp"))
         if not path.stem.startswith("hostile") and "handles" in
         json.loads(path.with_suffix(".facts.json").read_text())]
if not paths:
    print(f"skipped: no dumps with handles in {dumps}")
    sys.exit(77)
TABLES = {"win10-18362": "PspHostSiloGlobals", "hidden-7601": "ObpPrivateNamespaceLookupTable"}
for path in paths:
    by = check(path)
    symbols = dumps / "symbols" / path.stem / "windows"
    if path.stem in TABLES:
        expect(f"{path.name}: how namespaces are found", by, "handles")
        expect(f"{path.name}: how namespaces are found, with symbols",
               check(path, "--symbols", symbols), TABLES[path.stem])
print(f"{len(paths)} dumps, {checked} checks")
