#!/usr/bin/env python3
"""profile_gate.py - a wrong offset in a profile does not pass.

    profile_gate.py NT_ANALYZER NT_DIFFER DUMPS SOURCE

For each profile that an accepted snapshot was made with, one member of each of its structures in
turn is put where it is not, in a copy. Two judges must see it: `nt-analyzer profile lint`, and
`nt-differ gate` with the accepted snapshot of a dump of that build. A breakage that neither sees is
a failure; one that only the section `layouts` of the snapshot gave away is counted apart, because
that section repeats the profile and tells nothing of the dump.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

analyzer, differ, dumps, source = sys.argv[1:]
dumps, source = pathlib.Path(dumps), pathlib.Path(source)


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def profiles_in_use():
    """One dump for each profile: the first of the manifest that is here."""
    in_use = {}
    for entry in json.loads((source / "dumps-manifest/manifest.json").read_text())["dumps"]:
        baseline = source / "baselines" / entry["baseline"]
        if entry.get("profile") and (dumps / entry["file"]).is_file() and baseline.is_file():
            in_use.setdefault(entry["profile"], (dumps / entry["file"], baseline))
    return in_use


def breakages(profile):
    """Each structure with the name of a member and what to write for it."""
    step = 4 if profile["arch"].startswith("x86") else 8
    for name, kind in sorted(profile["types"].items()):
        fields = kind.get("fields")
        if not fields:
            continue
        member = sorted(fields, key=lambda field: (int(fields[field].split()[0].split(":")[0], 16),
                                                   field))[len(fields) // 2]
        place, kind_of_member = fields[member].split(" ", 1)
        offset, *bits = place.split(":")
        moved = ":".join([hex(int(offset, 16) + step), *bits])
        yield name, member, f"{moved} {kind_of_member}"


def lint_stage(broken, subject, known):
    # A change can as well make its neighbours look wrong: any line that was not there before.
    found = run(analyzer, "profile", "lint", broken)
    assert found.returncode in (0, 1), found.stderr
    lines = {line.split(": ", 1)[1] for line in found.stdout.splitlines()[:-1]} - known
    for stage in ("error", "warning"):
        if any(line.startswith(f"{stage}: {subject}") for line in lines):
            return f"lint, {stage}"
    return None


def gate_stage(broken, dump, baseline, scratch):
    current = scratch / "current.json"
    taken = run(analyzer, "snapshot", dump, "--quiet", "--symbols", broken, "--no-profiles",
                "-o", current)
    if taken.returncode:
        return "refused by the proof"
    verdict = run(differ, "gate", baseline, current, "--format", "json", "--quiet")
    if verdict.returncode not in (1, 3):
        return None
    if "symbols" not in json.loads(current.read_text())["system"]:
        return "refused by the proof"
    subjects = [change["subject"] for change in json.loads(verdict.stdout)["changes"]]
    seen = any(not subject.startswith("/layouts") for subject in subjects)
    return "values of the dump" if seen else "section layouts alone"


def check_profile(name, dump, baseline, scratch, stages):
    path = source / "analyzer/profiles" / f"{name}.json"
    known = {line.split(": ", 1)[1]
             for line in run(analyzer, "profile", "lint", path).stdout.splitlines()[:-1]}
    broken, missed, count = scratch / "broken.json", 0, 0
    for subject, member, text in breakages(json.loads(path.read_text())):
        profile = json.loads(path.read_text())
        profile["types"][subject]["fields"][member] = text
        broken.write_text(json.dumps(profile, indent=2, sort_keys=True) + "\n")
        found = lint_stage(broken, subject, known), gate_stage(broken, dump, baseline, scratch)
        stages["lint"][found[0]] += 1
        stages["gate"][found[1]] += 1
        count += 1
        if not found[1]:
            print(f"FAILED: {name}: {subject}.{member} as \"{text}\" passes the gate")
            missed += 1
    print(f"{name}: {count} structures broken, one after the other; {count - missed} held back")
    return missed


in_use = profiles_in_use()
if not in_use:
    print(f"skipped: no dumps in {dumps}")
    sys.exit(77)
stages = collections.defaultdict(collections.Counter)
with tempfile.TemporaryDirectory() as folder:
    failed = sum(check_profile(name, dump, baseline, pathlib.Path(folder), stages)
                 for name, (dump, baseline) in sorted(in_use.items()))
for judge, counts in stages.items():
    print(f"{judge}: " + ", ".join(f"{count} {stage or 'not seen'}"
                                   for stage, count in counts.most_common()))
sys.exit(1 if failed else 0)
