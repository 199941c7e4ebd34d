#!/usr/bin/env python3
"""volatility.py - Volatility 3 reads the same of the synthetic dumps as the snapshots say.

    volatility.py NT_ANALYZER DUMPS [NAME...]

Runs a copy of Volatility 3, whose folder is in the environment as NTDRIFT_VOLATILITY, with the
symbols that belong to each dump, and compares every row with the snapshot. It reads crash dumps of
types 1 and 5; of the others it gets the memory as an ELF core, after it has refused the dump. Where
it does not find the page tables itself it is told where they are, as `-c` would.

A row that one side alone has is an error unless known_difference says why that has to be: nothing
else is let pass. Prints a table, with the reasons under it; ends with 1 where rows differ; with 77
(a skip) where there is no copy, or no dump. NTDRIFT_VOLATILITY_TABLE names a file for the same as
Markdown.
"""
import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import volatility_known

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / folder) for folder in ("forge", "wrap")]
import capture
import verify

PAGE = 4096
HEADERS = 0x80  # the most that is in front of an object: pool header, optional headers, header
READ_TYPES = (1, 5)
PYTHONS = (sys.executable, "/usr/bin/python3")  # the one that has pefile and capstone is used
ROWS = pathlib.Path(__file__).with_name("volatility_rows.py")
SECTIONS = "processes,threads,handles,syscalls,modules,objects,jobs,processors,system,dump"


def skip(why):
    print(f"volatility: {why}")
    sys.exit(77)


# ---- both sides' rows of a plug-in, as tuples ----

def address(text):
    """Volatility gives addresses without the bits that repeat bit 47."""
    return int(text, 16) & 0xFFFFFFFFFFFF


def offset(number):
    return number & 0xFFFFFFFFFFFF


def second(time):
    return time and datetime.datetime.fromisoformat(time[:19] + "+00:00").isoformat()


def scanned(found, at):
    """Before Windows 10 Volatility scans physical memory, and gives physical addresses."""
    return at if found["system"]["build"] >= 10240 else found.machine.physical(at)


def on_active_list(found):
    return [p for p in found["processes"] if p["views"]["active_process_links"]]


def process(found, p, at):
    """Volatility counts threads in ActiveThreads as well, and handles in HandleCount, which later
    builds have not."""
    counted = "HandleCount" in found.machine.types["_HANDLE_TABLE"]["fields"]
    return (at, p["pid"], p["ppid"], p["name"], p["active_threads"], p.get("session"),
            p.get("wow64", False), second(p["create_time"]), second(p.get("exit_time")),
            (p.get("handles") or {}).get("count") if counted else None)


def processes_ours(found):
    return [process(found, p, address(p["address"])) for p in on_active_list(found)]


def processes_theirs(rows, found):
    return [(offset(r["Offset(V)"]), r["PID"], r["PPID"], r["ImageFileName"], r["Threads"],
             r["SessionId"], r["Wow64"], r["CreateTime"], r["ExitTime"], r["Handles"])
            for r in rows]


def scanned_processes_ours(found):
    """A scan finds those too that were taken off the list; Idle is in no pool."""
    return [process(found, p, scanned(found, address(p["address"])))
            for p in found["processes"] if p["pid"]]


def threads_of(processes, found, at):
    return [(at(found, address(t["address"])), p["pid"], t["tid"], address(t["start"]["address"]))
            for p in processes for t in p["threads"]]


def threads_ours(found):
    return threads_of(on_active_list(found), found, lambda _, at: at)


def threads_theirs(rows, found):
    return [(offset(r["Offset"]), r["PID"], r["TID"], offset(r["StartAddress"])) for r in rows]


def scanned_threads_ours(found):
    """The idle thread is a part of the kernel or of a processor's block, and in no pool."""
    return threads_of([p for p in found["processes"] if p["pid"]], found, scanned)


def handle_name(handle):
    """Volatility gives paths of files and keys, of keys without the root, of other objects their
    own names."""
    name = handle.get("name") or ""
    if handle["type"] == "Key":
        return "\\".join(name.split("\\")[2:])
    return name if handle["type"] in ("File", "Process", "Thread") else name.rpartition("\\")[2]


def handles_ours(found):
    return [(p["pid"], int(h["handle"], 16), address(h["object"]), h["type"],
             int(h["granted_access"], 16), handle_name(h))
            for p in on_active_list(found)
            for h in (p.get("handles") or {}).get("entries", [])]


def handles_theirs(rows, found):
    return [(r["PID"], r["HandleValue"], offset(r["Offset"]), r["Type"], r["GrantedAccess"],
             r["Name"] or "") for r in rows]


def services_ours(found):
    """Volatility reads KiServiceTable alone."""
    tables = found.get("syscalls", {"tables": []})["tables"]
    return [(s["number"], address(s["address"]), s["name"])
            for t in tables if t["name"] == "KiServiceTable" for s in t["services"]]


def services_theirs(rows, found):
    return [(r["Index"], offset(r["Address"]), r["Symbol"]) for r in rows]


def sessions_ours(found):
    return [(p["pid"], p["name"], p.get("session")) for p in on_active_list(found)]


def sessions_theirs(rows, found):
    return [(r["Process ID"], r["Process"], r["Session ID"]) for r in rows]


def modules_ours(found):
    return [(address(m["base"]), m["size"], m["name"], m["path"]) for m in found["modules"]]


def modules_theirs(rows, found):
    return [(offset(r["Base"]), r["Size"], r["Name"], r["Path"]) for r in rows]


def views_ours(found):
    """(pid, name, what leads to it); the snapshot finds threads by their ids, Volatility by a scan,
    so that this compares two ways to the same answer."""
    names = {"active_process_links": "pslist", "thread_owner": "thrdscan", "csrss_handles": "csrss"}
    return [(p["pid"], p["name"], theirs) for p in found["processes"] if p["pid"]
            for ours, theirs in names.items() if p["views"].get(ours)]


def views_theirs(rows, found):
    """Two rows of a process, of a virtual and a physical address, are taken together."""
    return [(r["PID"], r["Name"], view) for r in rows if r["PID"]
            for view in ("pslist", "thrdscan", "csrss") if r[view]]


def sids_ours(found):
    return [(p["pid"], p["name"], sid) for p in on_active_list(found) if p.get("integrity")
            for sid in (p["integrity"].get("user"), p["integrity"].get("sid")) if sid]


def sids_theirs(rows, found):
    """The first of a token is its user, the label of S-1-16 its integrity level."""
    seen, result = set(), []
    for r in [r for r in rows if r["SID"] != "Token unreadable"]:
        if r["PID"] not in seen or r["SID"].startswith("S-1-16-"):
            result.append((r["PID"], r["Process"], r["SID"]))
        seen.add(r["PID"])
    return result


def jobs_ours(found):
    jobs = {job["address"]: job for job in found["jobs"]}
    result = []
    for p in on_active_list(found):
        if p.get("job"):
            job = jobs[p["job"]["address"]]
            result.append((address(p["address"]), p["pid"], p["name"], job["session"],
                           job["total_processes"], job["active_processes"],
                           job["terminated_processes"], tuple(job["processes"])))
    return result


def jobs_theirs(rows, found):
    return [(offset(r["Offset(V)"]), r["PID"], r["Name"], r["JobSess"], r["Total"], r["Active"],
             r["Term"], tuple(child["PID"] for child in r["__children"])) for r in rows]


def links_ours(found):
    return [(scanned(found, address(entry["address"])), entry["name"], entry["target"])
            for entries in found["objects"]["directories"].values() if entries
            for entry in entries if entry["type"] == "SymbolicLink"]


def links_theirs(rows, found):
    return [(offset(r["Offset"]), r["From Name"], r["To Name"]) for r in rows]


def mutants_ours(found):
    """Those that have a name: Volatility reads that in the object's own header as well. Those of
    private namespaces its scan does not find before Windows 10; why is not known."""
    private = [(entry["address"], entry["name"])
               for namespace in found["objects"].get("namespaces") or []
               for entry in namespace["objects"] or [] if entry["type"] == "Mutant"]
    entries = [(entry["address"], entry["name"])
               for entries in found["objects"]["directories"].values() if entries
               for entry in entries if entry["type"] == "Mutant"]
    entries += [(handle["object"], handle_name(handle)) for p in found["processes"]
                for handle in (p.get("handles") or {}).get("entries", [])
                if handle["type"] == "Mutant" and handle_name(handle)]
    if found["system"]["build"] >= 10240:
        entries += private
    else:
        entries = [entry for entry in entries if entry not in private]
    return [(scanned(found, address(at)), name) for at, name in entries if name]


def mutants_theirs(rows, found):
    return [(offset(r["Offset"]), r["Name"]) for r in rows if r["Name"]]


def system_ours(found):
    """Of the build, Volatility shows what NtBuildLab has: not the revision and the kind."""
    system, header = found["system"], found["dump"]["header"]
    lab = system["build_lab"].split(".")
    return [("Kernel Base", address(system["kernel_base"])),
            ("DTB", address(header["DirectoryTableBase"]) & ~0xFFF),
            ("KdDebuggerDataBlock", address(header["KdDebuggerDataBlock"])),
            ("Is64Bit", system["arch"] == "x64"), ("IsPAE", system["arch"] == "x86pae"),
            ("NTBuildLab", ".".join(lab[:1] + lab[-2:])), ("CSDVersion", system["service_pack"])]


def system_theirs(rows, found):
    words = {"True": True, "False": False}
    numbers = {"Kernel Base": 16, "DTB": 16, "KdDebuggerDataBlock": 16, "CSDVersion": 10}
    found = {r["Variable"]: r["Value"] for r in rows}
    return [(name, int(value, numbers[name]) if name in numbers else words.get(value, value))
            for name, value in found.items()
            if name in numbers or name in ("Is64Bit", "IsPAE", "NTBuildLab")]


def processors_ours(found):
    return [(address(p["prcb"]),) for p in found["processors"]]


def processors_theirs(rows, found):
    return [(offset(r["PRCB Offset"]),) for r in rows]


PLUGINS = {
    "windows.info.Info": (system_ours, system_theirs),
    "windows.kpcrs.KPCRs": (processors_ours, processors_theirs),
    "windows.modules.Modules": (modules_ours, modules_theirs),
    "windows.ssdt.SSDT": (services_ours, services_theirs),
    "windows.pslist.PsList": (processes_ours, processes_theirs),
    "windows.psscan.PsScan": (scanned_processes_ours, processes_theirs),
    "windows.threads.Threads": (threads_ours, threads_theirs),
    "windows.thrdscan.ThrdScan": (scanned_threads_ours, threads_theirs),
    "windows.psxview.PsXView": (views_ours, views_theirs),
    "windows.handles.Handles": (handles_ours, handles_theirs),
    "windows.sessions.Sessions": (sessions_ours, sessions_theirs),
    "windows.getsids.GetSIDs": (sids_ours, sids_theirs),
    "windows.joblinks.JobLinks": (jobs_ours, jobs_theirs),
    "windows.symlinkscan.SymlinkScan": (links_ours, links_theirs),
    "windows.mutantscan.MutantScan": (mutants_ours, mutants_theirs),
}


# ---- running both ----

def python_of(copy):
    """A Python that has what the plug-ins compared need."""
    for python in PYTHONS:
        found = subprocess.run([python, "-c", "import pefile, capstone"], capture_output=True)
        if found.returncode == 0:
            return python
    skip(f"neither {PYTHONS[0]} nor {PYTHONS[1]} has pefile and capstone, which {copy} needs")


class Snapshot(dict):
    """A snapshot, and the machine that it is of."""

    def __init__(self, content, machine):
        super().__init__(content)
        self.machine = machine


class Machine:
    """A dump: its snapshot, its memory, and the rows of Volatility."""

    def __init__(self, analyzer, dumps, name):
        self.analyzer, self.dumps, self.name = analyzer, dumps, name
        self.symbols = dumps.resolve() / "symbols" / name
        self.dump = verify.Dump(dumps / f"{name}.dmp", "la57" in name)
        self.space = verify.Space(self.dump, {})
        self.pages = {}  # the pages of objects by frame
        files = [json.loads(path.read_text()) for path in self.symbols.glob("windows/*/*.json")]
        self.types = next(file["user_types"] for file in files if "_EPROCESS" in file["user_types"])

    def snapshot(self):
        return Snapshot(json.loads(subprocess.run(
            [self.analyzer, "snapshot", self.dumps / f"{self.name}.dmp", "--quiet", "--scan",
             "--symbols", self.symbols / "windows", "--sections", SECTIONS],
            check=True, capture_output=True).stdout), self)

    def physical(self, at):
        """Of an address in the kernel, without the bits that repeat bit 47."""
        result = self.space.translate(at)[1]
        if result is not None:
            self.pages[result // PAGE] = at // PAGE
        return result

    def straddles(self, physical, kind):
        """Whether an object there, or its headers, is on two pages without neighbouring frames."""
        page = self.pages.get(physical // PAGE)
        if page is None:
            return False
        end = physical + self.types[kind]["size"]
        frames = range((physical - HEADERS) // PAGE, (end - 1) // PAGE + 1)
        own = [self.space.translate((page + frame - physical // PAGE) * PAGE)[1]
               for frame in frames]
        return own != [frame * PAGE for frame in frames]

    def core(self, folder):
        """The pages of the dump as an ELF core without notes."""
        frames = self.dump.frames or [frame for first, count, _ in self.dump.runs
                                      for frame in range(first, first + count)]
        path = pathlib.Path(folder) / "core"
        capture.write_elf(path, {frame: self.dump.page(frame) for frame in frames}, b"")
        return path

    def run(self, python, copy, folder, image, plugins):
        paging = {"x64": "32e", "x86pae": "PAE", "x86": ""}[self.arch()]
        result = subprocess.run(
            [python, ROWS, copy, folder, self.symbols, image, "WindowsIntel" + paging,
             hex(self.dump.pointer(0x10) & ~0xFFF), *plugins],
            capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"{self.name}: {result.stderr.strip().splitlines()[-1]}")
        return json.loads(result.stdout)

    def arch(self):
        if self.dump.form["pointer"] == 8:
            return "x64"
        return "x86pae" if self.dump.number(0x5C, 1) else "x86"

    def rows(self, python, copy):
        """(how Volatility was given it, what came of it)"""
        with tempfile.TemporaryDirectory() as folder:
            image, how = (self.dumps / f"{self.name}.dmp").resolve(), "dump"
            if self.dump.type not in READ_TYPES:
                refused = self.run(python, copy, folder, image, list(PLUGINS)[:1])
                how = f"ELF (of the dump: {refused['refused'][0]})"
                image = self.core(folder)
            return how, self.run(python, copy, folder, image, PLUGINS)


# ---- comparing ----

Line = collections.namedtuple("Line", "name plugin same known ours theirs silent")


def compare(name, plugin, found, given):
    """What both sides have of a plug-in: the rows of one side alone are known to be, or wrong."""
    ours, theirs = PLUGINS[plugin]
    ours = set(ours(found))
    theirs = set(theirs(given["rows"], found))
    if not theirs and given["error"]:
        why = volatility_known.silence(plugin, given["error"])
        return Line(name, plugin, 0, {}, [], [] if why else [(given["error"],)], why)
    if not ours and not theirs:
        return Line(name, plugin, 0, {}, [], [], "Neither side has any.")
    known, alone = collections.Counter(), {"ours": [], "theirs": []}
    for side, rows, others in (("ours", ours - theirs, theirs), ("theirs", theirs - ours, ours)):
        for row in rows:
            why = volatility_known.difference(plugin, found, side, row, others)
            if why:
                known[why] += 1
            else:
                alone[side].append(row)
    return Line(name, plugin, len(ours & theirs), known, alone["ours"], alone["theirs"], None)


def examine(machine, python, copy):
    how, result = machine.rows(python, copy)
    if "plugins" not in result:
        return machine.name, how, "; ".join(result["refused"]), []
    found = machine.snapshot()
    if result["how"] == "told":
        how += ", told the root of the page tables"
    return machine.name, how, None, [compare(machine.name, plugin, found, given)
                                     for plugin, given in result["plugins"].items()]


def show(name, how, refused, lines):
    """Whether nothing is wrong."""
    print(f"{name}: {how}" + (f", refused: {refused}" if refused else ""))
    if refused and volatility_known.refusal(name):
        print(f"  {volatility_known.refusal(name)}")
    for line in lines:
        words = line.silent or (f"{line.same:5} the same {sum(line.known.values()):4} known"
                                f" {len(line.ours):4} ours alone {len(line.theirs):4} theirs alone")
        print(f"  {line.plugin:32} {words}")
        for why, count in line.known.items():
            print(f"      {count}: {why}")
        for side in ("ours", "theirs"):
            for row in sorted(getattr(line, side), key=repr)[:5]:
                print(f"      {side}: {row}")
    sys.stdout.flush()
    if refused:
        return volatility_known.refusal(name) is not None
    return not any(line.ours or line.theirs for line in lines)


def table(results):
    """Markdown: one row a dump, one column a plug-in; the reasons have letters."""
    letters, refused = {}, []
    text = ["| dump | read as | " + " | ".join(p.split(".")[1] for p in PLUGINS) + " |",
            "|---|---|" + "---|" * len(PLUGINS)]
    for name, how, words, lines in sorted(results):
        cells, by_plugin = [], {line.plugin: line for line in lines}
        for line in [by_plugin[plugin] for plugin in PLUGINS if lines]:
            reasons = [line.silent] if line.silent else sorted(line.known)
            marks = "".join(letters.setdefault(why, "abcdefghijklmnopqrstuvwxyz"[len(letters)])
                            for why in reasons)
            known = sum(line.known.values())
            wrong = len(line.ours) + len(line.theirs)
            cells.append(("-" if line.silent else str(line.same)) +
                         (f" +{known}" if known else "") + (f" !{wrong}" if wrong else "") +
                         (f" {marks}" if marks else ""))
        if not lines:
            words += f" ({volatility_known.refusal(name)})"
            cells = [f"refused: {words}"] + [""] * (len(PLUGINS) - 1)
        text.append(f"| {name} | {how} | " + " | ".join(cells) + " |")
    text += ["", "N: rows that are the same on both sides. +N: rows that one side alone has, known "
             "to be (the letter says why). !N: wrong. -: not compared (the letter says why).", ""]
    text += [f"* {letter}: {why}" for why, letter in letters.items()]
    return "\n".join(text) + "\n"


def main():
    analyzer, dumps = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    copy = os.environ.get("NTDRIFT_VOLATILITY")
    if not copy or not (pathlib.Path(copy) / "vol.py").exists():
        skip("NTDRIFT_VOLATILITY names no folder with vol.py")
    names = sys.argv[3:] or sorted(path.stem for path in dumps.glob("*.dmp")
                                   if path.stem not in volatility_known.NOT_COMPARED)
    if not names:
        skip(f"no dumps in {dumps}")
    python, right, results = python_of(copy), True, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [pool.submit(examine, Machine(analyzer, dumps, name), python, copy)
                for name in names]
        for done in concurrent.futures.as_completed(work):
            results.append(done.result())
            right &= show(*results[-1])
    if os.environ.get("NTDRIFT_VOLATILITY_TABLE"):
        pathlib.Path(os.environ["NTDRIFT_VOLATILITY_TABLE"]).write_text(table(results))
    sys.exit(not right)


main()
