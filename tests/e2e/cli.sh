#!/usr/bin/env bash
# cli.sh - the commands as a user meets them: help, wrong usage, wrong files, outputs.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

dump=$DUMPS/win10-10240.dmp

# ---- help and version ----
for program in "$NT_ANALYZER" "$NT_DIFFER"; do
    exits 0 "$program" --help
    prints "usage:"
    exits 0 "$program" --version
    exits 2 "$program"
    exits 2 "$program" no-such-command
done
for command in snapshot info layout "profile make" "profile list"; do
    # shellcheck disable=SC2086 # two words are two words
    exits 0 "$NT_ANALYZER" $command --help
done
for command in diff gate accept explain; do
    exits 0 "$NT_DIFFER" $command --help
done
exits 0 "$NT_ANALYZER" profile --help
prints "make"
exits 2 "$NT_ANALYZER" profile
exits 2 "$NT_ANALYZER" snapshot
exits 2 "$NT_ANALYZER" snapshot "$dump" --no-such-option
exits 2 "$NT_ANALYZER" snapshot "$dump" --sections nonsense
says 'no such section: "nonsense"'
sections=$(sed 's/.*(there are \(.*\))$/\1/; s/,//g' "$scratch/err")
exits 0 "$NT_ANALYZER" snapshot --help
check "help lists all sections" \
    test "$(tr '\n' ' ' <"$scratch/out" | sed 's/.*Sections: \([a-z_, ]*\)\..*/\1/; s/,//g')" = "$sections"
exits 2 "$NT_DIFFER" diff only-one
exits 2 "$NT_DIFFER" diff - - 
exits 2 "$NT_DIFFER" explain no.such.kind

# ---- files that are no dump: one line, exit code 2, no output file ----
mkfifo "$scratch/pipe"
: >"$scratch/empty"
head -c 65536 /dev/zero >"$scratch/zeros"
printf '\x89PNG\r\n\x1a\n\0\0\0\rIHDR' >"$scratch/picture.png"
printf 'MDMP\x93\xa7\0\0' >"$scratch/user.dmp"
printf 'version https://git-lfs.github.com/spec/v1\n' >"$scratch/pointer.dmp"
for file in /no/such/file "$scratch" "$scratch/pipe" "$scratch/empty" "$scratch/zeros" \
    "$scratch/picture.png" "$scratch/user.dmp" "$scratch/pointer.dmp" "$0"; do
    exits 2 timeout 10 "$NT_ANALYZER" snapshot "$file" -o "$scratch/result.json"
    check "no output file is left" test ! -e "$scratch/result.json"
    exits 2 timeout 10 "$NT_ANALYZER" info "$file"
done
exits 2 "$NT_ANALYZER" snapshot "$scratch/picture.png"
says "PNG"
exits 2 "$NT_ANALYZER" snapshot "$scratch/user.dmp"
says "MDMP"
exits 2 "$NT_DIFFER" diff "$scratch/picture.png" "$scratch/zeros"
exits 2 "$NT_DIFFER" diff /no/such/file "$scratch/zeros"
exits 2 "$NT_ANALYZER" layout "$scratch/picture.png"
exits 2 "$NT_ANALYZER" layout /no/such/file

[ -f "$dump" ] || skip "$dump was not made"

# ---- outputs ----
exits 0 "$NT_ANALYZER" snapshot "$dump" -o "$scratch/a.json"
check "nothing on standard output beside -o" test ! -s "$scratch/out"
exits 0 "$NT_ANALYZER" snapshot "$dump"
check "standard output has the same bytes" cmp -s "$scratch/out" "$scratch/a.json"
exits 0 "$NT_ANALYZER" snapshot "$dump" -o -
check "so has -o -" cmp -s "$scratch/out" "$scratch/a.json"
exits 0 sh -c "'$NT_ANALYZER' snapshot - <'$dump'"
check "standard input, redirected from the file: the same bytes" \
    cmp -s "$scratch/out" "$scratch/a.json"
exits 2 sh -c "head -c 100000 '$dump' | '$NT_ANALYZER' snapshot -"
says "standard input: expected a regular file, found a pipe"
exits 2 sh -c "'$NT_ANALYZER' snapshot - <'$0'"
says "standard input:"
exits 2 "$NT_ANALYZER" snapshot "$dump" -o /no/such/folder/a.json
check "a result has the usual permissions" \
    test "$(stat -c %A "$scratch/a.json")" = "$(touch "$scratch/t" && stat -c %A "$scratch/t")"
check "the snapshot is JSON" python3 -m json.tool "$scratch/a.json" /dev/null

# ---- the same bytes everywhere ----
cp --sparse=always "$dump" "$scratch/moved.bin"
(cd "$scratch" && LC_ALL=tr_TR.UTF-8 LANG=de_DE.UTF-8 TZ=Pacific/Auckland \
    "$NT_ANALYZER" snapshot moved.bin -o b.json)
check "another folder, name, locale and time zone: the same bytes" \
    cmp "$scratch/a.json" "$scratch/b.json"
check "no path and no version in a snapshot" sh -c "! grep -qE 'moved|/tmp|$scratch' '$scratch/b.json'"

# ---- sections ----
exits 0 "$NT_ANALYZER" snapshot "$dump" --sections dump,system -o "$scratch/two.json"
check "only the sections asked for" python3 - "$scratch/two.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
assert "system" in snapshot and "dump" in snapshot, sorted(snapshot)
assert "processes" not in snapshot and "modules" not in snapshot, sorted(snapshot)
assert snapshot["coverage"]["sections"]["processes"]["reason"] == "not extracted"
EOF
exits 0 "$NT_ANALYZER" snapshot "$dump" --require processes,processors
exits 3 "$NT_ANALYZER" snapshot "$dump" --require processes,modules
says "modules is partial"
exits 2 "$NT_ANALYZER" snapshot "$dump" --no-profiles --require nonsense
exits 3 "$NT_ANALYZER" snapshot "$dump" --no-profiles --require processes -o "$scratch/none.json"
check "without symbols the snapshot says what is missing" python3 - "$scratch/none.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
assert snapshot["coverage"]["sections"]["processes"]["status"] == "unavailable"
assert snapshot["dump"]["header"]["MinorVersion"] == 10240
EOF
exits 0 "$NT_ANALYZER" snapshot "$dump" --no-profiles
says ".pdb/"
exits 2 "$NT_ANALYZER" snapshot "$dump" --symbols /no/such/file -o "$scratch/result.json"
exits 2 "$NT_ANALYZER" snapshot "$dump" --symbols "$scratch/picture.png" -o "$scratch/result.json"
check "no output file is left" test ! -e "$scratch/result.json"

# ---- symbols that are exactly this kernel's ----
python3 - "$SOURCE/analyzer/profiles/nt-10240-early-x64.json" "$scratch/a.json" "$scratch/own.json" <<'EOF'
import json, sys
profile, snapshot = (json.load(open(path)) for path in sys.argv[1:3])
profile["name"] = "own-x64"
profile["pdb"] = snapshot["system"]["kernel_pdb"]
profile["symbols"] = {"MmProcessList": "0x33cf30"}
json.dump(profile, open(sys.argv[3], "w"), indent=2, sort_keys=True)
EOF
exits 0 "$NT_ANALYZER" snapshot "$dump" --symbols "$scratch/own.json" -o "$scratch/exact.json"
check "the same PDB is an exact match, and its symbols are used" python3 - "$scratch/exact.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
assert snapshot["system"]["symbols"] == {"match": "exact", "source": "own-x64"}, snapshot["system"]
assert snapshot["memory_manager_list"]["head"]["found_by"] == "MmProcessList"
EOF

# ---- the differ's exit codes ----
exits 0 "$NT_ANALYZER" snapshot "$DUMPS/win81-9600.dmp" -o "$scratch/9600.json"
exits 0 "$NT_DIFFER" diff "$scratch/a.json" "$scratch/b.json"
exits 1 "$NT_DIFFER" diff "$scratch/9600.json" "$scratch/a.json"
prints "SubsystemProcess"
check "no colour in a pipe" sh -c "! grep -q \$'\033' '$scratch/out'"
exits 1 sh -c "'$NT_DIFFER' diff - '$scratch/a.json' <'$scratch/9600.json'"
for format in text markdown html json; do
    exits 1 "$NT_DIFFER" diff "$scratch/9600.json" "$scratch/a.json" --format $format -o "$scratch/r1"
    "$NT_DIFFER" diff "$scratch/9600.json" "$scratch/a.json" --format $format >"$scratch/r2"
    check "$format: the same bytes twice" cmp "$scratch/r1" "$scratch/r2"
done
exits 2 "$NT_DIFFER" diff "$scratch/9600.json" "$scratch/a.json" --format nonsense
exits 0 "$NT_DIFFER" gate "$scratch/a.json" "$scratch/b.json"
sed 's/"pid": 4,/"pid": 8,/' "$scratch/a.json" >"$scratch/wrong.json"
exits 1 "$NT_DIFFER" gate "$scratch/a.json" "$scratch/wrong.json"
prints "pid"

# ---- accept ----
cp "$scratch/wrong.json" "$scratch/baseline.json"
exits 0 "$NT_DIFFER" accept "$scratch/a.json" "$scratch/baseline.json"
check "the baseline is replaced" cmp -s "$scratch/a.json" "$scratch/baseline.json"
exits 0 "$NT_DIFFER" accept "$scratch/a.json" "$scratch/new-baseline.json"
check "a first baseline is made" cmp -s "$scratch/a.json" "$scratch/new-baseline.json"
exits 2 "$NT_DIFFER" accept "$scratch/picture.png" "$scratch/baseline.json"
check "a refused one leaves the baseline" cmp -s "$scratch/a.json" "$scratch/baseline.json"

finish
