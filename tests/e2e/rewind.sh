#!/usr/bin/env bash
# rewind.sh - real memory of a running Windows 10 17763 (933 pages of it), wrapped into dumps: what
# is there is read, the process list that breaks is reported with the address where it breaks.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

pages=$NTDRIFT_SHARED/real/rewind-17763-pages.tar.xz
[ -f "$pages" ] || skip "$pages is not on this machine"
mkdir "$scratch/pages"
tar -xJf "$pages" -C "$scratch/pages"

for kind in full bitmap; do
    dump=$scratch/rewind-$kind.dmp
    python3 "$SOURCE/tests/wrap/wrap.py" "$scratch/pages" "$kind" "$dump" || {
        echo "FAILED: wrapping ($kind)"
        exit 1
    }
    exits 0 "$NT_ANALYZER" snapshot "$dump" -o "$scratch/$kind.json"
    check "$kind: what these pages hold" python3 - "$scratch/$kind.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
system = snapshot["system"]
assert system["build"] == 17763, system
assert system["build_lab"] == "17763.1.amd64fre.rs5_release.180914-1434", system
assert system["kernel_base"] == "0xfffff8051a09f000", system
assert system["kernel_pdb"] == {"name": "ntkrnlmp.pdb", "age": 1,
                                "guid": "20C711BBD4C21AA5C45BC774BC7E0472"}, system
assert system["symbols"]["match"] == "proved" and "17763" in system["symbols"]["source"], system
modules = snapshot["modules"]
assert len(modules) == 198, len(modules)
assert [m["name"] for m in modules[:3]] == ["ntoskrnl.exe", "hal.dll", "kdcom.dll"]
assert modules[0]["timestamp"] == 0x6105701f and modules[0]["size"] == 0xa71000, modules[0]
cng = [p for p in snapshot["processes"] if p["name"] == "cng.exe"]
assert len(cng) == 1 and cng[0]["pid"] == 7088 and cng[0]["address"] == "0xffffe38f3f3cf540", cng
assert snapshot["processors"][0]["current_thread"] == "0xffffe38f3d5c4080", snapshot["processors"]
assert snapshot["processors"][0]["cr3"] is not None
broken = [f for f in snapshot["findings"] if f["kind"] == "list.broken"
          and "0xffffe38f36461328" in json.dumps(f)]
assert broken, snapshot["findings"]
nt, win32k = snapshot["syscalls"]["tables"]
assert (nt["name"], nt["found_by"], nt["count"]) == ("KiServiceTable", "system call entry", 463), nt
assert nt["address"] == "0xfffff8051a49d2b0", nt["address"]
services = nt["services"]
assert all(s["module"] == "ntoskrnl.exe" for s in services), services
types = {t["index"]: t["name"] for t in snapshot["objects"]["types"]}
assert (types[5], types[6], types[7]) == ("Token", "Job", "Process"), types
assert snapshot["objects"]["cookie"] == "0xcc", snapshot["objects"]["cookie"]
root = {o["name"] for o in snapshot["objects"]["directories"]["\\"]}
assert {"DosDevices", "REGISTRY"} <= root, root
# NtReadFile and NtDeviceIoControlFile have nine and ten arguments, NtClose one.
assert [services[n]["arguments"] for n in (6, 7, 15)] == [5, 6, 0], services[:16]
# NtWaitHighEventPair and NtWaitLowEventPair: neither is implemented any more.
assert services[461]["rva"] == services[462]["rva"] == "0x6be760", services[461:]
# The pages of win32k's table are not among these.
assert (win32k["name"], win32k["count"]) == ("W32pServiceTable", 1242), win32k
assert all(s["address"] is None for s in win32k["services"])
section = snapshot["coverage"]["sections"]["syscalls"]
assert section["unreadable"] == {"not-in-dump": 2 * 1242}, section
section = snapshot["coverage"]["sections"]["processes"]
assert section["status"] == "partial" and sum(section["unreadable"].values()) > 0, section
# Two processes are here, of many: that neither is in a job does not say that there are none.
for name in "sessions", "jobs", "silos", "handles", "cross_session":
    assert snapshot["coverage"]["sections"][name]["status"] == "partial", name
EOF
    # The machine stopped inside NtDeviceIoControlFile, service 7, called by cng.exe: so say, each
    # by itself, _KTHREAD, the stack as it is unwound, and the service table.
    check "$kind: the thread that ran, its system call, its stack" python3 - "$scratch/$kind.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
cng, = [p for p in snapshot["processes"] if p["name"] == "cng.exe"]
thread, = cng["threads"]
assert thread["address"] == "0xffffe38f3d5c4080" and thread["tid"] == 6288, thread
assert thread["state"] == "Running" and thread["wait_reason"] == "WrPreempted", thread
assert thread["trap_frame"] == "0xffffde0b7d341b00", thread
assert thread["rip"]["address"] == "0x00007ffd7fe2f844", thread
assert thread["rip"]["symbol"] is None, "the process's modules are not among the pages"
assert thread["start"]["address"] == "0x00007ffd7fdfa250", thread
assert thread["win32_start"]["address"] == "0x00007ff74818eff0", thread
call = thread["system_call"]
assert call["number"] == 7 and call["first_argument"] == "0x98", call
stack = snapshot["stack"]
assert stack["thread"] == thread["address"] and stack["state"] == "Running", stack
assert stack["process"] == {"address": cng["address"], "name": "cng.exe"}, stack
assert [f["method"] for f in stack["frames"]] == ["registers"] + 8 * ["unwind"], stack
assert [f["address"] for f in stack["frames"]] == [
    "0xfffff8051b28642c", "0xfffff8051b285f5f", "0xfffff8051b282f6a", "0xfffff8051a117ae9",
    "0xfffff8051a695fa1", "0xfffff8051a6c136a", "0xfffff8051a637cd6", "0xfffff8051a264088",
    thread["rip"]["address"]], stack
# The last slot is rip in the trap frame.
assert int(stack["frames"][-1]["at"], 16) == int(thread["trap_frame"], 16) + 0x168, stack
# Unwound to its end; only the name of the address in user mode is missing.
assert snapshot["coverage"]["sections"]["stack"]["unreadable"] == {"not-in-dump": 1}
table = snapshot["syscalls"]["tables"][0]
service, = [s for s in table["services"] if s["number"] == 7]
into = int(stack["frames"][6]["address"], 16) - int(service["address"], 16)
assert 0 < into < 0x100, (service, stack["frames"][6])
broken = [f["subject"] for f in snapshot["findings"] if f["kind"] == "list.broken"]
assert "ThreadListHead of cng.exe (0x1bb0)" in broken, broken
assert snapshot["coverage"]["sections"]["threads"]["status"] == "partial"
EOF
done

exits 3 "$NT_ANALYZER" snapshot "$scratch/rewind-full.dmp" --require processes

# The layout of another build is refused, and the check that failed is told with both values.
exits 0 "$NT_ANALYZER" snapshot "$scratch/rewind-full.dmp" --no-profiles \
    --symbols "$SOURCE/analyzer/profiles/nt-10240-x64.json" -o "$scratch/wrong.json"
says "SizeEProcess"
says "0x850"
says "0x7a8"
says "ntkrnlmp.pdb/20C711BBD4C21AA5C45BC774BC7E04721"
exits 0 "$NT_ANALYZER" info "$scratch/rewind-full.dmp"
prints "17763.1.amd64fre.rs5_release.180914-1434"

finish
