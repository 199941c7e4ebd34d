#!/usr/bin/env python3
"""volatility.py - Volatility 3 reads the same of a synthetic dump as the snapshot says.

    volatility.py NT_ANALYZER DUMPS

Runs a copy of Volatility 3, whose folder is in the environment as NTDRIFT_VOLATILITY, on a dump of
a type that it reads, with the symbols that belong to the dump, and compares every row of pslist,
psscan, handles, ssdt, sessions, modules and threads with the snapshot. Where the two differ by
design the reader of that plug-in says why. Prints a table; ends with 1 where rows differ; with 77
(a skip) where there is no copy, or no dump.
"""
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

analyzer, dumps = sys.argv[1], pathlib.Path(sys.argv[2])
DUMPS = ["win10-18362", "small-full"]


def skip(why):
    print(f"volatility: {why}")
    sys.exit(77)


def rows_of(copy, cache, name, plugin):
    """Its automagic writes to the cache, which has to be there."""
    run = subprocess.run(
        ["python3", copy / "vol.py", "-q", "-r", "json", "--offline", "--cache-path", cache, "-s",
         dumps.resolve() / "symbols" / name, "-f", dumps / f"{name}.dmp", plugin],
        capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{plugin} of {name}: {run.stderr.strip().splitlines()[-1]}")
    return json.loads(run.stdout)


def address(text):
    """Volatility gives addresses without the bits that repeat bit 47."""
    return int(text, 16) & 0xFFFFFFFFFFFF


def second(time):
    return time and datetime.datetime.fromisoformat(time[:19] + "+00:00").isoformat()


# ---- both sides' rows of a plug-in, as sorted tuples ----

def on_active_list(found):
    return [p for p in found["processes"] if p["views"]["active_process_links"]]


def processes_ours(found):
    """Volatility counts the threads in ActiveThreads as well."""
    return [(address(p["address"]), p["pid"], p["ppid"], p["name"], p["active_threads"],
             p.get("session"), p.get("wow64", False), second(p["create_time"]),
             second(p.get("exit_time")))
            for p in on_active_list(found)]


def processes_theirs(rows):
    return [(r["Offset(V)"] & 0xFFFFFFFFFFFF, r["PID"], r["PPID"], r["ImageFileName"],
             r["Threads"], r["SessionId"], r["Wow64"], r["CreateTime"], r["ExitTime"])
            for r in rows]


def threads_ours(found):
    return [(address(t["address"]), p["pid"], t["tid"], address(t["start"]["address"]))
            for p in on_active_list(found) for t in p["threads"]]


def threads_theirs(rows):
    return [(r["Offset"] & 0xFFFFFFFFFFFF, r["PID"], r["TID"], r["StartAddress"] & 0xFFFFFFFFFFFF)
            for r in rows]


def handles_ours(found):
    return [(p["pid"], int(h["handle"], 16), address(h["object"]), h["type"],
             int(h["granted_access"], 16))
            for p in on_active_list(found)
            for h in (p.get("handles") or {}).get("entries", [])]


def handles_theirs(rows):
    return [(r["PID"], r["HandleValue"], r["Offset"] & 0xFFFFFFFFFFFF, r["Type"],
             r["GrantedAccess"]) for r in rows]


def services_ours(found):
    """Volatility reads KiServiceTable alone."""
    table = next(t for t in found["syscalls"]["tables"] if t["name"] == "KiServiceTable")
    return [(s["number"], address(s["address"]), s["name"]) for s in table["services"]]


def services_theirs(rows):
    return [(r["Index"], r["Address"] & 0xFFFFFFFFFFFF, r["Symbol"]) for r in rows]


def sessions_ours(found):
    return [(p["pid"], p["name"], p.get("session")) for p in on_active_list(found)]


def sessions_theirs(rows):
    return [(r["Process ID"], r["Process"], r["Session ID"]) for r in rows]


def modules_ours(found):
    return [(address(m["base"]), m["size"], m["name"], m["path"]) for m in found["modules"]]


def modules_theirs(rows):
    return [(r["Base"] & 0xFFFFFFFFFFFF, r["Size"], r["Name"], r["Path"]) for r in rows]


PLUGINS = {
    "windows.pslist.PsList": (processes_ours, processes_theirs),
    "windows.psscan.PsScan": (processes_ours, processes_theirs),
    "windows.threads.Threads": (threads_ours, threads_theirs),
    "windows.handles.Handles": (handles_ours, handles_theirs),
    "windows.ssdt.SSDT": (services_ours, services_theirs),
    "windows.sessions.Sessions": (sessions_ours, sessions_theirs),
    "windows.modules.Modules": (modules_ours, modules_theirs),
}


def compare(name, plugin, ours, theirs):
    """Whether all rows are on both sides; prints one line, and the first rows that are not."""
    ours, theirs = set(ours), set(theirs)
    ours_alone = sorted(ours - theirs, key=repr)
    theirs_alone = sorted(theirs - ours, key=repr)
    print(f"{name:14} {plugin:28} {len(ours & theirs):5} the same"
          f" {len(ours_alone):4} ours alone {len(theirs_alone):4} theirs alone")
    for who, rows in (("ours", ours_alone), ("theirs", theirs_alone)):
        for row in rows[:3]:
            print(f"    {who}: {row}")
    return bool(ours) and not ours_alone and not theirs_alone


def snapshot(name):
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dumps / f"{name}.dmp", "--quiet", "--symbols", dumps / "symbols" / name / "windows",
         "--sections", "processes,threads,handles,syscalls,modules"],
        check=True, capture_output=True).stdout)


def main():
    copy = os.environ.get("NTDRIFT_VOLATILITY")
    if not copy or not (pathlib.Path(copy) / "vol.py").exists():
        skip("NTDRIFT_VOLATILITY names no folder with vol.py")
    names = [name for name in DUMPS if (dumps / f"{name}.dmp").exists()]
    if not names:
        skip(f"no dumps in {dumps}")
    same = True
    with tempfile.TemporaryDirectory() as cache:
        for name in names:
            found = snapshot(name)
            for plugin, (ours, theirs) in PLUGINS.items():
                rows = rows_of(pathlib.Path(copy), cache, name, plugin)
                same &= compare(name, plugin, ours(found), theirs(rows))
    sys.exit(not same)


main()
