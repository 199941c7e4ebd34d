#!/usr/bin/env python3
"""syscalls.py - the service tables of the synthetic dumps hold the names and numbers of the real
kernels: with symbols of the kernel itself, and without.

    syscalls.py NT_ANALYZER DUMPS PROFILES LISTS

LISTS is a folder with the public lists of system calls (nt-BUILD-x64.txt, NAME TAB NUMBER), which
are no part of the project; without it this ends with 77 (a skip). What the forge wrote is in the
dumps' facts files.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

analyzer, dumps, profiles, lists = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
MACHINES = {7601: "win7-7601", 9600: "win81-9600", 10240: "win10-10240", 14393: "win10-14393",
            15063: "win10-15063"}
WIN32K = 4096
# `dps nt!KiServiceTable` of the published active dump of 10240, and two services that its threads
# are in: the last four bytes of their addresses.
PUBLISHED = dict(enumerate([
    0x15505324, 0x15508810, 0x1594366c, 0x15ab6c78, 0x15837420, 0x15564dd0, 0x15834d10, 0x15842a00,
    0x15834100, 0x1591d5b0, 0x159053a0, 0x15829b6c, 0x15927e04, 0x1582a400, 0x15840410,
    0x15835f90])) | {438: 0x15457810}
checked = 0


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"MISMATCH: {what}: {found!r}, expected {expected!r}")


def public_list(build, kind):
    path = lists / f"{kind}-{build}-x64.txt"
    if not path.exists():
        return None
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line.strip())
    return {int(number): name for name, number in rows}


def all_names(build):
    """The lists are made of ntdll's stubs, and ntdll answers one service by itself."""
    names = public_list(build, "nt")
    gaps = set(range(max(names))) - set(names)
    expect(f"{build} services that ntdll does not ask for", len(gaps), 1)
    return names | {gaps.pop(): "NtQuerySystemTime"}


def snapshot(dump, *options):
    out = subprocess.run([analyzer, "snapshot", dump, "--quiet", "--sections", "system,syscalls",
                          *options], check=True, capture_output=True).stdout
    return json.loads(out)


def own_symbols(facts, source, pdb, folder):
    """The profile of that build as if it were this kernel's own, with the addresses that the forge
    gave to services and globals."""
    profile = json.loads((profiles / f"{source}.json").read_text())
    base = int(facts["kernel"]["base"], 16)
    addresses = {name: int(at, 16) for name, at in facts["globals"].items()}
    addresses |= {name: int(at, 16) for _, name, at, _ in facts["services"]["nt"]}
    profile["pdb"] = pdb
    profile["symbols"] = {name: hex(at - base) for name, at in addresses.items()}
    path = pathlib.Path(folder) / "own.json"
    path.write_text(json.dumps(profile, sort_keys=True))
    return path


def check_places(build, table, first, module, facts):
    """Numbers, addresses and modules, whatever the names."""
    services = table["services"]
    expect(f"{build} {table['name']} count", table["count"], len(facts))
    expect(f"{build} numbers", [s["number"] for s in services],
           [first + f[0] % WIN32K for f in facts])
    expect(f"{build} addresses", [s["address"] for s in services], [f[2] for f in facts])
    expect(f"{build} arguments", [s["arguments"] for s in services],
           [max(f[3] - 4, 0) for f in facts])
    expect(f"{build} modules", {s["module"] for s in services}, {module})


def check_nt(build, facts, names, found, source):
    table = found["syscalls"]["tables"][0]
    expect(f"{build} table", table["name"], "KiServiceTable")
    expect(f"{build} address", table["address"], facts["globals"]["KiServiceTable"])
    expect(f"{build} found by", table["found_by"], source)
    check_places(build, table, 0, "ntoskrnl.exe", facts["services"]["nt"])
    for service in table["services"]:
        if service["name"] is not None:
            expect(f"{build} name of {service['number']}", service["name"],
                   names[service["number"]])
    return table


def check_win32k(build, facts, found):
    names = public_list(build, "win32k")
    tables = found["syscalls"]["tables"][1:]
    expect(f"{build} W32pServiceTable", len(tables), 1 if facts["services"].get("win32k") else 0)
    if not tables:
        return
    expect(f"{build} win32k's services", tables[0]["count"], len(names))
    check_places(build, tables[0], WIN32K, "win32k.sys", facts["services"]["win32k"])
    expect(f"{build} session", tables[0]["process"] is not None, True)


def check_findings(build, found):
    kinds = {finding["kind"] for finding in found["findings"]}
    expect(f"{build} foreign services", "syscall.foreign-module" in kinds, False)


def check(build, name, folder):
    dump = dumps / f"{name}.dmp"
    facts = json.loads((dumps / f"{name}.facts.json").read_text())
    names = all_names(build)
    found = snapshot(dump)
    table = check_nt(build, facts, names, found, "system call entry")
    by_stubs = [s for s in table["services"] if s.get("name_source") == "kernel-stub"]
    expect(f"{build} names by stubs", len(by_stubs) > 100, True)
    check_win32k(build, facts, found)
    check_findings(build, found)
    own = own_symbols(facts, found["system"]["symbols"]["source"], found["system"]["kernel_pdb"],
                      folder)
    found = snapshot(dump, "--symbols", own)
    expect(f"{build} match", found["system"]["symbols"]["match"], "exact")
    table = check_nt(build, facts, names, found, "symbols")
    expect(f"{build} all names", {s["number"]: s["name"] for s in table["services"]}, names)


def check_published():
    names = all_names(10240)
    found = snapshot(dumps / "win10-10240-active.dmp")
    services = found["syscalls"]["tables"][0]["services"]
    for number, address in PUBLISHED.items():
        expect(f"service {number}", int(services[number]["address"], 16),
               0xfffff80300000000 + address)
    # ntdll is in this dump: its stubs name all that it asks for.
    expect("names by ntdll", {s["number"]: s["name"] for s in services if s["name"]},
           {number: name for number, name in names.items() if name != "NtQuerySystemTime"})


if not (lists / "nt-10240-x64.txt").exists():
    print(f"skipped: no lists of system calls in {lists}")
    sys.exit(77)
if not (dumps / "win10-10240.dmp").exists():
    print(f"skipped: no dumps in {dumps}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as scratch:
    for number, machine in MACHINES.items():
        check(number, machine, scratch)
check_published()
print(f"{checked} checks")
