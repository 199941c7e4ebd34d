#!/usr/bin/env bash
# formats.sh - range dumps, KVA shadow, software PTEs that cost a process, and files that are no
# dump: what a user is told.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

for kind in kernel kernel-user complete; do
    [ -f "$DUMPS/small-range-$kind.dmp" ] || skip "$DUMPS/small-range-$kind.dmp was not made"
done

# holds NAME CHECK < CODE: `s` is the snapshot of the forged NAME.
holds() {
    exits 0 "$NT_ANALYZER" snapshot "$DUMPS/$1.dmp" --quiet -o "$scratch/s.json"
    check "$2" python3 -c '
import json, sys
s = json.load(open(sys.argv[1]))
exec(sys.stdin.read())' "$scratch/s.json"
}

# forge NAME OUTPUT < CODE: the dump of a scenario that CODE changes; `s` is the scenario.
forge() {
    python3 -c '
import json, sys
s = json.load(open(sys.argv[1]))
exec(sys.stdin.read())
json.dump(s, open(sys.argv[2], "w"))' "$SOURCE/tests/scenarios/$1.json" "$scratch/scenario.json"
    "$FORGE" "$scratch/scenario.json" --profiles "$SOURCE/analyzer/profiles" -o "$2"
}

# ---- range dumps ----
exits 0 "$NT_ANALYZER" info "$DUMPS/small-range-complete.dmp"
prints "RDMP_HEADER64:"
prints "MetadataSize        00000000\`00000030"
prints "NumberOfRanges      00000002"
prints "TotalNumberOfPages  00000000\`00003f9e"
holds small-range-complete "a complete range dump" <<'END'
assert s["dump"]["type"] == "range-complete" and s["dump"]["pages_present"] == 0x3f9e, s["dump"]
assert s["dump"]["ranges"] == {"MetadataSize": 0x30, "FirstPageOffset": "0x2050",
                               "NumberOfRanges": 2, "TotalNumberOfPages": 0x3f9e}, s["dump"]
assert s["coverage"]["user_memory"] == "present", s["coverage"]
END
exits 0 "$NT_ANALYZER" info "$DUMPS/small-range-kernel.dmp"
check "counts that only complete dumps have are not shown" \
    bash -c "! grep -q NumberOfRanges '$scratch/out'"
holds small-range-kernel "a kernel range dump" <<'END'
assert s["dump"]["type"] == "range-kernel" and s["dump"]["pages_present"] == 0x2400, s["dump"]
assert sorted(s["dump"]["ranges"]) == ["FirstPageOffset", "MetadataSize"], s["dump"]
assert s["coverage"]["user_memory"] == "absent", s["coverage"]
assert len(s["processes"]) == 11, len(s["processes"])
END

# ---- KVA shadow ----
holds small-range-kernel "without KVA shadow" <<'END'
assert {p["protections"]["kva_shadow"] for p in s["processors"]} == {False}, s["processors"]
assert {p["user_directory_table_base"] for p in s["processes"]} == {"0x0000000000000000"}
END
holds small-range-kernel-user "with KVA shadow" <<'END'
assert {p["protections"]["kva_shadow"] for p in s["processors"]} == {True}, s["processors"]
found = {p["name"]: (int(p["user_directory_table_base"], 0), p["address_policy"])
         for p in s["processes"]}
assert found["lsass.exe"] == found["System"] == (1, 1), found
tables, policy = found["notepad.exe"]
assert tables > 0x1000 and tables & 0xfff == 1 and policy == 0, found
END
holds hostile-hole "a build without it has no such key" <<'END'
assert "kva_shadow" not in s["processors"][0]["protections"], s["processors"]
assert not any("user_directory_table_base" in p for p in s["processes"])
END
forge small-range-kernel-user "$scratch/shadow.dmp" <<'END'
for row in s["processes"]:
    row[8:] = [{**(row[8] if len(row) > 8 else {}), "trusted": False, "only_shadow": True}]
END
exits 0 "$NT_ANALYZER" snapshot "$scratch/shadow.dmp" -o "$scratch/s.json"
check "user memory is found through the tables of user mode" \
    grep -q '"user_memory": "present"' "$scratch/s.json"

# ---- software PTEs: why a process cannot be read ----
# pte STATE ENTRY: the page of lsass.exe's entry in ActiveProcessLinks has this PTE.
pte() {
    forge hostile-hole "$scratch/pte.dmp" <<END
s["oddities"][0].update(kind="pte", entry="$2")
END
    exits 0 "$NT_ANALYZER" snapshot "$scratch/pte.dmp" --quiet -o "$scratch/s.json"
    check "a process behind a PTE that is $1" python3 - "$scratch/s.json" "$1" <<'END'
import json, sys
s, state = json.load(open(sys.argv[1])), sys.argv[2]
section = s["coverage"]["sections"]["processes"]
assert section["status"] == "partial", section
assert section["unreadable"] == {state: 14, "bad-value": 4}, section
broken = [row["evidence"]["reason"] for row in s["findings"] if row["kind"] == "list.broken"]
assert broken == [state, state], broken
END
}
pte demand-zero 0x80
pte paged-out 0x0001a2b400000082
pte prototype 0xf8a0012345670400
pte not-mapped 0x0

# ---- what is no dump ----
# refused BYTES TEXT: one line that says what it is and what to do.
refused() {
    printf '%b' "$1" >"$scratch/file"
    head -c 65536 /dev/zero >>"$scratch/file"
    exits 2 "$NT_ANALYZER" snapshot "$scratch/file" -o "$scratch/none.json"
    says "$2"
    check "one line" [ "$(wc -l <"$scratch/err")" -eq 1 ]
    check "no file" [ ! -e "$scratch/none.json" ]
}
refused 'MDMP\x93\xa7' "a user-mode minidump (MDMP) is not supported: it holds one process"
refused 'HIBR' "a hibernation file is not supported: Hibr2Bin"
refused '\xd2\xbe\xd2\xbe' "a VMware state file is not supported: give the .vmem file"
refused '\x7fVirtualBox SavedState V2.0\n' "a VirtualBox saved state is not supported: start"
refused 'version https://git-lfs.github.com/spec/v1\n' "a Git LFS pointer is not supported"
refused 'PK\x03\x04' "a zip archive is not supported: unpack it first"
refused '7z\xbc\xaf\x27\x1c' "a 7z archive is not supported: unpack it first"

finish
