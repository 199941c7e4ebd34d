#!/usr/bin/env python3
"""schema.py - every JSON file of the project and of the programs holds to its JSON Schema.

    schema.py NT_ANALYZER NT_DIFFER DUMPS SOURCE

The schemas are those that the programs print. Snapshots of all dumps are canonical as well. What is
no such file is refused by the schema too, and every key has a description. The validator is Debian's
python3-jsonschema: not ours.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

analyzer, differ, dumps, source = sys.argv[1:]
dumps, source = pathlib.Path(dumps), pathlib.Path(source)
golden = source / "tests/golden"

PRINTED_BY = {"snapshot": analyzer, "profile": analyzer, "manifest": analyzer,
              "diff": differ, "history": differ, "policy": differ}

# Policies that only the differ can refuse: they name what is not there, or no day, or no range.
BEYOND_A_SCHEMA = {"policy-bad-unknown-kind", "policy-bad-expires", "policy-bad-builds"}


def output_of(*command, codes=(0,)):
    done = subprocess.run([str(word) for word in command], capture_output=True)
    assert done.returncode in codes, (command, done.returncode, done.stderr)
    return done.stdout.decode("utf-8")


class Schema:
    def __init__(self, name, program):
        self.name, self.count, self.faults = name, 0, 0
        self.text = output_of(program, "--schema", name)
        self.schema = json.loads(self.text)
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft202012Validator(self.schema)

    def fault(self, what):
        print(f"FAILED: {self.name}: {what}")
        self.faults += 1

    def check(self, what, value):
        self.count += 1
        for error in list(self.validator.iter_errors(value))[:5]:
            self.fault(f"{what}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")

    def check_file(self, path):
        self.check(path.relative_to(source), json.loads(path.read_text()))

    def check_refused(self, what, value):
        self.count += 1
        if self.validator.is_valid(value):
            self.fault(f"{what}: passes the schema and should not")

    def target(self, node):
        """What a $ref leads to, unless the key itself is described."""
        while "$ref" in node and "description" not in node:
            found = self.schema
            for word in node["$ref"].removeprefix("#/").split("/"):
                found = found[word]
            node = found
        return node

    def check_descriptions(self, node, path=""):
        if isinstance(node, list):
            for child in node:
                self.check_descriptions(child, path)
        if not isinstance(node, dict):
            return
        properties = node.get("properties")
        for key, value in properties.items() if isinstance(properties, dict) else ():
            if not self.target(value).get("description"):
                self.fault(f"{path}/{key}: has no description")
        for key, value in node.items():
            self.check_descriptions(value, f"{path}/{key}")


schemas = {name: Schema(name, program) for name, program in PRINTED_BY.items()}


def check_snapshot(name, text):
    snapshot = json.loads(text)
    if json.dumps(snapshot, indent=2, sort_keys=True, ensure_ascii=False) + "\n" != text:
        schemas["snapshot"].fault(f"{name}: not canonical")
    schemas["snapshot"].check(name, snapshot)


def check_lying_header(scratch):
    """Counts of 2^63 and more in a bitmap dump's header."""
    lying = scratch / "lying.dmp"
    subprocess.run(["cp", "--sparse=always", dumps / "win10-10240.dmp", lying], check=True)
    with open(lying, "r+b") as file:
        for offset in (0x2020, 0x2028):  # BITMAP_DUMP: FirstPage, TotalPresentPages
            file.seek(offset + 7)
            file.write(b"\xff")
    check_snapshot("lying.dmp", output_of(analyzer, "snapshot", lying, "--quiet"))


def check_snapshots(scratch):
    for dump in sorted(dumps.glob("*.dmp")):
        check_snapshot(dump.name, output_of(analyzer, "snapshot", dump, "--quiet"))
        if dump.stem.startswith("unlisted") or dump.stem.endswith("planted"):
            check_snapshot(f"{dump.name} --scan",
                           output_of(analyzer, "snapshot", dump, "--quiet", "--scan"))
    for baseline in sorted((source / "baselines").glob("*.json")):
        schemas["snapshot"].check_file(baseline)
    profile = source / "analyzer/profiles/ntkrnlmp-22000.318-x64.json"
    check_snapshot("layout", output_of(analyzer, "layout", profile))
    check_lying_header(scratch)
    schemas["snapshot"].check_refused("a profile", json.loads(profile.read_text()))


def check_profiles():
    made = source / "analyzer/profiles/nt-7601-x64.json"
    for profile in sorted((source / "analyzer/profiles").glob("*.json")):
        schemas["profile"].check_file(profile)
    schemas["profile"].check("profile make", json.loads(output_of(analyzer, "profile", "make", made)))
    profile = json.loads(made.read_text())
    profile["types"]["_EPROCESS"]["fields"]["Pcb"] = "160 _KPROCESS"
    schemas["profile"].check_refused("an offset without 0x", profile)


def check_manifest():
    path = source / "dumps-manifest/manifest.json"
    schemas["manifest"].check_file(path)
    manifest = json.loads(path.read_text())
    manifest["dumps"][0]["xxh3_128"] = "0"
    schemas["manifest"].check_refused("a short digest", manifest)


def check_differences():
    for expected in sorted(golden.glob("*/expected.json")):
        if expected.stat().st_size:
            kind = "history" if expected.parent.name.startswith("history-") else "diff"
            schemas[kind].check_file(expected)
    two = [source / "baselines" / f"{name}.json" for name in ("win81-9600", "win10-10240")]
    for command in ("diff", "gate"):
        text = output_of(differ, command, *two, "--format", "json", "--quiet", codes=(1,))
        schemas["diff"].check(command, json.loads(text))
    schemas["policy"].check("gate --write-waivers", json.loads(
        output_of(differ, "gate", *two, "--write-waivers", "--quiet", codes=(1,))))
    schemas["diff"].check_refused("a snapshot", json.loads(two[0].read_text()))


def check_policies():
    for path in sorted(golden.glob("*/policy.json")):
        case = path.parent.name
        if case.startswith("policy-bad-") and case not in BEYOND_A_SCHEMA:
            schemas["policy"].check_refused(case, json.loads(path.read_text()))
        else:
            schemas["policy"].check_file(path)


if not list(dumps.glob("*.dmp")):
    print(f"skipped: no dumps in {dumps}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    check_snapshots(pathlib.Path(folder))
check_profiles()
check_manifest()
check_differences()
check_policies()
for schema in schemas.values():
    schema.check_descriptions(schema.schema)
    print(f"{schema.name}: {schema.count} files checked, {schema.faults} faults")
sys.exit(1 if any(schema.faults for schema in schemas.values()) else 0)
