#!/usr/bin/env python3
"""stubs.py - section `stubs` of the synthetic dumps: every stub has the shape of its build and the
number of its service, and one that somebody has overwritten is found.

    stubs.py NT_ANALYZER DUMPS
"""
import json
import pathlib
import subprocess
import sys
import tempfile

analyzer, dumps = sys.argv[1], pathlib.Path(sys.argv[2])
checked = 0

# By dump: module, mechanism, template, or None where templates differ by what `ret` pops.
EXPECTED = {
    "win7-7601": [("ntoskrnl.exe", "kernel-service", None)],
    "win10-10240-active": [
        ("ntdll.dll", "syscall", "4c8bd1b8????????0f05c3"),
        ("SysWOW64\\ntdll.dll", "wow64", None),
        ("ntoskrnl.exe", "kernel-service",
         "488bc4fa4883ec10509c6a10488d05????????50b8????????e9????????"),
    ],
    "win10-14393": [
        ("ntdll.dll", "syscall-or-int2e", "4c8bd1b8????????f604250803fe7f0175030f05c3cd2ec3"),
        ("win32u.dll", "syscall-or-int2e", "4c8bd1b8????????f604250803fe7f0175030f05c3cd2ec3"),
        ("ntoskrnl.exe", "kernel-service", None),
    ],
    "winxp-2600": [("ntoskrnl.exe", "kernel-service", None)],
}
# A jump within ntdll.dll, as in real builds.
FORWARDED = "NtQuerySystemTime"


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def snapshot(dump):
    out = subprocess.run([analyzer, "snapshot", dump, "--quiet", "--sections", "stubs"],
                         check=True, capture_output=True).stdout
    return json.loads(out)


def numbers_of(module):
    return {entry["name"]: entry["number"] for entry in module["entries"] if "number" in entry}


def check_module(dump, module, mechanism, template):
    what = f"{dump}: {module['module']}"
    stubs = [entry for entry in module["entries"] if entry["name"] != FORWARDED]
    expect(f"{what}: mechanisms", {entry["mechanism"] for entry in stubs}, {mechanism})
    if template:
        expect(f"{what}: templates", {entry["template"] for entry in stubs}, {template})
    numbers = numbers_of(module)
    expect(f"{what}: numbers are different", len(set(numbers.values())), len(numbers))


def check(dump, expected):
    taken = snapshot(dumps / f"{dump}.dmp")
    modules = {module["module"]: module for module in taken["stubs"]["modules"]}
    for name, mechanism, template in expected:
        if name not in modules:
            sys.exit(f"MISMATCH: {dump}: there is no {name}, only {sorted(modules)}")
        check_module(dump, modules[name], mechanism, template)
    if "ntdll.dll" not in modules:
        return
    by_ntdll, by_kernel = numbers_of(modules["ntdll.dll"]), numbers_of(modules["ntoskrnl.exe"])
    for name, number in by_kernel.items():
        own = "Nt" + name[2:]
        if own in by_ntdll:
            expect(f"{dump}: {own} in ntdll.dll and in the kernel", by_ntdll[own], number)
    odd = [finding for finding in taken["findings"] if finding["kind"] == "stub.exception"]
    expect(f"{dump}: exceptions", [finding["subject"] for finding in odd],
           [f"ntdll.dll!{FORWARDED}"])
    expect(f"{dump}: it leads to", odd[0]["evidence"]["jumps_to"]["symbol"],
           "ntdll!RtlQuerySystemTime")


def check_hook():
    """NtOpenProcess of 10240 begins with a jump: of the stub's bytes there is one copy in the dump,
    for processes share the page."""
    data = bytearray((dumps / "win10-10240-active.dmp").read_bytes())
    stub = bytes.fromhex("4c8bd1b8260000000f05c3")
    expect("copies of the stub", data.count(stub), 1)
    at = data.index(stub)
    data[at:at + 5] = bytes.fromhex("e9fb0f0000")
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "hooked.dmp"
        dump.write_bytes(data)
        taken = snapshot(dump)
    odd = {finding["subject"]: finding["evidence"] for finding in taken["findings"]
           if finding["kind"] == "stub.exception"}
    expect("exceptions", sorted(odd), ["ntdll.dll!NtOpenProcess", f"ntdll.dll!{FORWARDED}"])
    hook = odd["ntdll.dll!NtOpenProcess"]
    expect("the hook's mechanism", (hook["mechanism"], hook["usual"]), ("unknown", "syscall"))
    expect("the hook's bytes", hook["bytes"], "e9fb0f0000")
    expect("the hook leads to", int(hook["jumps_to"]["address"], 16),
           int(hook["address"], 16) + 0x1000)


for dump, expected in EXPECTED.items():
    check(dump, expected)
check_hook()
print(f"{checked} checks hold")
