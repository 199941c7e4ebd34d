#!/usr/bin/env python3
"""images.py - real ntdll.dll, win32u.dll and ntoskrnl.exe files, which are no part of the project:
whatever of them is in the folder that the environment variable NTDRIFT_IMAGES names.

    images.py NT_ANALYZER SCHEMA LISTS

Every export that is called like a service has to be a stub of a known shape, but those that real
builds answer in user mode; and the numbers have to be those of LISTS, the public lists of system
calls (nt-BUILD-x64.txt, NAME TAB NUMBER). A list is of one revision of its build: a service that
only one of the two has, which later revisions add, moves those behind it.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(77)

analyzer, schema, lists = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
folder = os.environ.get("NTDRIFT_IMAGES")
if not folder:
    print("skipped: NTDRIFT_IMAGES names no folder with real files of Windows")
    sys.exit(77)

# Answered in user mode, and exported under the names of services all the same.
NO_SERVICES = {"NtQuerySystemTime", "NtGetTickCount", "NtCurrentTeb"}
# Updates append it behind the last number, not where its name belongs: where that is depends on what
# else the revision has.
APPENDED = {"NtLoadKey3"}
failures = 0


def fail(what):
    global failures
    failures += 1
    print(f"FAILED: {what}")


def public_list(kind, build):
    path = lists / f"{kind}-{build}-x64.txt"
    if not path.exists():
        return None
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line.strip())
    return {name: int(number) for name, number in rows}


def check_numbers(name, found, listed):
    common = (found.keys() & listed.keys()) - APPENDED
    gone = sorted(listed[service] for service in listed.keys() - common)
    new = sorted(found[service] for service in found.keys() - common)
    for service in sorted(common):
        expected = (listed[service] - sum(number < listed[service] for number in gone) +
                    sum(number < found[service] for number in new))
        if found[service] != expected:
            fail(f"{name}: {service} is {found[service]}, expected {expected}")
            return
    equal = sum(found[service] == listed[service] for service in common)
    print(f"  numbers: {len(common)} of the public list's {len(listed)} ({equal} the same, the others "
          f"moved by services that only one side has); {len(gone)} only there, {len(new)} only here")


def check(path, validator):
    run = subprocess.run([analyzer, "image", path], capture_output=True, text=True)
    if run.returncode:
        print(f"{path.name}: {run.stderr.strip()}")
        return False
    snapshot = json.loads(run.stdout)
    for error in validator.iter_errors(snapshot):
        fail(f"{path.name}: {error.json_path}: {error.message[:200]}")
    if "stubs" not in snapshot:
        print(f"{path.name}: {snapshot['coverage']['sections']['stubs']['reason']}")
        return False
    module = snapshot["stubs"]["modules"][0]
    entries = module["entries"]
    kinds = collections.Counter(entry["mechanism"] for entry in entries)
    shapes = {entry["template"] for entry in entries if entry["mechanism"] != "unknown"}
    print(f"{path.name}: {module['module']} {snapshot['image'].get('version')} "
          f"{snapshot['system']['arch']}: {len(entries)} names, {dict(kinds)}, "
          f"{len(shapes)} templates")
    odd = {entry["name"] for entry in entries if entry["mechanism"] == "unknown"}
    if odd - NO_SERVICES:
        fail(f"{path.name}: no stubs of a known shape: {sorted(odd - NO_SERVICES)}")
    if len(kinds) - ("unknown" in kinds) != 1:
        fail(f"{path.name}: more than one mechanism: {dict(kinds)}")
    of_64_bits = snapshot["system"]["arch"] == "x64" or module["module"].startswith("SysWOW64")
    kind = "win32k" if "win32u" in module["module"] else "nt"
    listed = public_list(kind, snapshot["system"]["build"]) if of_64_bits else None
    found = {entry["name"]: entry["number"] for entry in entries if "number" in entry}
    if listed and module["module"].startswith("SysWOW64"):
        # What WoW64 has of its own is numbered apart.
        found = {name: number for name, number in found.items() if name in listed}
    if listed:
        check_numbers(path.name, found, listed)
    return True


def main():
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    paths = [path for path in sorted(pathlib.Path(folder).iterdir())
             if path.suffix.lower() in (".dll", ".exe")]
    checked = sum(check(path, validator) for path in paths)
    if not checked:
        print(f"skipped: no file with stubs in NTDRIFT_IMAGES ({folder})")
        sys.exit(77)
    print(f"{checked} files, {failures} failures")
    sys.exit(failures != 0)


main()
