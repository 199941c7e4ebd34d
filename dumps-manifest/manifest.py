#!/usr/bin/env python3
"""manifest.py - keeps the manifest and the baselines in step.

    manifest.py lint            every entry is whole, no baseline is orphaned, nothing is pending
    manifest.py update FOLDER   write size and digest of the synthetic dumps in FOLDER
"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = HERE / "manifest.json"
BASELINES = HERE.parent / "baselines"
PROFILES = HERE.parent / "analyzer/profiles"
REQUIRED = {"id": str, "file": str, "size": int, "xxh3_128": str, "format": str, "build": int,
            "arch": str, "baseline": str, "provenance": str, "tags": list}
OPTIONAL = {"symbols": str, "profile": str, "policy": str, "scenario": str}


def profile_faults(entry):
    """The entry names the profile that its accepted snapshot was made with, and no other."""
    baseline = BASELINES / entry["baseline"]
    source = (json.loads(baseline.read_text())["system"].get("symbols") or {}).get("source")
    used = source if (PROFILES / f"{source}.json").is_file() else None
    if entry.get("profile") != used:
        yield f"{entry['id']}: profile: expected {used!r} as in its baseline, " \
              f"found {entry.get('profile')!r}"


def entry_faults(entry):
    name = entry.get("id", "an entry without id")
    for key, kind in REQUIRED.items():
        if not isinstance(entry.get(key), kind):
            yield f"{name}: {key}: expected {kind.__name__}, found {entry.get(key)!r}"
    for key in entry.keys() - REQUIRED.keys() - OPTIONAL.keys():
        yield f"{name}: no such key: {key}"
    if not re.fullmatch(r"[0-9a-f]{32}", str(entry.get("xxh3_128"))):
        yield f"{name}: xxh3_128: expected 32 hexadecimal digits"
    if not entry.get("tags"):
        yield f"{name}: tags: expected one at least"
    scenario = entry.get("scenario")
    if scenario and not (HERE.parent / "tests/scenarios" / scenario).is_file():
        yield f"{name}: scenario {scenario}: no such file"
    policy = entry.get("policy")
    if policy and not (HERE / policy).is_file():
        yield f"{name}: policy {policy}: no such file"
    if (BASELINES / str(entry.get("baseline"))).is_file():
        yield from profile_faults(entry)
    else:
        yield f"{name}: baseline {entry.get('baseline')}: no such file"


def lint():
    entries = json.loads(MANIFEST.read_text())["dumps"]
    faults = [fault for entry in entries for fault in entry_faults(entry)]
    names = [entry.get("id") for entry in entries]
    faults += [f"{name}: named twice" for name in sorted(set(names)) if names.count(name) > 1]
    known = {entry.get("baseline") for entry in entries} | {"README.md"}
    for path in sorted(BASELINES.iterdir()):
        if path.suffix == ".new":
            faults.append(f"baselines/{path.name}: waits to be accepted or rejected "
                          "(nt-differ review, accept, reject)")
        elif path.name not in known:
            faults.append(f"baselines/{path.name}: no entry of the manifest names it")
    print("\n".join(faults) or f"{len(entries)} entries, all whole")
    return 1 if faults else 0


def update(folder):
    manifest = json.loads(MANIFEST.read_text())
    for entry in manifest["dumps"]:
        path = pathlib.Path(folder) / entry["file"]
        if not path.is_file():
            print(f"{entry['id']}: {path} is not there, left as it is")
            continue
        entry["size"] = path.stat().st_size
        entry["xxh3_128"] = subprocess.run(["xxhsum", "-q", "-H2", path], check=True, text=True,
                                           capture_output=True).stdout.split()[0]
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["lint"]:
        sys.exit(lint())
    if len(sys.argv) == 3 and sys.argv[1] == "update":
        sys.exit(update(sys.argv[2]))
    sys.exit(__doc__)
