#!/usr/bin/env python3
"""threads.py - a kernel dump and an active dump of Windows 10 10240 say of threads, system calls and
handles what a published analysis of such machines said.

    threads.py NT_ANALYZER DUMPS

The values are written out here as they were published; its Start is Win32StartAddress. Ends with 1
at the first mismatch, with both values; with 77 (a skip) where there are no such dumps.
"""
import json
import pathlib
import subprocess
import sys

ALPC = "ntdll!NtAlpcSendWaitReceivePort+0xa"
WORKER = "ntdll!NtWaitForWorkViaWorkerFactory+0xa"

# Thread, TrapFrame, Start, Rip: in this order.
KERNEL_CSRSS = [
    ("0xffffe001522c9840", "0xffffd00158946c00", "0x00007ff9a45a5310", "0x00007ff9a7c43d7a"),
    ("0xffffe00150318080", "0xffffd00158dcdc00", "0x00007ff9a45a5310", "0x00007ff9a7c43d7a"),
    ("0xffffe0015220c840", "0xffffd001589f2c00", "0x00007ff9a4547130", "0x00007ff9a4547a5a"),
    ("0xffffe00152e56080", "0xffffd00020595c00", "0x00007ff9a45a5310", "0x00007ff9a7c43d7a"),
    ("0xffffe00152f65080", "0xffffd000208bfc00", "0x00007ff9a45a5310", "0x00007ff9a7c43d7a"),
    ("0xffffe00150eff040", "0xffffd00021a3bc00", "0x00007ff9a7be9040", "0x00007ff9a7c4505a"),
]
# The same, and the name of Rip; None: a number in the publication too.
ACTIVE_CSRSS = [
    ("0xffffe000fb80a080", "0xffffd001276a5c00", "0x00007ffdaee15310", "0x00007ffdb24b3d7a", ALPC),
    ("0xffffe000fc417080", "0xffffd0012d2f7c00", "0x00007ffdaee15310", "0x00007ffdb24b3d7a", ALPC),
    ("0xffffe000fc414480", "0xffffd00127aaec00", "0x00007ffdaedb7130", "0x00007ffdaedb7a5a", None),
    ("0xffffe000fc4f8840", "0xffffd0012768cc00", "0x00007ffdaedb7130", "0x00007ffdaedb7a5a", None),
    ("0xffffe000fca6d080", "0xffffd0012b3fcc00", "0x00007ffdaee15310", "0x00007ffdb24b3d7a", ALPC),
]
# NotMyfault.exe: wait reason 27, state 2, Arg(448); wait reason 15, state 5, Arg(92).
NOT_MY_FAULT = [
    {"address": "0xffffe00075ea5840", "trap_frame": "0xffffd00022fbde40",
     "win32_start": {"address": "0x00007ff7cf1a2f98", "symbol": "NotMyfault+0x2f98"},
     "rip": {"address": "0x00007ffa3dab356a", "symbol": "ntdll!NtDeviceIoControlFile+0xa"},
     "state": "Running", "wait_reason": "WrResource", "number": 7,
     "name": "NtDeviceIoControlFile", "first_argument": hex(448), "type": "File"},
    {"address": "0xffffe000772b9840", "trap_frame": "0xffffd00022a2ec00",
     "win32_start": {"address": "0x00007ffa3da59040", "symbol": "ntdll!TppWorkerThread"},
     "rip": {"address": "0x00007ffa3dab505a", "symbol": WORKER},
     "state": "Waiting", "wait_reason": "WrQueue", "number": 438,
     "name": "NtWaitForWorkViaWorkerFactory", "first_argument": hex(92),
     "type": "TpWorkerFactory"},
    {"address": "0xffffe00076aff5c0", "trap_frame": "0xffffd000210eac00",
     "win32_start": {"address": "0x00007ffa3da59040", "symbol": "ntdll!TppWorkerThread"},
     "rip": {"address": "0x00007ffa3dab505a", "symbol": WORKER},
     "state": "Waiting", "wait_reason": "WrQueue", "number": 438,
     "name": "NtWaitForWorkViaWorkerFactory", "first_argument": hex(92),
     "type": "TpWorkerFactory"},
]
FILE_OBJECT = "0xffffe00076049f20"  # behind handle 0x1c0


def same(what, published, found):
    if published != found:
        sys.exit(f"{what}: published {published}, found {found}")


def snapshot_of(analyzer, dumps, name):
    dump, symbols = dumps / f"{name}.dmp", dumps / "symbols" / name / "windows"
    return json.loads(subprocess.run(
        [analyzer, "snapshot", dump, "--symbols", symbols, "--quiet"], check=True,
        stdout=subprocess.PIPE).stdout)


def process_at(snapshot, address):
    process, = [each for each in snapshot["processes"] if each["address"] == address]
    return process


def row_of(thread):
    return (thread["address"], thread["trap_frame"], thread["win32_start"]["address"],
            thread["rip"]["address"])


def check_kernel(snapshot):
    same("user memory", "absent", snapshot["coverage"]["user_memory"])
    csrss = process_at(snapshot, "0xffffe0015246a840")
    same("csrss.exe", 11, len(csrss["threads"]))
    for row, thread in zip(KERNEL_CSRSS, csrss["threads"]):
        same("a thread", row, row_of(thread))
        same("the name of its Rip", None, thread["rip"]["symbol"])
    coverage = snapshot["coverage"]["sections"]["threads"]
    same("coverage of threads", "partial", coverage["status"])
    same("its reason", "the dump has no user memory: addresses in user mode have no names",
         coverage["reason"])


def check_active(snapshot):
    same("user memory", True, snapshot["coverage"]["user_memory"] in ("present", "partial"))
    csrss = process_at(snapshot, "0xffffe000fb83c240")
    same("csrss.exe", 12, len(csrss["threads"]))
    for row, thread in zip(ACTIVE_CSRSS, csrss["threads"]):
        same("a thread", row, row_of(thread) + (thread["rip"]["symbol"],))
    same("a thread's TrapFrame", ("0xffffe000fce1a080", "0xffffd0012c1fcc00"),
         row_of(csrss["threads"][5])[:2])
    culprit = process_at(snapshot, "0xffffe0007749f080")
    same("NotMyfault.exe", 3, len(culprit["threads"]))
    for published, thread in zip(NOT_MY_FAULT, culprit["threads"]):
        call = thread["system_call"]
        found = {**thread, **call, "type": call["object"]["type"], "address": thread["address"]}
        same("a thread", published, {key: found[key] for key in published})
    same("handle 0x1c0", FILE_OBJECT, culprit["threads"][0]["system_call"]["object"]["address"])


def main():
    analyzer, dumps = sys.argv[1], pathlib.Path(sys.argv[2])
    for name, check in ("win10-10240-kernel", check_kernel), ("win10-10240-active", check_active):
        if not (dumps / f"{name}.dmp").is_file():
            print(f"skipped: {name} was not made in {dumps}")
            sys.exit(77)
        check(snapshot_of(analyzer, dumps, name))
        print(f"{name}: threads as published")


if __name__ == "__main__":
    main()
