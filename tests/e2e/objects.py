#!/usr/bin/env python3
"""objects.py - handles, objects and their types in the synthetic dumps are those that the forge
wrote; of a published machine, those that were published.

    objects.py NT_ANALYZER DUMPS

Every handle of every process is compared, in the codings of all builds and in tables of one to
three levels, with symbols of the kernel itself and without.
"""
import json
import pathlib
import subprocess
import sys

analyzer, dumps = sys.argv[1], pathlib.Path(sys.argv[2])
ATTRIBUTES = {"Protected": 1, "Inherit": 2, "Audit": 4}
checked = 0

# `!handle 1c0` in the active dump of 10240, and `!object` of what is behind it.
PUBLISHED = {
    "handle": "0x1c0", "entry": "0xffffc001d3300700", "object": "0xffffe00076049f20",
    "type": "File", "granted_access": "0x12019f", "attributes": ["Protected", "Inherit", "Audit"],
    "handle_count": 1, "pointer_count": 32770,
    "header": {"address": "0xffffe00076049ef0", "flags": [], "optional": {}},
    "name": "\\Device\\HarddiskVolume2\\Tools\\NotMyfault.log",  # made up by the scenario
}


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def snapshot(dump, *options):
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--quiet", "--sections", "handles,objects,system",
         *(["--scan"] if dump.stem.startswith("unlisted") else []), *options],
        check=True, capture_output=True).stdout)


def handles_found(found):
    for process in found["processes"]:
        for entry in (process.get("handles") or {}).get("entries", []):
            yield (process["pid"], int(entry["handle"], 16), entry["entry"], entry["object"],
                   int(entry["granted_access"], 16),
                   sum(ATTRIBUTES[name] for name in entry["attributes"]))


def handles_written(facts):
    for entry in facts["handles"]:
        yield (entry["pid"], entry["handle"], entry["entry"], entry["object"], entry["access"],
               entry["attributes"])


def check_types(what, facts, found):
    types = {name: (fact["index"], fact["address"], fact["objects"], fact["handles"])
             for name, fact in facts["object_types"].items()}
    expect(f"{what}: types",
           {t["name"]: (t["index"], t["address"], t["objects"], t["handles"])
            for t in found["objects"]["types"]}, types)


def check_counts(what, facts, found):
    """The types' own counts of handles, and those counted one by one."""
    by_type = {}
    for process in found["processes"]:
        handles = process.get("handles")
        if handles is None:
            continue
        expect(f"{what}: count of {process['pid']}", handles["count"], len(handles["entries"]))
        expect(f"{what}: sum of {process['pid']}", sum(handles["by_type"].values()),
               handles["count"])
        for name, count in handles["by_type"].items():
            by_type[name] = by_type.get(name, 0) + count
    expect(f"{what}: handles by type", by_type,
           {name: fact["handles"] for name, fact in facts["object_types"].items()
            if fact["handles"]})


def check_names(what, facts, found):
    """Each object once, by its full path; names of handles are the same paths."""
    paths = {}
    for path, entries in found["objects"]["directories"].items():
        for entry in entries:
            paths[path.rstrip("\\") + "\\" + entry["name"]] = entry["address"]
    written = {path: at for path, at in facts["named_objects"].items() if path != "\\"}
    expect(f"{what}: named objects", paths, written)
    by_address = {address: path for path, address in paths.items()}
    for process in found["processes"]:
        for entry in (process.get("handles") or {}).get("entries", []):
            if entry["object"] in by_address:
                expect(f"{what}: name of {entry['handle']}", entry["name"],
                       by_address[entry["object"]])
    links = {link["name"]: link["target"] for link in found["objects"]["directories"]["\\GLOBAL??"]}
    expect(f"{what}: drive C", links["C:"], "\\Device\\HarddiskVolume2")


def check_keys(what, facts, found):
    """The root of a hive is in the path once, whether it has two blocks in this build or one."""
    names = {h["object"]: h.get("name") for p in found["processes"]
             for h in (p.get("handles") or {}).get("entries", []) if h["type"] == "Key"}
    expect(f"{what}: keys", names, facts.get("keys", {}))


def check_headers(what, facts, found):
    """Of what the forge puts before headers: a name, and of processes and threads a charge."""
    header, info = (0x18, 0x10) if found["system"]["arch"] != "x64" else (0x30, 0x20)
    named = set(facts.get("named_objects", {}).values())
    for process in found["processes"]:
        for entry in (process.get("handles") or {}).get("entries", []):
            at = int(entry["object"], 16) - header
            expect(f"{what}: header of {entry['object']}", int(entry["header"]["address"], 16), at)
            optional = {name: int(where, 16) for name, where in entry["header"]["optional"].items()}
            if entry["object"] in named:
                expect(f"{what}: before {entry['object']}", optional, {"NAME_INFO": at - info})
            elif entry["type"] == "Thread" or entry["type"] == "Process" and process["pid"] != 4:
                expect(f"{what}: before {entry['object']}", optional.get("QUOTA_INFO"),
                       None if entry.get("name", "").startswith("System ") else at - info)


def check_published(found):
    process = next(p for p in found["processes"] if p["name"] == "NotMyfault.exe")
    expect("ObjectTable", process["handles"]["table"], "0xffffc001e0e2b2c0")
    handle = next(h for h in process["handles"]["entries"] if h["handle"] == "0x1c0")
    for key, value in PUBLISHED.items():
        expect(f"handle 0x1c0: {key}", handle[key], value)
    types = {t["name"]: t["address"] for t in found["objects"]["types"]}
    expect("the type File", types["File"], "0xffffe0007301fdc0")


def check(dump, *options):
    what = " ".join([dump.name, *map(str, options)])
    facts = json.loads(dump.with_suffix(".facts.json").read_text())
    found = snapshot(dump, *options)
    for section in ("handles", "objects"):
        status = found["coverage"]["sections"][section]
        expect(f"{what}: unreadable in {section}", status["unreadable"], {})
    expect(f"{what}: handles", sorted(handles_found(found)), sorted(handles_written(facts)))
    check_types(what, facts, found)
    check_counts(what, facts, found)
    check_keys(what, facts, found)
    check_headers(what, facts, found)
    if "named_objects" in facts:
        check_names(what, facts, found)
    if dump.stem == "win10-10240-active":
        check_published(found)
    return found


# Dumps that lie on purpose are for other tests.
paths = [path for path in sorted(dumps.glob("[!h]*.dmp"))
         if "object_types" in json.loads(path.with_suffix(".facts.json").read_text())]
if not paths:
    print(f"skipped: no dumps with handles in {dumps}")
    sys.exit(77)
for path in paths:
    expect(f"{path.name}: how types are found", check(path)["objects"]["types_found_by"],
           "ObpTypeObjectType")
    symbols = dumps / "symbols" / path.stem / "windows"
    if symbols.exists() and "x86" not in path.stem and "winxp" not in path.stem:
        expect(f"{path.name}: how types are found, with symbols",
               check(path, "--symbols", symbols)["objects"]["types_found_by"], "ObTypeIndexTable")
print(f"{len(paths)} dumps, {checked} checks")
