#!/usr/bin/env bash
# judge.sh - the differ as a judge: gate and its policy, what waits to be accepted, profile lint; a
# test for each exit code.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

old=$SOURCE/baselines/win81-9600.json
new=$SOURCE/baselines/win10-10240.json
export SOURCE_DATE_EPOCH=1795219200 # 2026-11-21

for command in gate review accept reject explain; do
    exits 0 "$NT_DIFFER" $command --help
    prints "Exit code"
done

# ---- gate: 0, 1, 2, 3 ----
exits 0 "$NT_DIFFER" gate "$new" "$new"
exits 1 "$NT_DIFFER" gate "$old" "$new"
exits 2 "$NT_DIFFER" gate "$old" "$scratch/none.json"
echo '{"schema": "ntdrift-policy/1", "gate": {}, "require": ["syscalls-of-nobody"]}' >"$scratch/ask.json"
exits 3 "$NT_DIFFER" gate "$old" "$new" --policy "$scratch/ask.json"
says "syscalls-of-nobody: unknown on the old side"

# ---- waivers for all that gates, until their last day ----
exits 1 "$NT_DIFFER" gate "$old" "$new" --write-waivers
cp "$scratch/out" "$scratch/policy.json"
exits 0 "$NT_DIFFER" gate "$old" "$new" --policy "$scratch/policy.json"
prints "[waived: not reviewed: "
exits 0 "$NT_DIFFER" gate "$old" "$new" --policy "$scratch/policy.json" --date 2027-02-19
exits 1 "$NT_DIFFER" gate "$old" "$new" --policy "$scratch/policy.json" --date 2027-02-20
says "expired on 2027-02-19"
exits 1 "$NT_DIFFER" gate "$new" "$new" --policy "$scratch/policy.json"
says "matches nothing"
# Of another build they say nothing: neither that it is waived nor that they are out of date.
exits 1 "$NT_DIFFER" gate "$new" "$old" --policy "$scratch/policy.json"
check "waivers of another build are not called out of date" \
    sh -c "! grep -q 'matches nothing' '$scratch/err'"
exits 0 "$NT_DIFFER" gate "$old" "$new" --policy "$scratch/policy.json" --write-waivers
check "nothing is added where all is waived" cmp "$scratch/out" "$scratch/policy.json"
for format in text markdown html json junit sarif github; do
    exits 0 "$NT_DIFFER" gate "$old" "$new" --policy "$scratch/policy.json" --format $format
    prints "not reviewed"
done
exits 2 "$NT_DIFFER" gate "$old" "$new" --write-waivers --format json
exits 2 "$NT_DIFFER" gate "$old" "$new" --date 21.11.2026
exits 2 env SOURCE_DATE_EPOCH=now "$NT_DIFFER" gate "$old" "$new"
exits 2 "$NT_DIFFER" diff "$old" "$new" --write-waivers

# ---- review, accept, reject: by name, without a terminal ----
folder=$scratch/baselines
mkdir "$folder"
pend() {
    sed 's/"pid": 4,/"pid": 8,/' "$new" >"$folder/$1.json.new"
}
cp "$new" "$folder/one.json"
cp "$new" "$folder/two.json"
exits 0 "$NT_DIFFER" review "$folder"
prints "nothing waits"
pend one
pend two
pend three
exits 1 "$NT_DIFFER" review "$folder"
prints "==== one"
prints "/processes/0/pid was 4 and is 8"
prints "==== three: new, there is no baseline yet"
prints "3 wait in "
check "a review changes nothing" cmp -s "$folder/one.json" "$new"
exits 0 "$NT_DIFFER" reject two -b "$folder"
check "what was rejected is gone" test ! -e "$folder/two.json.new"
check "its baseline is as it was" cmp -s "$folder/two.json" "$new"
exits 0 "$NT_DIFFER" accept one.json.new --baselines "$folder"
prints "/processes/0/pid was 4 and is 8"
prints "one.json: replaced"
check "nothing waits for it any more" test ! -e "$folder/one.json.new"
check "the baseline is the new one" grep -q '"pid": 8,' "$folder/one.json"
pend two
: >"$folder/zero.json.new"
exits 2 "$NT_DIFFER" review "$folder"
exits 2 "$NT_DIFFER" accept --all -b "$folder"
check "one that is no snapshot stops all" cmp -s "$folder/two.json" "$new"
exits 0 "$NT_DIFFER" reject zero -b "$folder"
exits 0 "$NT_DIFFER" accept --all -b "$folder"
check "all are accepted" grep -q '"pid": 8,' "$folder/two.json" "$folder/three.json"
exits 0 "$NT_DIFFER" review "$folder"
pend one
exits 0 "$NT_DIFFER" reject --all -b "$folder"
check "all are rejected" test ! -e "$folder/one.json.new"
exits 2 "$NT_DIFFER" accept nobody -b "$folder"
exits 2 "$NT_DIFFER" reject nobody -b "$folder"
exits 2 "$NT_DIFFER" accept ../baselines/one -b "$folder"
exits 2 "$NT_DIFFER" accept -b "$folder"
exits 2 "$NT_DIFFER" accept one --all -b "$folder"
exits 2 "$NT_DIFFER" accept "$new" "$folder/one.json" --all
exits 2 "$NT_DIFFER" review "$scratch/no-folder"

# ---- a check of the manifest leaves what it found, and changes no baseline ----
cp "$new" "$folder/kept.json"
sed 's/"pid": 4,/"pid": 8,/' "$new" >"$scratch/current.json"
exits 1 "$SOURCE/dumps-manifest/check.sh" baseline "$new" "$scratch/current.json" "$folder/kept.json"
says "nt-differ accept kept -b $folder"
check "the baseline is as it was" cmp -s "$folder/kept.json" "$new"
check "what was found lies beside it" cmp -s "$folder/kept.json.new" "$scratch/current.json"
exits 0 "$NT_DIFFER" accept kept -b "$folder"
exits 0 "$SOURCE/dumps-manifest/check.sh" baseline "$new" "$scratch/current.json" "$folder/kept.json"
exits 77 env NTDRIFT_STRICT=0 "$SOURCE/dumps-manifest/check.sh" identity nowhere.dmp 1 0
exits 1 env NTDRIFT_STRICT=1 "$SOURCE/dumps-manifest/check.sh" identity nowhere.dmp 1 0
exits 1 env NTDRIFT_STRICT=1 "$SOURCE/tests/strict.sh" sh -c 'exit 77'
exits 77 env NTDRIFT_STRICT=0 "$SOURCE/tests/strict.sh" sh -c 'exit 77'

# ---- the manifest and its baselines belong together ----
mkdir "$scratch/project" "$scratch/project/analyzer" "$scratch/project/tests"
cp -r "$SOURCE/dumps-manifest" "$SOURCE/baselines" "$scratch/project"
rm -f "$scratch/project/baselines/"*.new
ln -s "$SOURCE/analyzer/profiles" "$scratch/project/analyzer"
ln -s "$SOURCE/tests/scenarios" "$scratch/project/tests"
lint=$scratch/project/dumps-manifest/manifest.py
exits 0 "$lint" lint
touch "$scratch/project/baselines/orphan.json"
exits 1 "$lint" lint
prints "baselines/orphan.json: no entry of the manifest names it"
rm "$scratch/project/baselines/orphan.json"
touch "$scratch/project/baselines/small-full.json.new"
exits 1 "$lint" lint
prints "baselines/small-full.json.new: waits to be accepted or rejected"
exits 0 "$NT_DIFFER" reject small-full -b "$scratch/project/baselines"
exits 0 "$lint" lint
sed -i '0,/"profile": "/s//"profile": "not-/' "$scratch/project/dumps-manifest/manifest.json"
exits 1 "$lint" lint
prints "profile: expected 'nt-"

# ---- explain ----
exits 0 "$NT_DIFFER" explain
prints "layout.bit.added"
exits 0 "$NT_DIFFER" explain 'layout.bit.*'
check "a pattern explains each kind" test "$(grep -c 'To check' "$scratch/out")" -ge 3
exits 0 "$NT_DIFFER" explain process
prints "process.parent.shifted (notable)"
exits 2 "$NT_DIFFER" explain 'nothing.*'

# ---- profile lint ----
profiles=$SOURCE/analyzer/profiles
exits 0 "$NT_ANALYZER" profile lint
prints " 0 errors, "
tail -n 1 "$scratch/out"
exits 0 "$NT_ANALYZER" profile lint "$profiles/nt-7601-x64.json"
exits 2 "$NT_ANALYZER" profile lint "$scratch/none.json"
exits 1 "$NT_ANALYZER" profile lint "$new" "$profiles/nt-7601-x64.json"
prints "baselines/win10-10240.json: error: "
# change NAME PYTHON: a copy of a profile, changed, does not pass.
change() {
    python3 - "$profiles/ntkrnlmp-19041.508-x64.json" "$scratch/broken.json" "$2" <<'PYTHON'
import json, sys
profile = json.load(open(sys.argv[1]))
types = profile["types"]
exec(sys.argv[3])
json.dump(profile, open(sys.argv[2], "w"), indent=2, sort_keys=True)
PYTHON
    exits 1 "$NT_ANALYZER" profile lint "$scratch/broken.json"
    prints "$1"
}
change "_EPROCESS.UniqueProcessId: missing; the section" \
    'del types["_EPROCESS"]["fields"]["UniqueProcessId"]'
change "error: pdb: GUID and age are those of ntkrnlmp-19041.508-x64 too" 'profile["name"] = "other"'
change "past the end of the type" 'types["_LIST_ENTRY"]["size"] = 8'
change "expected a multiple of 8" 'types["_EPROCESS"]["fields"]["Peb"] = "0x551 _PEB*"'
change "outside their word" \
    'types["_EPROCESS"]["fields"]["ProcessInserted"] = "0x464:31:2 unsigned long"'
exits 1 "$NT_ANALYZER" profile lint "$profiles/nt-7601-x64.json" "$profiles/nt-7601-x64.json"
prints "is the name of"

# ---- schemas ----
exits 0 "$NT_ANALYZER" --schema
prints "urn:ntdrift:snapshot:1"
for name in snapshot profile manifest; do
    exits 0 "$NT_ANALYZER" --schema $name
    prints "urn:ntdrift:$name:1"
done
for name in diff history policy; do
    exits 0 "$NT_DIFFER" --schema $name
    prints "urn:ntdrift:$name:1"
done
exits 2 "$NT_DIFFER" --schema snapshot

finish
