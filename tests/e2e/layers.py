#!/usr/bin/env python3
"""layers.py - what protects each process of the synthetic dumps is what the forge wrote: bits,
protection, signature levels, integrity and elevation, app containers, jobs and how they are nested,
silos, sessions, mitigations, WoW64, what the processors protect; on the dumps as they are, and on
dumps of seven builds that are forged here with more of it.

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
checked = {}
SECTIONS = ("processes", "processors", "jobs", "sessions", "silos")

# The first builds that have it.
VISTA, WINDOWS_8, WINDOWS_81, WINDOWS_10, ANNIVERSARY, FALL_2017 = (
    6000, 9200, 9600, 10240, 14393, 16299)

USERS = {None: "S-1-5-21-1180699209-877415012-3182924384-1001", "container": "S-1-5-93-2-2"}
PACKAGE = "S-1-15-2-1310292540-1029022339-4008023048-2190398717"
LEVELS = {0: "Untrusted", 0x1000: "Low", 0x2000: "Medium", 0x3000: "High", 0x4000: "System",
          0x5000: "Protected"}
LIMITS = ["WORKINGSET", "PROCESS_TIME", "JOB_TIME", "ACTIVE_PROCESS", "AFFINITY", "PRIORITY_CLASS",
          "PRESERVE_JOB_TIME", "SCHEDULING_CLASS", "PROCESS_MEMORY", "JOB_MEMORY",
          "DIE_ON_UNHANDLED_EXCEPTION", "BREAKAWAY_OK", "SILENT_BREAKAWAY_OK",
          "KILL_ON_JOB_CLOSE", "SUBSET_AFFINITY", "JOB_MEMORY_LOW", "JOB_READ_BYTES",
          "JOB_WRITE_BYTES", "CPU_RATE_CONTROL", "IO_RATE_CONTROL", "NET_RATE_CONTROL", None,
          "SILO_READY"]
LIMIT_VALUES = {"MinimumWorkingSetSize": 0, "MaximumWorkingSetSize": 0,
                "PerProcessUserTimeLimit": 1, "PerJobUserTimeLimit": 2, "ActiveProcessLimit": 3,
                "PriorityClass": 5, "SchedulingClass": 7, "ProcessMemoryLimit": 8,
                "JobMemoryLimit": 9}
UI_LIMITS = ["HANDLES", "READCLIPBOARD", "WRITECLIPBOARD", "SYSTEMPARAMETERS", "DISPLAYSETTINGS",
             "GLOBALATOMS", "DESKTOP", "EXITWINDOWS", "IME", "INJECTION"]
TYPES = ["None", "ProtectedLight", "Protected"]
SIGNERS = ["None", "Authenticode", "CodeGen", "Antimalware", "Lsa", "Windows", "WinTcb",
           "WinSystem", "App"]
SIGNING = ["UNCHECKED", "UNSIGNED", "ENTERPRISE", "DEVELOPER", "AUTHENTICODE", "CUSTOM_2", "STORE",
           "ANTIMALWARE", "MICROSOFT", "CUSTOM_4", "CUSTOM_5", "DYNAMIC_CODEGEN", "WINDOWS",
           "CUSTOM_7", "WINDOWS_TCB", "CUSTOM_6"]
MITIGATIONS = {"MitigationFlags": ["ControlFlowGuardEnabled", "ControlFlowGuardStrict",
                                   "DisableDynamicCode", "DisallowWin32kSystemCalls",
                                   "HighEntropyASLREnabled", "SignatureMitigationOptIn"],
               "MitigationFlags2": ["CetUserShadowStacks", "EnableExportAddressFilter"]}
CONTROLS = {"wp": ("cr0", 16), "umip": ("cr4", 11), "fsgsbase": ("cr4", 16), "smep": ("cr4", 20),
            "smap": ("cr4", 21), "pke": ("cr4", 22), "cet": ("cr4", 23)}


def expect(layer, what, found, expected):
    checked[layer] = checked.get(layer, 0) + 1
    if found != expected:
        sys.exit(f"MISMATCH: {layer}: {what}: {found!r}, expected {expected!r}")


def number(value):
    return int(value, 16) if isinstance(value, str) else value


class Case:
    """A dump, what was forged, and what is read."""

    def __init__(self, dump, scenario, *options):
        self.name = " ".join([dump.name, *map(str, options)])
        self.scenario = json.loads(scenario.read_text())
        self.facts = json.loads(dump.with_suffix(".facts.json").read_text())
        self.build = self.facts["system"]["build"]
        self.listed = bool(options)
        self.found = json.loads(subprocess.run(
            [analyzer, "snapshot", dump, "--quiet", "--sections", ",".join(SECTIONS), *options],
            check=True, capture_output=True).stdout)
        self.by_address = {p["address"]: p for p in self.found["processes"]}

    def processes(self):
        """Each process that the forge put in, but for those that no list may have (they are
        e2e.hidden's): what it wrote, and what was read of it."""
        for facts in self.facts["processes"]:
            extras = facts.get("extras") or {}
            process = self.by_address.get(facts["address"])
            if process or "unlisted" not in extras:
                yield facts, extras, process, f"{self.name}: {facts['name']} {facts['pid']:#x}"

    def has(self, build):
        return self.build >= build


# ---- of a process ----

def check_token(who, case, extras, token, integrity):
    level, elevation = token["integrity"], token["elevation"]
    is_system = level >= 0x4000
    administrators = {"Full": "enabled", "Limited": "deny-only"}.get(
        elevation, "enabled" if is_system else "absent")
    expected = {"token": token["token"], "administrators": administrators,
                "user": "S-1-5-18" if is_system else USERS[extras.get("user")]}
    if case.has(VISTA):
        expected.update(sid=f"S-1-16-{level}", level=LEVELS[level], elevation=elevation,
                        filtered=bool(token["flags"] & 0x800))
    if case.has(WINDOWS_8):
        expected["app_container"] = token["package"]
    if token["package"]:
        expected.update(package=PACKAGE, capabilities=2, lowbox_number=token["lowbox"])
    for key in sorted(expected.keys() | integrity.keys()):
        expect("integrity", f"{who}: {key}", integrity.get(key), expected.get(key))


def check_integrity(case):
    tokens = {token["pid"]: token for token in case.facts["tokens"]}
    for facts, extras, process, who in case.processes():
        if facts["exit_time_100ns"]:
            expect("integrity", f"{who}: no token", process.get("integrity"), None)
        else:
            check_token(who, case, extras, tokens[facts["pid"]], process["integrity"])


def signing(level):
    return "SE_SIGNING_LEVEL_" + SIGNING[level & 0xf]


def check_protection(case):
    for _, extras, process, who in case.processes():
        level = number(extras.get("Protection", 0))
        expected = {"level": hex(level), "type": TYPES[level & 7], "signer": SIGNERS[level >> 4],
                    "audit": level >> 3 & 1}
        has_byte = case.has(WINDOWS_81)
        expect("protection", who, process.get("protection"), expected if has_byte else None)
        for key, member in (("signature_level", "SignatureLevel"),
                            ("section_signature_level", "SectionSignatureLevel")):
            level = number(extras.get(member, 0))
            expect("signature", f"{who}: {key}", process.get(key), hex(level) if has_byte else None)
            expect("signature", f"{who}: {key}_name", process.get(f"{key}_name"),
                   signing(level) if has_byte else None)


def check_bits(case):
    named = {bit for bits in MITIGATIONS.values() for bit in bits}
    for _, extras, process, who in case.processes():
        bits = extras.get("bits", {})
        for name in bits.keys() - named:
            expect("bits", f"{who}: {name}", process["bits"][name], bits[name])
        words = process.get("mitigations")
        expect("mitigations", f"{who}: has words", words is not None, case.has(FALL_2017))
        for word, names in MITIGATIONS.items():
            if words is not None:
                expect("mitigations", f"{who}: {word}", sorted(words[word]),
                       [name for name in names if bits.get(name)])
        expect("wow64", who, process.get("wow64"),
               None if "x86" in case.scenario["layout"] else bool(extras.get("wow64")))


def check_sessions(case):
    expected = {}
    for facts, _, process, who in case.processes():
        session = facts.get("session")
        expect("sessions", who, process.get("session"), session)
        if session is not None:
            expected.setdefault(session, []).append(facts["pid"])
    expect("sessions", case.name, {s["id"]: sorted(s["processes"])
                                   for s in case.found["sessions"]},
           {number: sorted(pids) for number, pids in expected.items()})


# ---- jobs and silos ----

def limit_names(value):
    return [f"JOB_OBJECT_LIMIT_{name}" for bit, name in enumerate(LIMITS) if value >> bit & 1]


def limit_values(row):
    limits = number(row.get("limits", 0))
    values = {"ActiveProcessLimit": row.get("active_limit", 0),
              **{name.partition(".")[0]: value for name, value in row.get("values", {}).items()}}
    return {name: number(values.get(name, 0)) for name, bit in LIMIT_VALUES.items()
            if limits >> bit & 1}


def expected_job(case, position, rows, facts):
    row, fact = rows[position], facts[position]
    pids = [number(pid) for pid in row["processes"]]
    sessions = {f["pid"]: f.get("session", 0) for f in case.facts["processes"]}
    ui_limits = number(row.get("ui", 0))
    job = {"address": fact["address"], "name": row["name"], "processes": pids,
           "session": sessions[pids[-1]] if pids else 0,
           "total_processes": fact["process_count"], "active_processes": fact["process_count"],
           "terminated_processes": 0, "active_process_limit": row.get("active_limit", 0),
           "limits": limit_names(number(row.get("limits", 0))), "limit_values": limit_values(row),
           "ui_limits": [f"JOB_OBJECT_UILIMIT_{name}" for bit, name in enumerate(UI_LIMITS)
                         if ui_limits >> bit & 1]}
    if case.has(WINDOWS_8):
        job["effective_limits"] = limit_names(fact["effective_limits"])
        job["flags"] = sorted([*row.get("bits", {}), *(["Silo"] if row.get("silo") else [])])
        job["children"] = [facts[i]["address"] for i, other in enumerate(rows)
                           if other.get("parent") == position]
    if case.has(WINDOWS_10):
        job["nesting_depth"] = fact["depth"]
    if case.has(ANNIVERSARY):
        job.update(id=1000 + position, is_silo=bool(row.get("silo")))
    if "parent" in row:
        job["parent"] = facts[row["parent"]]["address"]
    if case.listed:
        job["listed"] = True
    return job


def check_jobs(case):
    rows, facts = case.scenario.get("jobs", []), case.facts.get("jobs", [])
    jobs = {job["address"]: job for job in case.found["jobs"]}
    expect("jobs", case.name, sorted(jobs), sorted(job["address"] for job in facts))
    members = {}
    for position, row in enumerate(rows):
        expected = expected_job(case, position, rows, facts)
        job = jobs[expected["address"]]
        if "flags" in job:
            job["flags"].sort()
        for key in sorted(job.keys() | expected.keys()):
            expect("jobs", f"{case.name}: {row['name']}: {key}", job.get(key), expected.get(key))
        members.update({pid: {"address": expected["address"], "name": row["name"]}
                        for pid in expected["processes"]})
    for fact, _, process, who in case.processes():
        expect("jobs", who, process.get("job"), members.get(fact["pid"]))


def silos_around(rows, position):
    """The innermost silo around a job, and the server silo; None where there is none."""
    innermost = server = None
    while position is not None and server is None:
        silo = rows[position].get("silo", 0)
        innermost = position if silo and innermost is None else innermost
        server = position if silo == 2 else None
        position = rows[position].get("parent")
    return innermost, server


def check_silos(case):
    if not case.has(ANNIVERSARY):
        expect("silos", f"{case.name}: none in this build", case.found.get("silos"), None)
        expect("silos", f"{case.name}: no key", [p["name"] for p in case.found["processes"]
                                                 if {"silo", "server_silo"} & p.keys()], [])
        return
    rows, facts = case.scenario.get("jobs", []), case.facts.get("jobs", [])
    identities = [{"address": fact["address"], "name": row["name"]}
                  for row, fact in zip(rows, facts)]
    around = {number(pid): silos_around(rows, i) for i, row in enumerate(rows)
              for pid in row["processes"]}
    expected = []
    for position, row in enumerate(rows):
        if row.get("silo"):
            server = row["silo"] == 2
            held = [f["pid"] for f in case.facts["processes"]
                    if around.get(f["pid"], (None,))[0] == position]
            more = {"state": "STARTED", "root": f"\\Silos\\{1000 + position}"} if server else {}
            expected.append({**identities[position], "id": 1000 + position, "server": server,
                             "processes": held, **more})
    expect("silos", case.name, case.found["silos"],
           sorted(expected, key=lambda silo: silo["address"]))
    for fact, _, process, who in case.processes():
        innermost, server = around.get(fact["pid"], (None, None))
        expect("silos", f"{who}: silo", process.get("silo"), None if innermost is None else
               {**identities[innermost], "server": rows[innermost]["silo"] == 2})
        expect("silos", f"{who}: server silo", process.get("server_silo"),
               None if server is None else identities[server])


# ---- of the processors ----

def check_processors(case):
    shadowed = bool(case.scenario.get("kva_shadow"))
    has_long_entries = "x86" not in case.scenario["layout"] or bool(
        case.scenario["header"].get("PaeEnabled"))
    for processor, facts in zip(case.found["processors"], case.facts["processors"]):
        protections = dict(processor["protections"])
        who = f"{case.name}: processor {facts['number']}"
        for key, (register, bit) in CONTROLS.items():
            expect("processors", f"{who}: {key}", protections.pop(key),
                   bool(number(facts[register]) >> bit & 1))
        expect("processors", f"{who}: nx", protections.pop("nx"),
               has_long_entries and not case.scenario.get("without_nx"))
        expect("processors", f"{who}: kva_shadow", protections.pop("kva_shadow", False), shadowed)
        # It has a value where the symbols are the kernel's own, and name the variable.
        kernel_cet = case.scenario.get("kernel_cet") if case.listed else None
        expect("processors", f"{who}: kernel_cet", protections.pop("kernel_cet", None), kernel_cet)
        expect("processors", f"{who}: nothing else", protections, {})


def check(case):
    for section in SECTIONS:
        if section != "silos" or case.has(ANNIVERSARY):
            expect("coverage", f"{case.name}: {section}", case.found["coverage"]["sections"][section],
                   {"status": "complete", "unreadable": {}})
    for layer in (check_integrity, check_protection, check_bits, check_sessions, check_jobs,
                  check_silos, check_processors):
        layer(case)


# ---- what 18362 is for ----

def check_published(case):
    """What OBSERVATIONS has of it: no process is a SystemProcess, some are of a subsystem."""
    processes = case.found["processes"]
    bits = {p["pid"]: p["bits"] for p in processes}
    expect("published", "SystemProcess", {b["SystemProcess"] for b in bits.values()}, {0})
    expect("published", "SubsystemProcess", {pid for pid, b in bits.items()
                                             if b["SubsystemProcess"]}, {0x1258, 0x1270})
    table = {p["name"]: (p["protection"]["signer"], p["protection"]["type"],
                         p["protection"]["audit"], p["signature_level_name"][17:],
                         p["section_signature_level_name"][17:])
             for p in processes if p["protection"]["level"] != "0x0"}
    tcb = ("WinTcb", "ProtectedLight", 0, "WINDOWS_TCB", "WINDOWS")
    antimalware = ("Antimalware", "ProtectedLight", 0, "ANTIMALWARE", "ANTIMALWARE")
    expect("published", "protected processes", table,
           {"System": ("WinSystem", "Protected", 0, "WINDOWS_TCB", "WINDOWS"), "smss.exe": tcb,
            "csrss.exe": tcb, "wininit.exe": tcb, "services.exe": tcb,
            "lsass.exe": ("Lsa", "ProtectedLight", 0, "WINDOWS", "WINDOWS"),
            "MsMpEng.exe": (*antimalware[:2], 1, *antimalware[3:]), "NisSrv.exe": antimalware,
            "SgrmBroker.exe": ("WinTcb", "Protected", 0, "WINDOWS_TCB", "WINDOWS"),
            "sppsvc.exe": ("Windows", "ProtectedLight", 0, "MICROSOFT", "MICROSOFT")})
    levels = {}
    for process in processes:
        if "integrity" in process:
            integrity = process["integrity"]
            levels.setdefault((integrity["level"], integrity["elevation"]), set()).add(
                process["name"])
    expect("published", "levels and elevation", set(levels),
           {("System", "Default"), ("High", "Full"), ("Medium", "Limited"), ("Medium", "Default"),
            ("Low", "Limited"), ("Low", "Default")})
    expect("published", "a pair", (levels["High", "Full"], "explorer.exe" in
                                   levels["Medium", "Limited"]), ({"cmd.exe"}, True))
    protections = case.found["processors"][0]["protections"]
    expect("published", "CPU", {key: protections[key]
                                for key in ("smep", "smap", "nx", "kva_shadow", "cet")},
           {"smep": True, "smap": False, "nx": True, "kva_shadow": False, "cet": False})


# ---- dumps that are forged here ----

def plain_rows(scenario):
    """Rows that jobs can be given: of an id that no other has, that run, on all lists."""
    pids = [row[1] for row in scenario["processes"]]
    for row in scenario["processes"]:
        extras = row[8] if len(row) > 8 else {}
        if row[5] >= 0 and pids.count(row[1]) == 1 and not {"exited", "off_active", "off_cid",
                                                             "off_mm"} & extras.keys():
            if len(row) == 8:
                row.append(extras)
            yield row


def vary(scenario):
    """All that the build has of jobs, silos, protection, mitigations, and on the processors."""
    build = scenario["system"]["build"]
    rows = list(plain_rows(scenario))[:6]
    jobs = [{"limits": "0x5fffff", "ui": "0x3ff", "active_limit": 64,
             "values": {"MinimumWorkingSetSize": "0x32", "MaximumWorkingSetSize": "0x159",
                        "PerProcessUserTimeLimit.QuadPart": "0x23c34600",
                        "PerJobUserTimeLimit.QuadPart": "0x47868c00", "PriorityClass": 5,
                        "SchedulingClass": 9, "ProcessMemoryLimit": "0x1000",
                        "JobMemoryLimit": "0x8000"}},
            {"limits": 0}, {"limits": "0x2000"}, {"limits": "0x8", "active_limit": 1}]
    if build >= WINDOWS_8:
        for parent, job in enumerate(jobs[1:]):
            job["parent"] = parent
        jobs.append({"parent": 0, "bits": {"JobFrozen": 1, "Background": 1}})
        # One for each value; nothing but the list of the job around them leads to them.
        jobs += [{"parent": 0, "limits": hex(1 << bit), "values": jobs[0]["values"]}
                 for bit in sorted(set(LIMIT_VALUES.values()))]
        rows[0][8].update(integrity="low", package=True, lowbox=3)
    if build >= ANNIVERSARY:
        jobs[1]["silo"] = 2
        jobs[3]["silo"] = 1
    for position, job in enumerate(jobs):
        job["name"] = f"\\Job{position}"
        # The second is found by those within it.
        is_empty = "parent" in job and (position == 1 or position >= len(rows) - 1)
        job["processes"] = [] if is_empty else [rows[position][1]]
    scenario["jobs"] = jobs
    if build >= WINDOWS_81:
        rows[1][8].update(Protection="0x3a", SignatureLevel="0x37", SectionSignatureLevel="0x0b")
    else:
        rows[1][8]["bits"] = {"ProtectedProcess": 1}
    if build >= FALL_2017:
        rows[2][8].setdefault("bits", {}).update(DisableDynamicCode=1, EnableExportAddressFilter=1)
    rows[3][8].update(integrity="medium", elevation="Default")
    rows[4][8].update(integrity="medium", token_flags="0x1000")
    rows[5][8].update(integrity="high")
    for processor in scenario["processors"]:
        processor["cr4"] = "0xb50ef8"
    scenario["without_nx"] = True


def check_varied(folder, name, **more):
    scenario = json.loads((scenarios / f"{name}.json").read_text())
    vary(scenario)
    scenario.update(more)
    path = folder / f"{name}-varied.json"
    path.write_text(json.dumps(scenario))
    dump = path.with_suffix(".dmp")
    subprocess.run([forge, path, "-o", dump, "--facts", path.with_suffix(".facts.json"),
                    "--isf", folder / name, "--profiles", source / "analyzer" / "profiles"],
                   check=True, capture_output=True)
    check(Case(dump, path))
    check(Case(dump, path, "--symbols", folder / name))


paths = [path for path in sorted(dumps.glob("*.dmp")) if not path.name.startswith("hostile")
         and "tokens" in json.loads(path.with_suffix(".facts.json").read_text())]
if not paths:
    print(f"skipped: no dumps with tokens in {dumps}")
    sys.exit(77)
for path in paths:
    check(Case(path, scenarios / f"{path.stem}.json"))
for options in ((), ("--symbols", dumps / "symbols/win10-18362/windows")):
    case = Case(dumps / "win10-18362.dmp", scenarios / "win10-18362.json", *options)
    check(case)
    check_published(case)
with tempfile.TemporaryDirectory() as temporary:
    (pathlib.Path(temporary) / "services").symlink_to(scenarios / "services")
    for build in ("hidden-7601", "win81-9600", "hidden-10240", "win10-14393", "hidden-15063",
                  "alpc-17763", "hidden-19041"):
        check_varied(pathlib.Path(temporary), build)
    check_varied(pathlib.Path(temporary), "win10-18362", kva_shadow=True, kernel_cet=True)
print(f"{len(paths)} dumps and 8 variations, {sum(checked.values())} checks:",
      ", ".join(f"{layer} {count}" for layer, count in checked.items()))
