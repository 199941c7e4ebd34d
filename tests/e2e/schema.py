#!/usr/bin/env python3
"""schema.py - the snapshots of all dumps hold to the JSON Schema, and are canonical.

    schema.py NT_ANALYZER DUMPS SCHEMA

The validator is Debian's python3-jsonschema: not ours.
"""
import json
import pathlib
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

analyzer, dumps, schema_path = sys.argv[1:]
schema = json.loads(pathlib.Path(schema_path).read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
paths = sorted(pathlib.Path(dumps).glob("*.dmp"))
if not paths:
    print(f"skipped: no dumps in {dumps}")
    sys.exit(77)

faults = 0
for path in paths:
    text = subprocess.run([analyzer, "snapshot", path, "--quiet"], check=True,
                          capture_output=True).stdout.decode("utf-8")
    snapshot = json.loads(text)
    if json.dumps(snapshot, indent=2, sort_keys=True, ensure_ascii=False) + "\n" != text:
        print(f"{path.name}: not canonical")
        faults += 1
    for error in list(validator.iter_errors(snapshot))[:5]:
        where = "/".join(map(str, error.absolute_path))
        print(f"{path.name}: {where}: {error.message[:200]}")
        faults += 1
    print(f"{path.name}: checked")
sys.exit(1 if faults else 0)
