#!/usr/bin/env python3
"""ci_jobs.py - the CI jobs of README.md are YAML, and what they call is there.

    ci_jobs.py SOURCE BUILD
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

source, build = map(pathlib.Path, sys.argv[1:])
presets = {preset["name"]
           for preset in json.loads((source / "CMakePresets.json").read_text())["testPresets"]}
ctest_help = subprocess.run(["ctest", "--help"], check=True, capture_output=True, text=True).stdout
failed = 0


def fault(text):
    global failed
    print(f"FAILED: {text}")
    failed += 1


def check_ctest(words):
    options = [word for word in words if word.startswith("-")]
    for option in options:
        if not re.search(rf"(^|[ ,]){re.escape(option)}(?![-a-z])", ctest_help, re.MULTILINE):
            fault(f"ctest has no option {option}")
    if words[words.index("--preset") + 1] not in presets:
        fault(f"no such test preset: {words}")


def check_command(line):
    """Each command's program is in the source folder, in a build, or ctest."""
    if subprocess.run(["bash", "-n", "-c", line]).returncode:
        fault(f"not a command: {line}")
    words = shlex.split(line)
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    program = pathlib.Path(words[0])
    if words[0] == "ctest":
        check_ctest(words)
    elif program.parts[:2] == ("build", "release"):
        ran = subprocess.run([build / program.name, *words[1:], "--help"], capture_output=True)
        if ran.returncode:
            fault(f"{line}: {ran.stderr}")
    elif not (source / program).is_file():
        fault(f"no such program: {line}")


def commands_of(job):
    if "steps" in job:
        yield from (step["run"] for step in job["steps"] if "run" in step)
    else:
        yield from job["script"]
        yield from job["after_script"]


blocks = re.findall(r"```yaml\n(.*?)```", (source / "README.md").read_text(), re.DOTALL)
github, gitlab = map(yaml.safe_load, blocks)
jobs = [*github["jobs"].values(), *gitlab.values()]
commands = [line for job in jobs for line in commands_of(job)]
for command in commands:
    check_command(command)
print(f"{len(blocks)} CI files, {len(jobs)} jobs, {len(commands)} commands, {failed} faults")
sys.exit(1 if failed else 0)
