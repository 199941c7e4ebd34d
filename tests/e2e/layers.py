#!/usr/bin/env python3
"""layers.py - what protects each process of the synthetic dumps is what the forge wrote: bits,
protection, signature levels, integrity, jobs, sessions; and silos, mitigations and app containers
in a dump that is forged here for them.

    layers.py NT_ANALYZER DUMPS FORGE SOURCE
"""
import json
import pathlib
import subprocess
import sys
import tempfile

analyzer = sys.argv[1]
dumps, forge, source = (pathlib.Path(argument).resolve() for argument in sys.argv[2:])
scenarios = source / "tests" / "scenarios"
checked = 0

USER = "S-1-5-21-1180699209-877415012-3182924384-1001"
PACKAGE = "S-1-15-2-1310292540-1029022339-4008023048-2190398717"
LEVELS = {0: "Untrusted", 0x1000: "Low", 0x2000: "Medium", 0x3000: "High", 0x4000: "System",
          0x5000: "Protected"}
LIMITS = {0x8: "ACTIVE_PROCESS", 0x100: "PROCESS_MEMORY", 0x2000: "KILL_ON_JOB_CLOSE"}
UI_LIMITS = ["HANDLES", "READCLIPBOARD", "WRITECLIPBOARD", "SYSTEMPARAMETERS", "DISPLAYSETTINGS",
             "GLOBALATOMS", "DESKTOP", "EXITWINDOWS"]
TYPES = ["None", "ProtectedLight", "Protected"]
SIGNERS = ["None", "Authenticode", "CodeGen", "Antimalware", "Lsa", "Windows", "WinTcb",
           "WinSystem", "App"]


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def number(value):
    return int(value, 16) if isinstance(value, str) else value


def snapshot(dump, *options):
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--quiet", "--sections",
         "processes,processors,jobs,sessions,silos", *options],
        check=True, capture_output=True).stdout)


def by_pid(found):
    """Only the first of those that share an id: none does where this is used."""
    return {p["pid"]: p for p in found["processes"]}


def check_integrity(what, facts, found):
    tokens = {p["address"]: token for token in facts["tokens"] for p in facts["processes"]
              if p["pid"] == token["pid"] and not p["exit_time_100ns"]}
    for process in found["processes"]:
        token = tokens.get(process["address"])
        who = f"{what}: {process['name']} {process['pid']}"
        integrity = process.get("integrity")
        if token is None:
            expect(f"{who}: no token", integrity, None)
            continue
        level = token["integrity"]
        is_system = level >= 0x4000
        expect(f"{who}: token", integrity["token"], token["token"])
        expect(f"{who}: user", integrity["user"], "S-1-5-18" if is_system else USER)
        expect(f"{who}: administrators", integrity["administrators"],
               "enabled" if is_system else "deny-only")
        if facts["system"]["build"] < 6000:
            expect(f"{who}: no label before Vista",
                   {"sid", "level", "filtered", "app_container"} & integrity.keys(), set())
        else:
            expect(f"{who}: label", (integrity["sid"], integrity["level"]),
                   (f"S-1-16-{level}", LEVELS[level]))


def check_sessions(what, scenario, found):
    expected = {}
    for row in scenario["processes"]:
        if row[5] >= 0:
            expected.setdefault(row[5], []).append(number(row[1]))
    expect(f"{what}: sessions", {s["id"]: sorted(s["processes"]) for s in found["sessions"]},
           {number: sorted(pids) for number, pids in expected.items()})
    for row in scenario["processes"]:
        expect(f"{what}: session of {row[4]}", by_pid(found)[number(row[1])].get("session"),
               row[5] if row[5] >= 0 else None)


def limit_names(value):
    return [f"JOB_OBJECT_LIMIT_{name}" for bit, name in LIMITS.items() if value & bit]


def check_jobs(what, scenario, facts, found, listed):
    rows = scenario["jobs"]
    jobs = {job["address"]: job for job in found["jobs"]}
    addresses = [job["address"] for job in facts["jobs"]]
    expect(f"{what}: jobs", sorted(jobs), sorted(addresses))
    members = {}
    for address, row in zip(addresses, rows):
        pids = [number(pid) for pid in row["processes"]]
        members.update({pid: (address, row["name"]) for pid in pids})
        ui_limits = [f"JOB_OBJECT_UILIMIT_{name}" for bit, name in enumerate(UI_LIMITS)
                     if number(row.get("ui", 0)) >> bit & 1]
        expected = {
            "address": address, "name": row["name"], "processes": pids,
            "total_processes": len(pids), "active_processes": len(pids),
            "terminated_processes": 0, "active_process_limit": row.get("active_limit", 0),
            "limits": limit_names(number(row.get("limits", 0))), "ui_limits": ui_limits,
            "is_silo": bool(row.get("silo"))}
        if pids:
            expected["session"] = max(by_pid(found)[pids[-1]].get("session", 0), 0)
        if "parent" in row:
            expected["parent"] = addresses[row["parent"]]
        if listed:
            expected["listed"] = True
        job = dict(jobs[address])
        if not pids:
            job.pop("session")
        expect(f"{what}: job {row['name']}", job, expected)
    for pid, process in by_pid(found).items():
        job = process.get("job")
        expect(f"{what}: job of {pid}", job and (job["address"], job["name"]), members.get(pid))
    return addresses


def check_published(what, scenario, found):
    """What OBSERVATIONS has of 18362: no process is a SystemProcess, some are of a subsystem."""
    bits = {p["pid"]: p["bits"] for p in found["processes"]}
    expect(f"{what}: SystemProcess", {b["SystemProcess"] for b in bits.values()}, {0})
    expect(f"{what}: SubsystemProcess", {pid for pid, b in bits.items() if b["SubsystemProcess"]},
           {0x1258, 0x1270})
    protected = set()
    for row in scenario["processes"]:
        extras, process = row[8] if len(row) > 8 else {}, by_pid(found)[number(row[1])]
        level = number(extras.get("Protection", 0))
        expect(f"{what}: protection of {row[4]}", process["protection"],
               {"level": hex(level) if level else "0x0", "type": TYPES[level & 7],
                "signer": SIGNERS[level >> 4], "audit": level >> 3 & 1})
        for key, member in (("signature_level", "SignatureLevel"),
                            ("section_signature_level", "SectionSignatureLevel")):
            expect(f"{what}: {key} of {row[4]}", number(process[key]),
                   number(extras.get(member, 0)))
        if level:
            protected.add((SIGNERS[level >> 4], TYPES[level & 7]))
    expect(f"{what}: kinds of protection", protected,
           {("WinSystem", "Protected"), ("WinTcb", "ProtectedLight"), ("Lsa", "ProtectedLight"),
            ("Antimalware", "ProtectedLight"), ("WinTcb", "Protected"),
            ("Windows", "ProtectedLight")})
    expect(f"{what}: levels", {p["integrity"]["level"] for p in found["processes"]
                               if "integrity" in p}, {"Low", "Medium", "High", "System"})
    protections = found["processors"][0]["protections"]
    expect(f"{what}: CPU", {key: protections[key] for key in ("smep", "smap", "cet")},
           {"smep": True, "smap": False, "cet": False})


def check_18362(dump, *options):
    what = " ".join([dump.name, *map(str, options)])
    scenario = json.loads((scenarios / "win10-18362.json").read_text())
    facts = json.loads(dump.with_suffix(".facts.json").read_text())
    found = snapshot(dump, *options)
    for section in ("processes", "jobs", "sessions", "silos"):
        expect(f"{what}: coverage of {section}", found["coverage"]["sections"][section],
               {"status": "complete", "unreadable": {}})
    check_sessions(what, scenario, found)
    check_jobs(what, scenario, facts, found, listed=bool(options))
    check_published(what, scenario, found)
    expect(f"{what}: silos", found["silos"], [])
    expect(f"{what}: mitigations", {json.dumps(p["mitigations"]) for p in found["processes"]},
           {'{"MitigationFlags": [], "MitigationFlags2": []}'})


def vary(scenario):
    """A server silo around a silo around a job, and two processes that are shut in."""
    rows = {row[4]: row for row in scenario["processes"]}
    for row in rows.values():
        if len(row) == 8:
            row.append({})
    rows["notepad.exe"][8].update(package=True, token_flags="0x4800")
    rows["notepad.exe"][8]["bits"] = {"DisableDynamicCode": 1, "ControlFlowGuardEnabled": 1}
    name = "\\BaseNamedObjects\\{}"
    scenario["jobs"] = [
        {"name": name.format("Container"), "processes": [], "silo": 2},
        {"name": name.format("Silo"), "processes": ["0x1230"], "silo": 1, "parent": 0},
        {"name": name.format("Inner"), "processes": ["0x13a8"], "limits": "0x8", "parent": 1},
        {"name": name.format("InContainer"), "processes": ["0x11f0"], "parent": 0}]


def check_varied(folder):
    what = "silos"
    scenario = json.loads((scenarios / "win10-18362.json").read_text())
    vary(scenario)
    (folder / "services").symlink_to(scenarios / "services")
    (folder / "varied.json").write_text(json.dumps(scenario))
    subprocess.run([forge, folder / "varied.json", "-o", folder / "varied.dmp", "--facts",
                    folder / "varied.facts.json", "--profiles", source / "analyzer" / "profiles"],
                   check=True, capture_output=True)
    found = snapshot(folder / "varied.dmp")
    facts = json.loads((folder / "varied.facts.json").read_text())
    container, silo, _, _ = check_jobs(what, scenario, facts, found, listed=False)
    outer = {"address": container, "name": "\\BaseNamedObjects\\Container", "server": True}
    inner = {"address": silo, "name": "\\BaseNamedObjects\\Silo", "server": False}
    expect("silos", sorted(found["silos"], key=lambda s: s["name"]),
           [{**outer, "processes": [0x11f0]}, {**inner, "processes": [0x1230, 0x13a8]}])
    silos = {0x11f0: outer, 0x1230: inner, 0x13a8: inner}
    for pid, process in by_pid(found).items():
        expect(f"silo of {pid}", process.get("silo"), silos.get(pid))
        is_shut_in = pid == 0x13a8
        if "integrity" in process:
            integrity = process["integrity"]
            expect(f"app container {pid}", (integrity["app_container"], integrity.get("package"),
                                            integrity["filtered"]),
                   (True, PACKAGE, True) if is_shut_in else (False, None, False))
        expect(f"mitigations of {pid}", process["mitigations"]["MitigationFlags"],
               ["ControlFlowGuardEnabled", "DisableDynamicCode"] if is_shut_in else [])


paths = [path for path in sorted(dumps.glob("[!h]*.dmp"))
         if "tokens" in json.loads(path.with_suffix(".facts.json").read_text())]
if not paths:
    print(f"skipped: no dumps with tokens in {dumps}")
    sys.exit(77)
for path in paths:
    check_integrity(path.name, json.loads(path.with_suffix(".facts.json").read_text()),
                    snapshot(path))
check_18362(dumps / "win10-18362.dmp")
check_18362(dumps / "win10-18362.dmp", "--symbols", dumps / "symbols/win10-18362/windows")
with tempfile.TemporaryDirectory() as temporary:
    check_varied(pathlib.Path(temporary))
print(f"{len(paths)} dumps, {checked} checks")
