#!/usr/bin/env python3
"""profile_gate.py - a wrong offset in a profile does not pass.

    profile_gate.py NT_ANALYZER NT_DIFFER DUMPS SOURCE

One member of every tracked structure in turn is put where it is not, in a copy of a profile. The
gate must see each: a snapshot of a dump of that build, made with the broken copy, is compared with
the accepted one. Where the section `layouts` alone gives the breakage away, it is counted apart:
that section repeats the profile and tells nothing of the dump.

`profile lint` needs no dump. How much it sees of the same breakages is printed; it must see most.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

analyzer, differ, dumps, source = sys.argv[1:]
dumps, source = pathlib.Path(dumps), pathlib.Path(source)

# Members that sections are made of; of other structures it is the one in the middle.
READ = {
    "_CLIENT_ID": "UniqueThread", "_EPROCESS": "UniqueProcessId", "_ETHREAD": "Cid",
    "_KLDR_DATA_TABLE_ENTRY": "DllBase", "_KPRCB": "CurrentThread",
    "_KPROCESS": "DirectoryTableBase", "_KPROCESSOR_STATE": "SpecialRegisters",
    "_KSPECIAL_REGISTERS": "Cr3", "_KTHREAD": "State", "_KTRAP_FRAME": "Rip",
    "_KUSER_SHARED_DATA": "SuiteMask", "_LDR_DATA_TABLE_ENTRY": "DllBase",
    "_LIST_ENTRY": "Flink", "_MM_SESSION_SPACE": "SessionId", "_UNICODE_STRING": "Buffer",
}


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def profiles():
    for path in sorted((source / "analyzer/profiles").glob("*.json")):
        yield path.stem, json.loads(path.read_text())


def dumps_by_profile():
    found = {}
    for entry in json.loads((source / "dumps-manifest/manifest.json").read_text())["dumps"]:
        if entry.get("profile") and (dumps / entry["file"]).is_file():
            found.setdefault(entry["profile"],
                             (dumps / entry["file"], source / "baselines" / entry["baseline"]))
    return found


def offset_of(text):
    return int(text.split()[0].split(":")[0], 16)


def break_member(profile, name):
    """Writes another offset for one member of a structure; gives back what was there."""
    fields = profile["types"][name]["fields"]
    in_order = sorted(fields, key=lambda member: (offset_of(fields[member]), member))
    member = READ.get(name)
    if member not in fields:
        member = in_order[len(in_order) // 2]
    before = fields[member]
    step = 4 if profile["arch"].startswith("x86") else 8
    place, rest = before.split(" ", 1)
    bits = place.split(":")[1:]
    fields[member] = f"{':'.join([hex(offset_of(before) + step), *bits])} {rest}"
    return member, before


def broken_copies(profile, scratch):
    """Yields each structure with a file in which one of its members is off."""
    path = scratch / "broken.json"
    for name in sorted(profile["types"]):
        if not profile["types"][name].get("fields"):
            continue
        member, before = break_member(profile, name)
        path.write_text(json.dumps(profile, indent=2, sort_keys=True) + "\n")
        profile["types"][name]["fields"][member] = before
        yield f"{name}.{member}", path


def lint_lines(path):
    found = run(analyzer, "profile", "lint", path)
    assert found.returncode in (0, 1), found.stderr
    return {line.split(": ", 1)[1] for line in found.stdout.splitlines()[:-1]}


def lint_stage(path, known):
    levels = {line.split(":")[0] for line in lint_lines(path) - known}
    return "error" if "error" in levels else "warning" if levels else "nothing"


def gate_stage(path, dump, baseline, scratch):
    """What held a profile back; None where it passes."""
    current = scratch / "current.json"
    taken = run(analyzer, "snapshot", dump, "--quiet", "--symbols", path, "--no-profiles",
                "-o", current)
    if taken.returncode:
        return "trouble"
    verdict = run(differ, "gate", baseline, current, "--format", "json", "--quiet")
    assert verdict.returncode in (0, 1, 3), verdict.stderr
    if verdict.returncode == 0:
        return None
    if json.loads(current.read_text())["system"]["symbols"] is None:
        return "refused: the layouts do not fit the dump"
    subjects = [change["subject"] for change in json.loads(verdict.stdout)["changes"]]
    seen = any(not subject.startswith("/layouts") for subject in subjects)
    return "values of the dump" if seen else "section layouts alone"


def check_lint(found, scratch):
    total = collections.Counter()
    for name, profile in profiles():
        if name not in found:
            continue
        known = lint_lines(source / "analyzer/profiles" / f"{name}.json")
        total.update(lint_stage(path, known) for _, path in broken_copies(profile, scratch))
    count = sum(total.values())
    print(f"lint: {count} breakages in {len(found)} profiles: " +
          ", ".join(f"{number} {stage}" for stage, number in total.most_common()))
    return total["nothing"] * 4 > count


def check_gate(found, scratch):
    """Each structure once, in the newest profile that a dump of the manifest is read with."""
    stages, done, failed = collections.Counter(), set(), 0
    for name, profile in sorted(profiles(), key=lambda row: -row[1]["build"]):
        if name not in found:
            continue
        dump, baseline = found[name]
        assert gate_stage(source / "analyzer/profiles" / f"{name}.json", dump, baseline,
                          scratch) is None, f"{name} does not pass as it is"
        left = {key: kind for key, kind in profile["types"].items() if key not in done}
        done |= left.keys()
        for subject, path in broken_copies(profile | {"types": left}, scratch):
            whole = json.loads(path.read_text())
            whole["types"] = profile["types"] | whole["types"]
            path.write_text(json.dumps(whole, indent=2, sort_keys=True) + "\n")
            stage = gate_stage(path, dump, baseline, scratch)
            stages[stage] += 1
            if stage is None:
                print(f"FAILED: {name}: {subject} at another offset passes the gate")
                failed += 1
    print(f"gate: {sum(stages.values())} structures broken, one after the other: " +
          ", ".join(f"{number} {stage or 'passed'}" for stage, number in stages.most_common()))
    return failed


dumps_found = dumps_by_profile()
if not dumps_found:
    print(f"skipped: no dumps in {dumps}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    scratch_folder = pathlib.Path(folder)
    faults = check_lint(dumps_found, scratch_folder) + check_gate(dumps_found, scratch_folder)
sys.exit(1 if faults else 0)
