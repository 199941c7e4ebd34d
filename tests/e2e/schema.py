#!/usr/bin/env python3
"""schema.py - the snapshots of all dumps hold to the JSON Schema, and are canonical.

    schema.py NT_ANALYZER DUMPS SCHEMA

The validator is Debian's python3-jsonschema: not ours.
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

analyzer, dumps, schema_path = sys.argv[1:]
schema = json.loads(pathlib.Path(schema_path).read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)


def faults_of(path):
    text = subprocess.run([analyzer, "snapshot", path, "--quiet"], check=True,
                          capture_output=True).stdout.decode("utf-8")
    snapshot = json.loads(text)
    if json.dumps(snapshot, indent=2, sort_keys=True, ensure_ascii=False) + "\n" != text:
        yield "not canonical"
    for error in list(validator.iter_errors(snapshot))[:5]:
        where = "/".join(map(str, error.absolute_path))
        yield f"{where}: {error.message[:200]}"


def check(path):
    faults = list(faults_of(path))
    print("\n".join(f"{path.name}: {fault}" for fault in faults or ["checked"]))
    return len(faults)


def check_lying_header(scratch):
    """Counts of 2^63 and more in a bitmap dump's header."""
    lying = pathlib.Path(scratch) / "lying.dmp"
    subprocess.run(["cp", "--sparse=always", pathlib.Path(dumps) / "win10-10240.dmp", lying],
                   check=True)
    with open(lying, "r+b") as file:
        for offset in (0x2020, 0x2028):  # BITMAP_DUMP: FirstPage, TotalPresentPages
            file.seek(offset + 7)
            file.write(b"\xff")
    return check(lying)


paths = sorted(pathlib.Path(dumps).glob("*.dmp"))
if not paths:
    print(f"skipped: no dumps in {dumps}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    sys.exit(1 if sum(map(check, paths)) + check_lying_header(folder) else 0)
