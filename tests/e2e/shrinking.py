#!/usr/bin/env python3
"""shrinking.py - a dump that gets shorter while it is read ends in one line and exit code 2, and
leaves no output.

    shrinking.py NT_ANALYZER DUMPS

The analyzer is stopped as soon as it has mapped the dump, which is cut then.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import mutants

TRIES = 40
LEFT = 0x30000  # the header, and a few pages


def is_mapped(pid, path):
    try:
        return str(path) in pathlib.Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def run_and_cut(analyzer, dump, command):
    """Gives the exit code and what was said; None where the analyzer was faster."""
    process = subprocess.Popen([analyzer, *command], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not is_mapped(process.pid, dump):
        pass
    process.send_signal(signal.SIGSTOP)
    os.truncate(dump, LEFT)
    process.send_signal(signal.SIGCONT)
    written, said = process.communicate()
    return process.returncode, written, said


def check(analyzer, whole, folder, command, expected):
    dump, output = folder / "cut.dmp", folder / "out.json"
    caught = 0
    for _ in range(TRIES):
        mutants.copy(whole, dump, whole.stat().st_size)
        code, written, said = run_and_cut(analyzer, dump, command(dump, output))
        if code == 0:  # it had read all it wanted
            assert (output.read_bytes() if output.exists() else written.encode()) == expected
            output.unlink(missing_ok=True)
            continue
        assert code == 2, (code, said)
        assert said.count("\n") == 1 and not written, (said, written)
        assert sorted(path.name for path in folder.iterdir()) == ["cut.dmp"], list(folder.iterdir())
        caught += said == (f"nt-analyzer: {dump}: was shortened while it was read "
                           f"(expected {whole.stat().st_size} bytes)\n")
        if caught == 5:
            return
    sys.exit(f"not caught while it read, in {TRIES} tries: {command(dump, output)}")


def main():
    analyzer, dumps = sys.argv[1:3]
    whole = pathlib.Path(dumps) / "win10-18362.dmp"
    commands = {
        "snapshot": lambda dump, output: ["snapshot", "--quiet", dump, "-o", output],
        "info": lambda dump, output: ["info", "--quiet", dump],
    }
    for name, command in commands.items():
        with tempfile.TemporaryDirectory(dir=".") as scratch:
            folder = pathlib.Path(scratch).resolve()
            arguments = [word if word != folder / "none" else "-"
                         for word in command(whole, folder / "none")]
            expected = subprocess.run([analyzer, *arguments], check=True,
                                      stdout=subprocess.PIPE).stdout
            check(analyzer, whole, folder, command, expected)
            print(f"ok: {name}")


if __name__ == "__main__":
    main()
