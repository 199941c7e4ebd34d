#!/usr/bin/env python3
"""report_formats.py - the reports for other programs (JUnit, SARIF, GitHub annotations), read as those
programs read them, and several reports of one run.

    report_formats.py NT_DIFFER BASELINES

SARIF is validated against the published schema where NTDRIFT_SARIF_SCHEMA names a copy of it
(sarif-schema-2.1.0.json of OASIS), and always against what the standard and code scanning require.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import jsonschema

NT_DIFFER, BASELINES = sys.argv[1], pathlib.Path(sys.argv[2])
OLD, NEW = BASELINES / "win81-9600.json", BASELINES / "win10-10240.json"
HOSTILE = "e\x1b[31m%0A::error::,:<&\"'\u202e\n.exe"
failures = 0


def check(what, holds):
    global failures
    print(("ok      " if holds else "FAILED  ") + what)
    failures += not holds


def differ(*arguments, command="diff"):
    return subprocess.run([NT_DIFFER, command, *map(str, arguments)], capture_output=True, check=False)


def report(form, old, new, *more, command="diff"):
    run = differ(old, new, "-f", form, "--quiet", *more, command=command)
    assert run.returncode in (0, 1, 3), run.stderr
    return run.stdout.decode("utf-8")


def process(name, address, **more):
    return {"name": name, "address": address, "parent": {"state": "none"}, "session": 0, **more}


def snapshot(folder, name, **sections):
    path = folder / name
    path.write_text(json.dumps({"schema": "ntdrift-snapshot/1", **sections}))
    return path


# ---- JUnit ----

def check_junit(text, changes, unknown, what):
    root = ElementTree.fromstring(text)
    suites = root.findall("testsuite")
    check(f"{what}: the root counts what its suites count",
          all(int(root.get(key)) == sum(int(suite.get(key)) for suite in suites)
              for key in ("tests", "failures", "errors", "skipped")))
    for suite in suites:
        cases = suite.findall("testcase")
        counted = {"tests": len(cases),
                   "failures": sum(case.find("failure") is not None for case in cases),
                   "skipped": sum(case.find("skipped") is not None for case in cases)}
        if any(int(suite.get(key)) != value for key, value in counted.items()):
            check(f"{what}: suite {suite.get('name')} counts its cases", False)
    cases = root.findall(".//testcase")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    check(f"{what}: every case has a name of its own", len(set(names)) == len(names))
    told = [case for case in cases if case.get("name") != "none"]
    check(f"{what}: a case for each change and each thing that is not comparable",
          len(told) == len(changes) + len(unknown))
    failed = {case.get("classname") for case in cases if case.find("failure") is not None}
    gating = {change["kind"] for change in changes
              if change["severity"] != "info" and not change.get("waived")}
    check(f"{what}: what gates by default fails", failed == gating)
    return root


# ---- SARIF ----

LEVELS = {"breaking": "error", "notable": "warning", "info": "note"}


def check_sarif(text, changes, what):
    log = json.loads(text)
    schema = os.environ.get("NTDRIFT_SARIF_SCHEMA")
    if schema:
        with open(schema, encoding="utf-8") as file:
            published = json.load(file)
        jsonschema.validators.validator_for(published)(published).validate(log)
        check(f"{what}: valid by the published schema", True)
    run, = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    check(f"{what}: version and driver", log["version"] == "2.1.0" and run["tool"]["driver"]["name"] == "ntdrift")
    check(f"{what}: a rule has all its texts",
          all(rule["id"] and rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
              and rule["help"]["text"] for rule in rules))
    check(f"{what}: a result for each change, in order",
          [(result["ruleId"], result["message"]["text"], result["level"]) for result in run["results"]]
          == [(change["kind"], change["message"], LEVELS[change["severity"]]) for change in changes])
    check(f"{what}: indexes point at their rules",
          all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"]))
    prints = [result["partialFingerprints"]["ntdriftChange/v1"] for result in run["results"]]
    check(f"{what}: no two fingerprints are alike", len(set(prints)) == len(prints))
    check(f"{what}: each result is at a file",
          all(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
              for result in run["results"]))
    return run


# ---- GitHub ----

def read_commands(text):
    """What GitHub's runner makes of it: level, properties, message; unescaped as it does."""
    commands = []
    for line in text.splitlines():
        head, _, message = line[2:].partition("::")
        level, _, properties = head.partition(" ")
        assert line.startswith("::") and level in ("error", "warning", "notice"), line
        read = dict(item.split("=", 1) for item in properties.split(","))
        commands.append((level, {key: unescape(value) for key, value in read.items()}, unescape(message)))
    return commands


def unescape(value):
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        value = value.replace(code, character)
    return value


def check_github(text, changes, what):
    commands = read_commands(text)
    for level in ("error", "warning", "notice"):
        check(f"{what}: at most ten of level {level}", sum(command[0] == level for command in commands) <= 10)
    messages = {change["message"] for change in changes}
    rest = [command for command in commands if command[1]["title"] == "and more"]
    told = sum(command[2] in messages for command in commands)
    counted = sum(int(command[2].split()[0]) for command in rest if command[0] != "notice")
    gating = [change for change in changes if change["severity"] != "info"]
    check(f"{what}: told and counted are all", told + counted >= len(gating))
    return commands


with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    whole = json.loads(report("json", OLD, NEW))
    check("the two baselines differ in more than a step has room for", len(whole["changes"]) > 40)
    check_junit(report("junit", OLD, NEW), whole["changes"], whole["not_comparable"], "baselines, junit")
    check_sarif(report("sarif", OLD, NEW), whole["changes"], "baselines, sarif")
    check_github(report("github", OLD, NEW), whole["changes"], "baselines, github")

    # Nothing differs: still a report that readers take.
    same = report("junit", OLD, OLD)
    unknown = json.loads(report("json", OLD, OLD))["not_comparable"]
    root = check_junit(same, [], unknown, "the same twice, junit")
    check("the same twice, junit: tests ran and passed",
          int(root.get("tests")) > 10 and root.get("failures") == "0")
    check_sarif(report("sarif", OLD, OLD), [], "the same twice, sarif")
    check("the same twice, github: only what is not comparable",
          {command[1]["title"] for command in read_commands(report("github", OLD, OLD))} == {"not comparable"})

    # Waivers are to be seen in each.
    policy = folder / "policy.json"
    policy.write_text(json.dumps({"schema": "ntdrift-policy/1", "waivers": [
        {"kind": "process.*", "subject": "*", "reason": "known of <this> build"},
        {"kind": "layout.*", "subject": "*", "reason": "known, too: 100%"}]}))
    waived = json.loads(report("json", OLD, NEW, "--policy", policy))["changes"]
    check("all changes are waived", all(change.get("waived") for change in waived if change["kind"][:6] in ("layout", "proces")))
    root = check_junit(report("junit", OLD, NEW, "--policy", policy), waived, whole["not_comparable"], "waived, junit")
    reasons = {case.find("skipped").get("message") for case in root.findall(".//testcase") if case.find("skipped") is not None}
    check("waived, junit: skipped with the reason", "waived: known of <this> build" in reasons)
    run = check_sarif(report("sarif", OLD, NEW, "--policy", policy), waived, "waived, sarif")
    check("waived, sarif: suppressed with the reason",
          {result["suppressions"][0]["justification"] for result in run["results"] if "suppressions" in result}
          == {"known of <this> build", "known, too: 100%"})
    commands = check_github(report("github", OLD, NEW, "--policy", policy), [], "waived, github")
    check("waived, github: notices with the reason",
          any("(waived: known" in message for _, _, message in commands)
          and not any(level == "error" for level, _, _ in commands))

    # Names that would be markup, commands or ends of lines.
    old = snapshot(folder, "old,1.json", coverage={"sections": {}}, layouts={"types": {
        HOSTILE: {"kind": "struct", "size": 8, "fields": {}}}})
    new = snapshot(folder, "new.json", coverage={"sections": {}}, layouts={"types": {
        HOSTILE: {"kind": "struct", "size": 16, "fields": {}}}})
    shown = json.loads(report("json", old, new))["changes"]
    check("a hostile name differs", len(shown) == 1)
    root = ElementTree.fromstring(report("junit", old, new))
    failure, = root.findall(".//failure")
    check("hostile name, junit: shown, not obeyed", "\\x1b[31m%0A::error::,:<&\"'" in failure.get("message"))
    run, = json.loads(report("sarif", old, new))["runs"]
    check("hostile name, sarif: shown, not obeyed", "\\x1b[31m" in run["results"][0]["message"]["text"])
    check("hostile name, sarif: the path is a URI",
          run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("/old%2C1.json"))
    text = report("github", old, new)
    (level, properties, message), *others = read_commands(text)
    check("hostile name, github: one command, of one line",
          not others and text.count("\n") == 1 and level == "error" and "%0A::error::" in message
          and properties["file"].endswith("old,1.json") and "\x1b" not in text)

    # Several reports of one run, each what it is alone.
    names = {"text": "a.txt", "markdown": "a.md", "html": "a.html", "json": "a.json",
             "junit": "a.xml", "sarif": "a.sarif", "github": "a.github"}
    wanted = [word for form, name in names.items() for word in ("-f", form, "-o", folder / name)]
    run = differ(OLD, NEW, *wanted)
    check("seven reports of one run: exit code and silence", run.returncode == 1 and not run.stdout and not run.stderr)
    for form, name in names.items():
        check(f"{form} among seven is {form} alone",
              (folder / name).read_text(encoding="utf-8") == report(form, OLD, NEW))
    run = differ(OLD, NEW, "-f", "json", "-o", folder / "b.json", "-f", "junit")
    check("a file and standard output", (folder / "b.json").exists() and run.stdout.startswith(b"<?xml"))
    run = differ(OLD, NEW, "-o", folder / "c.json", "-f", "json")
    check("a file named before its format", json.loads((folder / "c.json").read_text())["schema"] == "ntdrift-diff/1")
    run = differ(OLD, NEW, "-f", "json", "-o", folder / "d.json", "-f", "text", "-o", folder / "no/d.txt")
    check("one that cannot be written: exit 2, one line, and none is written",
          run.returncode == 2 and run.stderr.count(b"\n") == 1 and not (folder / "d.json").exists()
          and not list(folder.glob("d.json*")))
    for wrong in (("-f", "json", "-f", "text"), ("-f", "json", "-o", "x", "-o", "y"),
                  ("-o", "x", "-f", "json", "-o", "y"), ("-f", "pdf"),
                  ("-f", "json", "-o", folder / "e", "-f", "text", "-o", folder / "e")):
        run = differ(OLD, NEW, *wrong)
        check(f"refused: {' '.join(map(str, wrong))}",
              run.returncode == 2 and run.stderr.count(b"\n") == 1 and not run.stdout)

    # The gate's own policy decides what fails.
    policy.write_text(json.dumps({"schema": "ntdrift-policy/1", "gate": {"kinds": ["process.parent.shifted"], "severities": []}}))
    run = differ(OLD, NEW, "--policy", policy, "-f", "junit", "--quiet", command="gate")
    failed = {case.get("classname") for case in ElementTree.fromstring(run.stdout).findall(".//testcase")
              if case.find("failure") is not None}
    check("gate, junit: what the policy gates fails", run.returncode == 1 and failed == {"process.parent.shifted"})

sys.exit(1 if failures else 0)
