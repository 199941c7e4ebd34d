#!/usr/bin/env bash
# profiles.sh - every profile of the project comes out of `profile make` again, byte for byte, from
# the symbol file it was made of.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

isf=$NTDRIFT_SHARED/facts/isf
[ -d "$isf" ] || skip "$isf is not on this machine"

# nt-9600-x64 is of nt-9600-x64.json.xz, ntkrnlmp-9600.19913-x64 of ntkrnlmp-9600.19913-GUIDAGE.json.xz.
for profile in "$SOURCE"/analyzer/profiles/*.json; do
    name=$(basename "$profile" .json)
    source=$isf/$name.json.xz
    [ -f "$source" ] || source=$(echo "$isf/${name%-x64}"-*.json.xz)
    [ -f "$source" ] || skip "no symbol file for $name"
    exits 0 "$NT_ANALYZER" profile make "$source" -o "$scratch/$name.json"
    check "$name is what $(basename "$source") makes" cmp "$scratch/$name.json" "$profile"
done

exits 0 "$NT_ANALYZER" profile list
check "all of them are built in" \
    test "$(wc -l <"$scratch/out")" -eq "$(find "$SOURCE/analyzer/profiles" -name '*.json' | wc -l)"

# A profile makes itself: reducing it again takes nothing away.
exits 0 "$NT_ANALYZER" profile make "$SOURCE/analyzer/profiles/nt-7601-x64.json" -o "$scratch/again.json"
check "a profile of a profile is the same" \
    cmp "$scratch/again.json" "$SOURCE/analyzer/profiles/nt-7601-x64.json"

finish
