#!/usr/bin/env python3
"""hidden.py - in the synthetic dumps with hidden processes and threads, the views of every process
are those that the forge wrote, only what somebody hid is called hidden, and what is missing by right
has its reason.

    hidden.py NT_ANALYZER DUMPS FORGE SOURCE

hidden-*: ghost.exe is off ActiveProcessLinks, phantom.exe out of PspCidTable as well; held.exe has
exited and a handle holds it; the parent of updater.exe has left its id to another process.
unlisted-*: processes that only the dispatcher's lists of threads lead to, or only a scan of memory;
threads likewise. hostile-planted: a list that goes round, and more fakes than are listed. Of each
hidden-*, one is forged here whose hidden processes and threads pretend to have ended.
Ends with 1 at the first mismatch, with both values; with 77 (a skip) where there are no such dumps.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

analyzer = sys.argv[1]
dumps, forge, source = (pathlib.Path(argument).resolve() for argument in sys.argv[2:])
scenarios = source / "tests" / "scenarios"
BUILDS = (2600, 7601, 10240, 15063, 19041)
UNLISTED = (7601, 19041)
SCANNED_ALONE_MOST = 1024
# The benign reasons of processes that are missing from a list, by name.
REASONS = {"Registry": "registry", "MemCompression": "memory-compression",
           "newborn.exe": "being-created", "left.exe": "exited", "Idle": "idle"}
# Where the first thread of an unlisted process is, as the evidence says it.
PLACES = {"ready": "ready_list", "shared": "ready_list", "deferred": "ready_list",
          "wait": "wait_list"}
checked = 0


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def dump_of(name):
    dump = dumps / f"{name}.dmp"
    if not dump.exists():
        print(f"hidden: no {dump.name} in {dumps}")
        sys.exit(77)
    return dump


def snapshot(dump, *options):
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--quiet", "--sections", "processes,threads", *options],
        check=True, capture_output=True).stdout)


def extras_of(row):
    return row[8] if len(row) > 8 else {}


def threads_of(row):
    """What the scenario says of each thread."""
    given = extras_of(row).get("threads", [])
    return [given[i] if i < len(given) else {} for i in range(row[3])]


def is_queued(row):
    return any("queue" in thread for thread in threads_of(row))


def subject(row):
    return f"{row[4]} (0x{int(row[1], 0):x})"


def views_written(row, rows, is_old):
    """What the scenario says of one process, by the rules of the forge."""
    threads, name, session = row[3:6]
    extras = extras_of(row)
    listed = "unlisted" not in extras
    runs = "exited" not in extras
    csrss = [other for other in rows if other[4] == "csrss.exe" and other[5] == session]
    views = {
        "active_process_links": listed and "off_active" not in extras,
        "mm_process_links": listed,
        "process_list_head": listed,
        "processor": name == "explorer.exe" and is_old,
        "cid_table": listed and "off_cid" not in extras,
        "handle_table_list": listed and runs,
        "session_links": listed and session >= 0,
        "job_links": False,
        "thread_owner": threads > 0 if listed else is_queued(row),
        "csrss_handles": listed and runs and any(other is not row for other in csrss),
    }
    if is_old:
        del views["mm_process_links"], views["process_list_head"]
    return views


def check_views(what, found, rows, scanned=False, is_old=False):
    written = {subject(row): views_written(row, rows, is_old) for row in rows
               if "freed" not in extras_of(row)}
    for views in written.values():
        if scanned:
            views["object_scan"] = True
    written = {who: views for who, views in written.items() if any(views.values())}
    views = {f"{p['name']} (0x{p['pid']:x})": p["views"] for p in found["processes"]
             if p["name"] != "Idle"}
    expect(f"{what}: processes", sorted(views), sorted(written))
    for who, row in written.items():
        expect(f"{what}: views of {who}", views[who], row)
    on_list = [p["views"]["active_process_links"] for p in found["processes"]]
    expect(f"{what}: those on ActiveProcessLinks come first", on_list,
           sorted(on_list, reverse=True))


def findings(found, kind):
    return [f for f in found["findings"] if f["kind"] == kind]


def missing_from(row, is_old):
    views = views_written(row, [], is_old)
    return [view for view in ("active_process_links", "mm_process_links", "cid_table")
            if views.get(view) is False]


def check_hidden(what, found, rows, is_old=False):
    """Every process of `rows`, and no other, is called hidden; with the evidence."""
    hidden = {f["subject"]: f["evidence"] for f in findings(found, "process.hidden")}
    expect(f"{what}: hidden", sorted(hidden), sorted(map(subject, rows)))
    by_pid = {p["pid"]: p for p in found["processes"]}
    for row in rows:
        evidence, process = hidden[subject(row)], by_pid[int(row[1], 0)]
        who = f"{what}: {row[4]}"
        expect(f"{who}: address", evidence["address"], process["address"])
        expect(f"{who}: views", sorted(evidence["seen_on"]),
               sorted(view for view, seen in process["views"].items() if seen))
        expect(f"{who}: missing", evidence["missing_from"], missing_from(row, is_old))
        queues = [thread["queue"] for thread in threads_of(row) if "queue" in thread]
        expected = None
        if process["views"]["thread_owner"]:
            expected = PLACES[queues[0]] if "unlisted" in extras_of(row) else "cid_table"
            threads = [thread["address"] for thread in process["threads"]]
            expect(f"{who}: its thread", evidence["thread"] in threads, True)
        expect(f"{who}: found by", evidence.get("thread_found_by"), expected)
        expect(f"{who}: reason", "benign" in process, False)


def check_reasons(what, found):
    """Who has a reason is in nobody's findings, and has it only where a list lacks it."""
    for process in found["processes"]:
        off = [view for view in ("active_process_links", "mm_process_links", "cid_table")
               if process["views"].get(view) is False]
        expected = REASONS.get(process["name"]) if off else None
        expect(f"{what}: reason of {process['name']}", process.get("benign"), expected)


def hidden_threads(row, scanned):
    """Of each thread that somebody hid: where it is seen, and what lacks it."""
    expected = []
    unlisted = "unlisted" in extras_of(row)
    for thread in threads_of(row):
        off_lists, off_cid = "off_lists" in thread, "off_cid" in thread or unlisted
        if not (off_lists or off_cid) or thread.get("state") in (0, 4):
            continue
        seen = [] if off_lists else ["thread_list_head", "scheduler_list"]
        seen += [] if off_cid else ["cid_table"]
        seen += [PLACES[thread["queue"]]] if "queue" in thread else []
        if not seen and not scanned:
            continue
        missing = ["thread_list_head", "scheduler_list"] if off_lists else []
        missing += ["cid_table"] if off_cid else []
        expected.append((subject(row), seen + (["object_scan"] if scanned else []), missing))
    return expected


def check_hidden_threads(what, found, rows, scanned):
    told = [(f["subject"], f["evidence"]["seen_on"], f["evidence"]["missing_from"])
            for f in findings(found, "thread.hidden")]
    expected = [thread for row in rows for thread in hidden_threads(row, scanned)]
    expect(f"{what}: hidden threads", sorted(told), sorted(expected))


def check_listed(build):
    """What is on some list of processes: the acceptance of the hidden ones."""
    name, is_old = f"hidden-{build}", build == 2600
    dump = dump_of(name)
    rows = json.loads((scenarios / f"{name}.json").read_text())["processes"]
    symbols = dumps / "symbols" / name / "windows"
    for source, options in (("profile", ()), ("symbols", ("--symbols", symbols))):
        found = snapshot(dump, *options)
        what = f"{build} by its {source}"
        # The dispatcher's own lists of XP are known by their symbols alone.
        known = [row for row in rows
                 if "unlisted" not in extras_of(row) or source == "symbols"]
        hidden = [row for row in known if "unlisted" in extras_of(row) or
                  row[4] in ("ghost.exe", "phantom.exe")]
        check_views(what, found, known, is_old=is_old)
        check_hidden(what, found, hidden, is_old)
        check_reasons(what, found)
        check_hidden_threads(what, found, known, False)
        held = next(p for p in found["processes"] if p["name"] == "held.exe")
        expect(f"{what}: held.exe", "exit_time" in held, True)
        expect(f"{what}: reused", [f["subject"] for f in findings(found, "process.pid-reused")],
               ["updater.exe (0x5e8)" if is_old else "updater.exe (0x3c4)"])


def check_thread_reasons(what, found):
    by_name = {p["name"]: p["threads"] for p in found["processes"]}
    expect(f"{what}: reasons of threads",
           sorted(t["benign"] for t in by_name["notepad.exe"] if "benign" in t),
           ["being-created", "terminated"])
    expect(f"{what}: idle threads", [t["benign"] for t in by_name["Idle"]], ["idle"])


def check_unlisted(build):
    """What only the dispatcher or a scan knows."""
    name = f"unlisted-{build}"
    dump = dump_of(name)
    rows = json.loads((scenarios / f"{name}.json").read_text())["processes"]
    for scanned, options in ((False, ()), (True, ("--scan",))):
        found = snapshot(dump, *options)
        what = f"{name}{' with a scan' if scanned else ''}"
        known = [row for row in rows if scanned or "unlisted" not in extras_of(row) or is_queued(row)]
        alive = [row for row in known if "freed" not in extras_of(row)]
        hidden = [row for row in alive if "unlisted" in extras_of(row)]
        check_views(what, found, known, scanned)
        check_hidden(what, found, hidden)
        check_reasons(what, found)
        check_hidden_threads(what, found, alive, scanned)
        check_thread_reasons(what, found)
        if not scanned:
            expect(f"{what}: not extracted", found["coverage"]["sections"]["object_scan"]["reason"],
                   "not extracted")
            continue
        scan = found["object_scan"]
        expect(f"{what}: whole", found["coverage"]["sections"]["object_scan"]["status"], "complete")
        expect(f"{what}: processes", scan["processes"], len(alive))
        expect(f"{what}: threads", scan["threads"], sum(row[3] for row in rows))
        expect(f"{what}: deleted", [p["name"] for p in scan["freed"]], ["freed.exe"])


def check_planted():
    """A list that goes round ends, and fakes do not fill the snapshot; copies are no processes."""
    dump = dump_of("hostile-planted")
    scenario = json.loads((scenarios / "hostile-planted.json").read_text())
    real, fakes = len(scenario["processes"]), scenario["planted"]["fakes"]
    found = snapshot(dump, "--scan")
    scan = found["object_scan"]
    expect("planted: processes", scan["processes"], real + fakes)
    expect("planted: unlisted", scan["unlisted_processes"], fakes - SCANNED_ALONE_MOST)
    expect("planted: listed", len(found["processes"]), real + 1 + SCANNED_ALONE_MOST)
    expect("planted: coverage", found["coverage"]["sections"]["object_scan"]["status"], "partial")
    expect("planted: list", [f["subject"] for f in findings(found, "list.cycle")],
           ["DispatcherReadyListHead[8] of processor 0"])
    system = found["processes"][0]
    expect("planted: System has threads", system["views"]["thread_owner"], True)
    fake = next(p for p in found["processes"] if p["name"] == "fake")
    expect("planted: behind a list that is not whole", fake["views"]["thread_owner"], None)


def write_over(scenario):
    """What a rootkit can write to look like something that has ended; one that has is left."""
    rows = {row[4]: row for row in scenario["processes"]}
    for row in rows.values():
        row += [{}] if len(row) == 8 else []
    rows["ghost.exe"][8]["exited"] = 130500 if scenario["system"]["build"] == 2600 else 25000
    rows["phantom.exe"][8]["bits"] = {"ProcessExiting": 1}
    rows["services.exe"][8]["threads"] = [{"state": 4, "off_lists": 1, "queue": "wait"},
                                          {"state": 4, "off_lists": 1}]
    rows["held.exe"][8]["off_active"] = 1
    # Its last thread has just left it: that is off the Memory Manager's ring, and on all else.
    rows["lsass.exe"][8].update(off_mm=1, bits={"ProcessExiting": 1})


def check_written_over(folder, build):
    scenario = json.loads((scenarios / f"hidden-{build}.json").read_text())
    write_over(scenario)
    path = folder / f"over-{build}.json"
    path.write_text(json.dumps(scenario))
    subprocess.run([forge, path, "-o", path.with_suffix(".dmp"), "--isf", folder / path.stem,
                    "--profiles", source / "analyzer" / "profiles"], check=True,
                   capture_output=True)
    found = snapshot(path.with_suffix(".dmp"), "--symbols", folder / path.stem)
    what = f"{build} written over"
    expect(f"{what}: hidden", sorted(f["subject"].split()[0]
                                     for f in findings(found, "process.hidden")),
           sorted(["ghost.exe", "phantom.exe"] + ["lurker.exe", "shade.exe"] * (build == 2600)))
    reasons = {p["name"]: p["benign"] for p in found["processes"] if "benign" in p}
    expected = {"Idle": "idle", "held.exe": "exited", "lsass.exe": "exited",
                "newborn.exe": "being-created"}
    # XP has no Memory Manager's ring to be off.
    for name in ("lsass.exe", "Idle") if build == 2600 else ("newborn.exe",):
        del expected[name]
    expect(f"{what}: reasons", reasons, expected)
    services = next(p for p in found["processes"] if p["name"] == "services.exe")
    expect(f"{what}: threads that have ended", sum("benign" in t for t in services["threads"]), 1)
    expect(f"{what}: one that waits", [f["evidence"]["missing_from"] for f in
                                       findings(found, "thread.hidden")
                                       if f["subject"].startswith("services.exe")],
           [["thread_list_head", "scheduler_list"]])


def main():
    for build in BUILDS:
        check_listed(build)
    with tempfile.TemporaryDirectory() as temporary:
        (pathlib.Path(temporary) / "services").symlink_to(scenarios / "services")
        for build in BUILDS:
            check_written_over(pathlib.Path(temporary), build)
    for build in UNLISTED:
        check_unlisted(build)
    check_planted()
    print(f"hidden: {checked} values of {len(BUILDS) + len(UNLISTED) + 1} dumps")


main()
