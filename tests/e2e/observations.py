#!/usr/bin/env python3
"""observations.py - the snapshots of the synthetic dumps say what published analyses of the real
machines said: headers, processors, process trees, the Memory Manager's ring, idle threads.

    observations.py NT_ANALYZER DUMPS

The values are written out here as they were published. Prints what it checked; ends with 1 at the
first mismatch, with both values; with 77 (a skip) where there are no dumps.
"""
import json
import pathlib
import re
import subprocess
import sys

# ---- what was published ----

HEADER_7601 = {
    "MajorVersion": 0xF, "MinorVersion": 0x1DB1, "KdSecondaryVersion": 0,
    "DirectoryTableBase": "0x0000000000187000", "PfnDataBase": "0xfffffa8000000000",
    "PsLoadedModuleList": "0xfffff80003c98890", "PsActiveProcessHead": "0xfffff80003c7a590",
    "MachineImageType": "0x8664", "NumberProcessors": 8, "BugCheckCode": "0x19",
    "BugCheckParameters": ["0x0000000000000021", "0xfffffa8010952000", "0x0000000000001040",
                           "0x922858cc6c8a01b9"],
    "KdDebuggerDataBlock": "0xfffff80003c440d0", "SecondaryDataState": "0x0", "ProductType": 1,
    "SuiteMask": "0x110",
}
HEADER_9600 = {
    "MajorVersion": 0xF, "MinorVersion": 0x2580, "KdSecondaryVersion": 0,
    "DirectoryTableBase": "0x00000001bea5e000", "PfnDataBase": "0xfffffa8000000000",
    "PsLoadedModuleList": "0xfffff80168956350", "PsActiveProcessHead": "0xfffff8016893c0a0",
    "MachineImageType": "0x8664", "NumberProcessors": 4, "BugCheckCode": "0x133",
    "BugCheckParameters": ["0x0000000000000000", "0x0000000000000501", "0x0000000000000500",
                           "0x0000000000000000"],
    "KdDebuggerDataBlock": "0xfffff80168923a20", "SecondaryDataState": "0x0", "ProductType": 1,
    "SuiteMask": "0x310", "Attributes": "0x0",
}
HEADER_10240 = {
    "MajorVersion": 0xF, "MinorVersion": 0x2800, "KdSecondaryVersion": 0,
    "DirectoryTableBase": "0x0000000026c49000", "PfnDataBase": "0xfffffa8000000000",
    "PsLoadedModuleList": "0xfffff8022973f030", "PsActiveProcessHead": "0xfffff80229739380",
    "MachineImageType": "0x8664", "NumberProcessors": 2, "BugCheckCode": "0xd1",
    "BugCheckParameters": ["0xffffc001cd97b010", "0x0000000000000002", "0x0000000000000000",
                           "0xfffff8009d9c1385"],
    "KdDebuggerDataBlock": "0xfffff80229723b20", "SecondaryDataState": "0x0", "ProductType": 1,
    "SuiteMask": "0x110", "Attributes": "0x0",
}

# Parent's id, id, active threads, image: in this order on ActiveProcessLinks. "..." marks rows that
# the publication left out; the scenario of 10240 has more behind the last one that is printed.
TREE_7601 = """
0000 0004 200 System
0004 01ac 3 smss.exe
01f4 023c 10 csrss.exe
01ac 02ac 18 psxss.exe
02b4 02c0 11 csrss.exe
01f4 02cc 3 wininit.exe
02cc 02f8 9 services.exe
02cc 0308 7 lsass.exe
02cc 0310 10 lsm.exe
02b4 0330 3 winlogon.exe
02f8 03a4 12 svchost.exe
...
2108 2004 23 ArcOSBrowser.e
192c 0d50 5 crypticError.e
1178 1948 14 iexplore.exe
1948 1a34 31 iexplore.exe
1948 23a0 34 iexplore.exe
14e4 234c 5 crypticError.e
1f8c 17ec 61 GameClient.exe
"""
TREE_9600 = """
0000 0004 149 System
0004 0150 2 smss.exe
01f4 0208 9 csrss.exe
01f4 0288 1 wininit.exe
0288 02f4 4 services.exe
0288 02fc 6 lsass.exe
02f4 0354 19 svchost.exe
02f4 0388 15 svchost.exe
02f4 0124 2 nvvsvc.exe
02f4 0184 25 svchost.exe
...
02f4 15b8 10 iPodService.ex
1ccc 0130 13 csrss.exe
1ccc 0af4 2 winlogon.exe
...
1d40 16d0 2 rundll32.exe
1d40 1140 41 chrome.exe
1d40 0e78 1 googledrivesyn
1d40 0a24 6 ScanToPCActiva
1d40 06c4 27 GROOVE.EXE
1140 1468 7 chrome.exe
1280 1050 2 PDVD10Serv.exe
1140 185c 10 chrome.exe
1140 18d0 10 chrome.exe
1140 0fc4 11 chrome.exe
1140 0eb4 11 chrome.exe
1140 1680 15 chrome.exe
1140 1ec8 12 chrome.exe
1140 13f4 12 chrome.exe
1140 0f68 12 chrome.exe
1140 0624 12 chrome.exe
1140 139c 12 chrome.exe
1280 02d8 1 jusched.exe
1140 177c 13 chrome.exe
1140 10d8 12 chrome.exe
1140 1e1c 17 chrome.exe
1140 0298 10 chrome.exe
1280 1d28 7 iTunesHelper.e
1280 0824 1 hpwuschd2.exe
1140 157c 1 cmd.exe
157c 1ecc 2 conhost.exe
157c 108c 4 coNatHst.exe
1140 1f20 2 nacl64.exe
1f20 187c 16 nacl64.exe
0e78 10b8 28 googledrivesyn
02bc 1af8 5 RAVBg64.exe
02bc 1730 6 RAVCpl64.exe
0354 0a34 36 glcnd.exe
0354 035c 6 SettingSyncHos
1140 1734 9 chrome.exe
1140 1e80 19 chrome.exe
1140 07f8 9 chrome.exe
06c4 0620 24 MSOSYNC.EXE
1154 1f98 6 SearchProtocol
1154 1d00 5 SearchFilterHo
0184 0e14 5 audiodg.exe
0354 1840 43 WWAHost.exe
"""
TREE_10240 = """
0000 0004 144 System
0004 0144 2 smss.exe
01f0 01f8 11 csrss.exe
01f0 024c 2 wininit.exe
024c 02b4 5 services.exe
024c 02c8 9 lsass.exe
02b4 0318 19 svchost.exe
02b4 0350 12 svchost.exe
02b4 03a0 0 sppsvc.exe
02b4 01b0 23 svchost.exe
...
1a80 03dc 12 csrss.exe
1a80 140c 5 winlogon.exe
140c 1cc4 8 dwm.exe
0130 0b70 10 sihost.exe
0130 0e7c 11 taskhostw.exe
140c 0d3c 0 userinit.exe
0d3c 0614 53 explorer.exe
0318 14a4 17 RuntimeBroker.
...
"""

# Position, whether inserted, image (None: the head, of which the publication prints no name),
# address.
RING_7601 = [
    (0, True, "smss.exe", "0xfffffa800a763b30"), (1, True, "csrss.exe", "0xfffffa800bad1b30"),
    (2, True, "psxss.exe", "0xfffffa800bc35b30"), (3, True, "csrss.exe", "0xfffffa800bc50b30"),
    (4, True, "wininit.exe", "0xfffffa800adc3b30"),
    (5, True, "services.exe", "0xfffffa800c096060"),
    (128, True, "iexplore.exe", "0xfffffa800ef4b690"),
    (129, True, "crypticError.e", "0xfffffa800e514b30"),
    (130, True, "GameClient.exe", "0xfffffa80107d5b30"),
    (131, True, "ArcOSOverlay.e", "0xfffffa800d677060"),
    (132, False, None, "0xfffff80003c80ac0"), (133, False, "Idle", "0xfffff80003c54180"),
]
RING_9600 = [(134, False, None, "0xfffff80168956540"), (135, False, "Idle", "0xfffff801689d9300")]
RING_15063 = [(137, False, None, "0xfffff800d55efb08"), (138, False, "Idle", "0xfffff800d567e9c0")]

# Idle thread, state, priority, wait time; the process is Idle in all of them.
IDLE_7601 = [
    ("0xfffff80003c53cc0", "Running", 16, 0x9C906), ("0xfffff880009f30c0", "Running", 16, 0x0),
    ("0xfffff8800336f0c0", "Running", 16, 0x0), ("0xfffff880033e00c0", "Running", 16, 0x9B2F5),
    ("0xfffff880009bd0c0", "Running", 16, 0x0), ("0xfffff880034af0c0", "Running", 16, 0x9C8FD),
    ("0xfffff880035200c0", "Running", 16, 0x0), ("0xfffff880035910c0", "Running", 16, 0x0),
]

# ---- checking ----


class Mismatch(Exception):
    pass


class Snapshot:
    def __init__(self, analyzer, path):
        self.name = path.stem
        self.checked = 0
        output = subprocess.run([analyzer, "snapshot", "--quiet", path], check=True,
                                capture_output=True).stdout
        self.json = json.loads(output)

    def at(self, path):
        value = self.json
        for key in path.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value

    def same(self, what, expected, found):
        if expected != found:
            raise Mismatch(f"{self.name}: {what}: expected {expected!r}, found {found!r}")
        self.checked += 1

    def is_at(self, path, expected):
        try:
            found = self.at(path)
        except (KeyError, IndexError):
            found = "nothing"
        self.same(path, expected, found)

    def findings(self, kind):
        return [finding for finding in self.json["findings"] if finding["kind"] == kind]


def check_header(snapshot, header, kind, bitmap):
    snapshot.is_at("dump.format", "crash-dump-64")
    snapshot.is_at("dump.type", kind)
    for field, value in header.items():
        snapshot.is_at(f"dump.header.{field}", value)
    # "Attributes" was not printed for 7601: its header never set it.
    snapshot.same("Attributes there", "Attributes" in header,
                  "Attributes" in snapshot.at("dump.header"))
    for field, value in bitmap.items():
        snapshot.is_at(f"dump.bitmap.{field}", value)
    snapshot.is_at("dump.pages_present", bitmap["Pages"])
    snapshot.same("mismatches", [], snapshot.findings("header.mismatch"))


def check_processors(snapshot, prcbs):
    snapshot.same("processors", len(prcbs), len(snapshot.at("processors")))
    for number, prcb in enumerate(prcbs):
        snapshot.is_at(f"processors.{number}.prcb", prcb)
        snapshot.is_at(f"processors.{number}.number", number)


def check_tree(snapshot, tree):
    """The rows in their order; those between two "..." one right behind the other."""
    processes = [process for process in snapshot.at("processes")
                 if process["views"]["active_process_links"]]
    position = {process["pid"]: index for index, process in enumerate(processes)}
    images = {process["pid"]: process for process in processes}
    last, gap = -1, False
    for row in tree.split("\n"):
        if row == "...":
            gap = True
        if row in ("", "..."):
            continue
        ppid, pid, threads, name = row.split()
        ppid, pid = int(ppid, 16), int(pid, 16)
        if pid not in position:
            raise Mismatch(f"{snapshot.name}: {name} ({pid:#x}) is not on ActiveProcessLinks")
        index = position[pid]
        if not gap:
            snapshot.same(f"place of {name} ({pid:#x})", last + 1, index)
        snapshot.same(f"{name} ({pid:#x}) comes later", True, index > last)
        process = processes[index]
        found = (process["ppid"], process["pid"], process["active_threads"], process["name"])
        snapshot.same(f"row {row}", (ppid, pid, int(threads), name), found)
        check_parent(snapshot, process, images)
        last, gap = index, False
    if not gap:
        snapshot.same("the last of ActiveProcessLinks", len(processes) - 1, last)


def check_parent(snapshot, process, images):
    parent = images.get(process["ppid"])
    state = process["parent"]["state"]
    what = f"parent of {process['name']} ({process['pid']:#x})"
    if process["ppid"] == 0:
        snapshot.same(what, "none", state)
    elif parent is None:
        snapshot.same(what, "absent", state)
    elif parent["create_time"] > process["create_time"]:
        snapshot.same(what, "pid-reused", state)
    else:
        ended = "exit_time" in parent or parent["active_threads"] == 0
        snapshot.same(what, "exited" if ended else "alive", state)
        snapshot.same(what, parent["name"], process["parent"].get("name"))


def check_ring(snapshot, ring, count):
    snapshot.is_at("memory_manager_list.count", count)
    snapshot.is_at("memory_manager_list.start.name", "System")
    snapshot.same("entries", count, len(snapshot.at("memory_manager_list.entries")))
    for position, inserted, name, address in ring:
        entry = f"memory_manager_list.entries.{position}"
        snapshot.is_at(f"{entry}.position", position)
        snapshot.is_at(f"{entry}.inserted", inserted)
        snapshot.is_at(f"{entry}.address", address)
        kind = {None: "list-head", "Idle": "idle"}.get(name, "process")
        snapshot.is_at(f"{entry}.kind", kind)
        if name:
            snapshot.is_at(f"{entry}.name", name)
    kinds = [entry["kind"] for entry in snapshot.at("memory_manager_list.entries")]
    snapshot.same("list heads", 1, kinds.count("list-head"))
    snapshot.same("idle processes", 1, kinds.count("idle"))
    heads = snapshot.findings("process.list-head")
    snapshot.same("findings process.list-head", 1, len(heads))
    snapshot.same("the head's address", next(row[3] for row in ring if row[2] is None),
                  heads[0]["evidence"]["address"])


def check_system(snapshot, lab, base, suite, time, uptime):
    build, revision = lab.split(".")[:2]
    snapshot.is_at("system.build", int(build))
    snapshot.is_at("system.revision", int(revision))
    snapshot.is_at("system.build_lab", lab)
    snapshot.is_at("system.arch", "x64")
    snapshot.is_at("system.product_type", "WinNt")
    snapshot.is_at("system.suite", suite)
    snapshot.is_at("system.kernel_base", base)
    snapshot.same("session time", time, snapshot.at("system.system_time")[:len(time)])
    snapshot.same("uptime in ms", uptime, snapshot.at("system.uptime_100ns") // 10000)


def milliseconds(days, hours, minutes, seconds, thousandths):
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + thousandths


def check_7601(snapshot):
    check_header(snapshot, HEADER_7601, "kernel-summary",
                 {"HeaderSize": 0x4B000, "BitmapSize": 0x240000, "Pages": 0x30CF1})
    check_processors(snapshot, [
        "0xfffff80003c45e80", "0xfffff880009e8180", "0xfffff88003364180", "0xfffff880033d5180",
        "0xfffff880009b2180", "0xfffff880034a4180", "0xfffff88003515180", "0xfffff88003586180"])
    check_system(snapshot, "7601.22616.amd64fre.win7sp1_ldr.140303-2307", "0xfffff80003a54000",
                 ["TerminalServer", "SingleUserTS"], "2014-09-20T00:58:01.081",
                 milliseconds(0, 2, 46, 44, 174))
    snapshot.is_at("system.service_pack", 1)
    check_tree(snapshot, TREE_7601)
    check_ring(snapshot, RING_7601, 134)
    snapshot.is_at("memory_manager_list.start.address", "0xfffffa8006d0f740")
    snapshot.is_at("memory_manager_list.start.inserted", True)
    snapshot.is_at("memory_manager_list.head.address", "0xfffff80003c80ee0")
    # WinDbg shows three bytes that are no text as "???"; a snapshot keeps them.
    name = snapshot.at("memory_manager_list.entries.132.name")
    snapshot.same("three bytes for a name", True,
                  re.fullmatch(r"(\\x[89a-f][0-9a-f]){3}", name) is not None)
    for number, (thread, state, priority, wait) in enumerate(IDLE_7601):
        snapshot.is_at(f"processors.{number}.idle_thread",
                       {"address": thread, "process": "0xfffff80003c54180", "state": state,
                        "priority": priority, "wait_time": wait})
    for process in snapshot.at("processes"):
        snapshot.same("Minimal in 7601", False, "Minimal" in process["bits"])
        snapshot.same("SubsystemProcess in 7601", False, "SubsystemProcess" in process["bits"])


def check_9600(snapshot):
    check_header(snapshot, HEADER_9600, "bitmap-kernel",
                 {"HeaderSize": 0x48000, "BitmapSize": 0x22F200, "Pages": 0x368E8})
    check_processors(snapshot, ["0xfffff80168972180", "0xffffd00130bd4180", "0xffffd00130d50180",
                                "0xffffd00130dce180"])
    check_system(snapshot, "9600.17238.amd64fre.winblue_gdr.140723-2018", "0xfffff8016868c000",
                 ["TerminalServer", "SingleUserTS", "Personal"], "2014-10-08T15:34:44.270",
                 milliseconds(0, 13, 38, 52, 140))
    check_tree(snapshot, TREE_9600)
    check_ring(snapshot, RING_9600, 136)
    snapshot.is_at("memory_manager_list.entries.134.bits.Minimal", 0)
    for process in snapshot.at("processes"):
        snapshot.same("SubsystemProcess in 9600", False, "SubsystemProcess" in process["bits"])


def check_10240(snapshot):
    check_header(snapshot, HEADER_10240, "bitmap-kernel",
                 {"HeaderSize": 0x2B000, "BitmapSize": 0x140000, "Pages": 0x1D36B})
    check_processors(snapshot, ["0xfffff8022977d180", "0xffffd0015cc55180"])
    check_tree(snapshot, TREE_10240)
    snapshot.is_at("system.build", 10240)
    for process in snapshot.at("processes"):
        snapshot.same("SubsystemProcess in 10240", True, "SubsystemProcess" in process["bits"])
    explorer = [process for process in snapshot.at("processes") if process["pid"] == 0x614][0]
    snapshot.same("parent of explorer.exe", {"state": "exited", "name": "userinit.exe"},
                  explorer["parent"])


def check_14393(snapshot):
    snapshot.is_at("system.build", 14393)
    snapshot.same("mismatches", [], snapshot.findings("header.mismatch"))
    snapshot.is_at("coverage.sections.processes.status", "complete")


def check_15063(snapshot):
    snapshot.is_at("dump.header.PsLoadedModuleList", "0xfffff800d55d35c0")
    check_system(snapshot, "15063.0.amd64fre.rs2_release.170317-1834", "0xfffff800d5287000",
                 ["TerminalServer", "SingleUserTS"], "2017-08-25T23:15:56.376",
                 milliseconds(4, 0, 30, 14, 78))
    check_ring(snapshot, RING_15063, 139)
    snapshot.is_at("memory_manager_list.entries.137.bits.Minimal", 1)
    snapshot.is_at("system.processors", 2)


MACHINES = [("win7-7601", check_7601), ("win81-9600", check_9600), ("win10-10240", check_10240),
            ("win10-14393", check_14393), ("win10-15063", check_15063)]


def main():
    analyzer, dumps = sys.argv[1:]
    missing = [name for name, _ in MACHINES if not (pathlib.Path(dumps) / f"{name}.dmp").is_file()]
    if missing:
        print(f"skipped: {', '.join(missing)}: not made in {dumps}")
        return 77
    for name, check in MACHINES:
        snapshot = Snapshot(analyzer, pathlib.Path(dumps) / f"{name}.dmp")
        try:
            check(snapshot)
        except Mismatch as mismatch:
            print(mismatch)
            return 1
        print(f"{name}: {snapshot.checked} values as published")
    return 0


if __name__ == "__main__":
    sys.exit(main())
