#!/usr/bin/env python3
"""hidden.py - in the synthetic dumps with hidden processes, the views of every process are those
that the forge wrote, and only the two that somebody hid are called hidden.

    hidden.py NT_ANALYZER DUMPS SCENARIOS

ghost.exe is off ActiveProcessLinks, phantom.exe out of PspCidTable as well; held.exe has exited and
a handle holds it; the parent of updater.exe has left its id to another process. Ends with 1 at the
first mismatch, with both values; with 77 (a skip) where there are no such dumps.
"""
import json
import pathlib
import subprocess
import sys

analyzer, dumps, scenarios = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
BUILDS = (7601, 10240, 15063, 19041)
checked = 0


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def snapshot(dump, *options):
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--quiet", "--sections", "processes", *options],
        check=True, capture_output=True).stdout)


def views_written(row, rows):
    """What the scenario says of one process, by the rules of the forge."""
    _, _, _, threads, name, session = row[:6]
    extras = row[8] if len(row) > 8 else {}
    runs = "exited" not in extras
    csrss = [other for other in rows if other[4] == "csrss.exe" and other[5] == session]
    return {
        "active_process_links": "off_active" not in extras,
        "mm_process_links": True,
        "process_list_head": True,
        "processor": False,
        "cid_table": "off_cid" not in extras,
        "handle_table_list": runs,
        "session_links": session >= 0,
        "job_links": False,
        "thread_owner": threads > 0,
        "csrss_handles": runs and any(other is not row for other in csrss),
    }


def check_views(what, found, rows):
    written = {row[4] + row[1]: views_written(row, rows) for row in rows}
    views = {f"{p['name']}0x{p['pid']:04x}": p["views"] for p in found["processes"]
             if p["name"] != "Idle"}
    expect(f"{what}: processes", sorted(views), sorted(written))
    for who, row in written.items():
        expect(f"{what}: views of {who}", views[who], row)
    on_list = [p["views"]["active_process_links"] for p in found["processes"]]
    expect(f"{what}: those on ActiveProcessLinks come first", on_list,
           sorted(on_list, reverse=True))


def check_findings(what, found):
    hidden = {f["subject"]: f["evidence"] for f in found["findings"]
              if f["kind"] == "process.hidden"}
    by_name = {p["name"]: p for p in found["processes"]}
    expect(f"{what}: hidden", sorted(hidden), ["ghost.exe (0x344)", "phantom.exe (0x370)"])
    for subject, evidence in hidden.items():
        process = by_name[subject.split()[0]]
        expect(f"{what}: {subject}: address", evidence["address"], process["address"])
        expect(f"{what}: {subject}: views", sorted(evidence["seen_on"]),
               sorted(view for view, seen in process["views"].items() if seen))
        expect(f"{what}: {subject}: thread", evidence["thread"] is not None, True)
        expect(f"{what}: {subject}: reason", "benign" in process, False)
    expect(f"{what}: ghost", hidden["ghost.exe (0x344)"]["missing_from"],
           ["active_process_links"])
    expect(f"{what}: phantom", hidden["phantom.exe (0x370)"]["missing_from"],
           ["active_process_links", "cid_table"])
    expect(f"{what}: Idle", by_name["Idle"]["benign"], "idle")
    expect(f"{what}: held.exe", "exit_time" in by_name["held.exe"], True)
    expect(f"{what}: reused", [f["subject"] for f in found["findings"]
                               if f["kind"] == "process.pid-reused"], ["updater.exe (0x3c4)"])


def main():
    for build in BUILDS:
        dump = dumps / f"hidden-{build}.dmp"
        if not dump.exists():
            print(f"hidden: no {dump.name} in {dumps}")
            sys.exit(77)
        rows = json.loads((scenarios / f"hidden-{build}.json").read_text())["processes"]
        symbols = dumps / "symbols" / dump.stem / "windows"
        for source, options in (("profile", ()), ("symbols", ("--symbols", symbols))):
            found = snapshot(dump, *options)
            what = f"{build} by its {source}"
            check_views(what, found, rows)
            check_findings(what, found)
    print(f"hidden: {checked} values of {len(BUILDS)} dumps")


main()
