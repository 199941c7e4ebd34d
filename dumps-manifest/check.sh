#!/usr/bin/env bash
# check.sh - one step of the check of one dump of the manifest.
#
#   check.sh identity FILE SIZE XXH3_128             the file is the one the manifest means
#   check.sh snapshot FILE OUTPUT [SYMBOLS]          take its snapshot, twice, to the same bytes
#   check.sh baseline FILE SNAPSHOT BASELINE [POLICY] compare with the accepted snapshot
#
# A FILE that is no absolute path lies under $NTDRIFT_DUMPS or $NTDRIFT_MADE (where the build puts
# synthetic dumps). A dump that is not on this machine is skipped (77), or fails where
# NTDRIFT_STRICT is 1. A check never changes a baseline.
set -euo pipefail

step=$1
name=$2

skip() {
    echo "skipped: $*"
    [ "${NTDRIFT_STRICT:-0}" = 1 ] && exit 1
    exit 77
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

find_dump() {
    local folder
    case $name in
    /*) [ -f "$name" ] && { echo "$name"; return; } ;;
    *)
        for folder in "${NTDRIFT_DUMPS:-}" "${NTDRIFT_MADE:-}"; do
            [ -n "$folder" ] && [ -f "$folder/$name" ] && { echo "$folder/$name"; return; }
        done
        ;;
    esac
    return 1
}

dump=$(find_dump) || skip "$name is not on this machine"

identity() {
    local size digest
    size=$(stat -c %s "$dump")
    [ "$size" = "$1" ] || fail "$dump: expected $1 bytes, found $size"
    digest=$(xxhsum -q -H2 "$dump" | cut -d ' ' -f 1)
    [ "$digest" = "$2" ] || fail "$dump: expected xxh3_128 $2, found $digest"
    echo "$dump: $size bytes, xxh3_128 $digest"
}

snapshot() {
    local output=$1 symbols=()
    [ -n "${2:-}" ] && symbols=(--symbols "$2")
    mkdir -p "$(dirname "$output")"
    "$NT_ANALYZER" snapshot "$dump" -o "$output" "${symbols[@]}"
    (cd / && LC_ALL=C TZ=Asia/Tokyo "$NT_ANALYZER" snapshot "$dump" --quiet "${symbols[@]}") |
        cmp - "$output" || fail "$dump: two snapshots of it differ"
    echo "$output: $(stat -c %s "$output") bytes"
}

# Leaves the new snapshot beside the baseline, for a person to look at.
leave() {
    cp "$1" "$2.new"
    local folder
    folder=$(dirname "$2")
    fail "$2: $3; to look at it: nt-differ review $folder; to accept:" \
        "nt-differ accept $(basename "$2" .json) -b $folder"
}

baseline() {
    local current=$1 accepted=$2 policy=() status=0
    [ -n "${3:-}" ] && policy=(--policy "$3")
    [ -f "$accepted" ] || leave "$current" "$accepted" "no such baseline"
    "$NT_DIFFER" gate "$accepted" "$current" "${policy[@]}" || status=$?
    [ $status -eq 0 ] || leave "$current" "$accepted" "differs (exit code $status)"
}

shift 2
case $step in
identity | snapshot | baseline) "$step" "$@" ;;
*) fail "check.sh: no such step: $step" ;;
esac
