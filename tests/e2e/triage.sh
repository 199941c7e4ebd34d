#!/usr/bin/env bash
# triage.sh - two real triage dumps, x64 with its symbols and ARM64: every published value.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

real=$NTDRIFT_SHARED/real
symbols=$real/ntkrnlmp-5278AFF86C341677D7D7835C85B7B8441.json.xz
for file in "$real/triage_x64.dmp" "$real/triage_arm64.dmp" "$symbols"; do
    [ -f "$file" ] || skip "$file is not on this machine"
done

# snapshot NAME DUMP OPTION...
snapshot() {
    local name=$1 dump=$2
    shift 2
    exits 0 timeout 120 "$NT_ANALYZER" snapshot "$dump" --quiet "$@" -o "$scratch/$name.json"
}

# holds NAME CHECK < CODE: `s` is the snapshot.
holds() {
    check "$2" python3 -c '
import json, sys
s = json.load(open(sys.argv[1]))
exec(sys.stdin.read())' "$scratch/$1.json"
}

snapshot x64 "$real/triage_x64.dmp" --symbols "$symbols"
holds x64 "x64: what the dump says of itself" <<'JSON'
header, triage = s["dump"]["header"], s["dump"]["triage"]
assert s["dump"]["type"] == "triage" and s["dump"]["pages_present"] == 0
assert header["BugCheckCode"] == "0x1000007e" and header["NumberProcessors"] == 16, header
assert "Attributes" not in header, "the writer of this dump did not set it"
assert triage["data_blocks"] == 1831 and triage["drivers"] == 151, triage
assert "data_blocks_present" not in triage and "drivers_present" not in triage
assert [d["name"] for d in triage["unloaded_drivers"]] == [
    "dam.sys", "WdBoot.sys", "hwpolicy.sys", "mcupdate.dll"], triage["unloaded_drivers"]
assert len(triage["secondary_data"]) == 20
assert triage["secondary_data"][0] == {
    "guid": "54c84888-01d1-4c1e-bed6-282c98241303", "size": 4096}
assert sum(d["size"] for d in triage["secondary_data"]) == 157047
assert s["coverage"]["sections"]["dump"] == {"status": "complete", "unreadable": {}}
JSON
holds x64 "x64: the fault is in amdppm.sys" <<'JSON'
triage = s["dump"]["triage"]
fault = triage["exception"]
assert fault["address"] == "0xfffff8048b58334c" and fault["module"] == "amdppm.sys", fault
assert fault["code"] == "0xc0000005" and fault["offset"] == "0x334c", fault
assert fault["found_by"] == "BugCheckParameter3", fault
assert fault["parameters"] == ["0x0000000000000001", "0xffffffffffffffff"], fault
assert triage["header_exception"]["code"] == "0x80000003", triage
assert triage["context"]["rip"] == fault["address"], triage
assert triage["context"]["rsp"] == "0xffff850429892120", triage
driver, = [m for m in s["modules"] if m["name"] == "amdppm.sys"]
assert driver["base"] == "0xfffff8048b580000" and driver["size"] == 0x3b000, driver
JSON
holds x64 "x64: the system, its modules and what ran" <<'JSON'
system, triage = s["system"], s["dump"]["triage"]
assert system["build"] == 19041 and system["processors"] == 16, system
assert system["build_lab"] == "19041.1.amd64fre.vb_release.191206-1406", system
assert system["kernel_base"] == "0xfffff8047ba00000" and system["kernel_pdb"] is None, system
assert system["symbols"]["match"] == "exact", system
assert system["symbols"]["matched_by"] == "addresses", system
assert len(s["modules"]) == 151 and s["modules"][0]["name"] == "ntoskrnl.exe"
assert s["modules"][0]["size"] == 0x1046000 and s["modules"][0]["timestamp"] == 0x0d8333e6
current, = [p for p in s["processes"] if p["address"] == triage["process"]]
assert current["name"] == "System" and current["pid"] == 4, current
# Their heads are not in the dump: nothing is known of these lists, and nothing is wrong with them.
lists = {f["subject"] for f in s["findings"] if f["kind"] == "list.broken"}
assert not lists & {"PspJobList", "AlpcpPortList"} and "ThreadListHead of System (0x4)" in lists, lists
# System's is the only name in the dump: which of the others is csrss.exe cannot be told.
assert current["views"]["csrss_handles"] is None, current
assert current["views"]["processor"] and current["views"]["active_process_links"], current
assert len(s["processors"]) == 16
assert s["processors"][0]["prcb"] == triage["prcb"] == "0xfffff804782d4180"
assert s["processors"][0]["current_thread"] == triage["thread"] == "0xffffc08bde9e1640"
assert s["processors"][0]["cr3"] == "0x1ad000", s["processors"][0]
sections = s["coverage"]["sections"]
for name in "modules", "processes", "processors", "memory_manager_list":
    assert sections[name]["status"] == "partial" and sections[name]["reason"], sections[name]
assert s["coverage"]["user_memory"] == "absent"
assert not [f for f in s["findings"] if f["kind"] == "process.pid-reused"], s["findings"]
JSON
# The images, and so their function tables, are not in the dump. That the machine was starting its
# devices is what the addresses on the stack say, by the kernel's own symbols.
holds x64 "x64: the thread that ran, and its stack" <<'JSON'
triage, stack = s["dump"]["triage"], s["stack"]
assert stack["thread"] == triage["thread"] and stack["state"] == "Running", stack
assert stack["process"] == {"address": triage["process"], "name": "System"}, stack
assert stack["rsp"] == triage["context"]["rsp"], stack
first, *rest = stack["frames"]
assert first == {"address": "0xfffff8048b58334c", "symbol": "amdppm+0x334c",
                 "method": "registers"}, first
assert len(rest) == 54 and all(f["method"] == "scan" for f in rest), len(rest)
assert all(stack["rsp"] <= f["at"] < "0xffff850429893000" for f in rest), rest
names = [f["symbol"] for f in rest]
callers = ["amdppm+0x22e2c", "Wdf01000+0x7c027", "nt!IofCallDriver+0x55",
           "nt!PnpAsynchronousCall+0xea", "nt!PnpStartDevice+0x88", "nt!PnpStartDeviceNode+0xec",
           "nt!PipProcessStartPhase1+0x73", "nt!PipProcessDevNodeTree+0x319",
           "nt!PiProcessStartSystemDevices+0x60", "nt!PnpDeviceActionWorker+0x4cc",
           "nt!ExpWorkerThread+0x105", "nt!PspSystemThreadStartup+0x55",
           "nt!KiStartSystemThread+0x28"]
places = [names.index(caller) for caller in callers]
assert places == sorted(places), places
assert s["coverage"]["sections"]["stack"]["status"] == "partial"
system, = [p for p in s["processes"] if p["name"] == "System"]
thread, = [t for t in system["threads"] if t["address"] == triage["thread"]]
assert thread["tid"] == 264 and thread["wait_reason"] == "Executive", thread
assert thread["start"] == {"address": "0xfffff8047bc25870", "symbol": "nt!ExpWorkerThread"}, thread
assert thread["trap_frame"] == "0x0000000000000000" and "system_call" not in thread, thread
JSON
snapshot again "$real/triage_x64.dmp" --symbols "$real"
check "symbols are found in their folder too" cmp -s "$scratch/x64.json" "$scratch/again.json"

snapshot none "$real/triage_x64.dmp" --no-profiles
holds none "x64 without symbols: header, drivers, what KDBG tells" <<'JSON'
assert s["system"]["symbols"] == {"match": "none"}
assert s["system"]["build"] == 19041 and s["system"]["kernel_base"] == "0xfffff8047ba00000"
assert s["dump"]["triage"]["process"] == "0xffffc08bdce94180"
assert s["dump"]["triage"]["exception"]["module"] == "amdppm.sys"
assert len(s["modules"]) == 151
sections = s["coverage"]["sections"]
for name in "layouts", "memory_manager_list", "processes", "processors":
    assert name not in s and sections[name]["status"] == "unavailable", sections[name]
    assert sections[name]["reason"] == "no symbols for this kernel", sections[name]
JSON

snapshot arm64 "$real/triage_arm64.dmp" --symbols "$symbols"
holds arm64 "ARM64: header, bug check, context, drivers" <<'JSON'
header, triage = s["dump"]["header"], s["dump"]["triage"]
assert s["system"]["arch"] == "arm64" and s["system"]["build"] == 22000, s["system"]
assert s["system"]["build_lab"] == "22000.1.arm64fre.co_release.210604-1628", s["system"]
assert s["system"]["symbols"] == {"match": "none"}, s["system"]
assert header["BugCheckCode"] == "0x1c8" and header["NumberProcessors"] == 8, header
assert triage["drivers"] == 245 and len(s["modules"]) == 245
assert triage["data_blocks"] == 679 and len(triage["secondary_data"]) == 42
assert triage["context"]["pc"] == "0xfffff803f32de014", triage["context"]
assert triage["context"]["sp"] == "0xffffe00e0e4bc4a0", triage["context"]
assert triage["exception"]["address"] == triage["context"]["pc"]
assert triage["exception"]["module"] == "ntoskrnl.exe", triage["exception"]
assert triage["process"] == "0xffffbb8eb1690080", triage
for name in "layouts", "memory_manager_list", "processes", "processors":
    section = s["coverage"]["sections"][name]
    assert section["status"] == "unavailable" and "ARM64" in section["reason"], section
JSON

exits 0 "$NT_ANALYZER" info "$real/triage_x64.dmp" --symbols "$symbols"
prints "DataBlocksCount         00000727"
prints "ExceptionAddress: fffff8048b58334c (amdppm+0x000000000000334c)"
prints "ExceptionCode: c0000005 (Access violation)"
prints "registers                   fffff804\`8b58334c amdppm+0x334c"
prints "scan      ffff8504\`298928a8 fffff804\`7c123760 nt!PnpStartDeviceNode+0xec"
prints "exact: the addresses of globals are the kernel's"
exits 0 "$NT_ANALYZER" info "$real/triage_arm64.dmp"
prints "ExceptionAddress: fffff803f32de014 (ntoskrnl+0x00000000004de014)"

check "schema: all of them hold to it" python3 - "$SOURCE/analyzer/snapshot/schema.json" \
    "$scratch"/{x64,none,arm64}.json <<'JSON'
import json, sys
try:
    import jsonschema
except ImportError:
    print("not checked: python3-jsonschema is not installed")
    sys.exit(0)
validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
errors = [e for path in sys.argv[2:] for e in validator.iter_errors(json.load(open(path)))]
for error in errors:
    print("/".join(map(str, error.absolute_path)), error.message[:200])
sys.exit(1 if errors else 0)
JSON

# One published address that is not the symbols': they are another kernel's, and only their layouts
# may be proved. KDBG is at 0x104a8, its PsLoadedModuleList at 0x48.
cp "$real/triage_x64.dmp" "$scratch/other.dmp"
printf '\x98' | dd of="$scratch/other.dmp" bs=1 seek=$((0x104a8 + 0x48)) conv=notrunc status=none
snapshot other "$scratch/other.dmp" --symbols "$symbols"
holds other "symbols with one address that is off are not exact" <<'JSON'
assert s["system"]["symbols"]["match"] == "proved", s["system"]
JSON

finish
