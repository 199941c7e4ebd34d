#!/usr/bin/env bash
# run.sh - golden cases of nt-differ: each folder has old.json, new.json and what comes of them.
#
#   run.sh [NAME]...            runs them; prints how a failing one differs
#   run.sh --accept [NAME]...   rewrites what is expected
#
# expected.txt holds the text report, messages, and the exit code; expected.json the report as JSON.
# A file `args` holds another command and its options ("gate --policy policy.json") than "diff".
# The environment variable NT_DIFFER names the program.
set -euo pipefail
cd "$(dirname "$0")"
NT_DIFFER=${NT_DIFFER:?names the nt-differ to run}
export LC_ALL=C NO_COLOR=1

accept=0
if [ "${1:-}" = --accept ]; then
    accept=1
    shift
fi
if [ $# -eq 0 ]; then
    for file in */old.json; do
        set -- "$@" "${file%/old.json}"
    done
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run_case() (
    cd "$1"
    args="diff"
    [ ! -e args ] || args=$(<args)
    code=0
    # shellcheck disable=SC2086 # the options are words
    "$NT_DIFFER" ${args%% *} old.json new.json ${args#"${args%% *}"} >"$work/text" \
        2>"$work/messages" || code=$?
    {
        cat "$work/text"
        sed 's/^/messages: /' "$work/messages"
        echo "exit $code"
    } >"$work/expected.txt"
    # shellcheck disable=SC2086
    "$NT_DIFFER" ${args%% *} old.json new.json ${args#"${args%% *}"} --format json --quiet \
        >"$work/expected.json" 2>/dev/null || true
)

failed=0
for name in "$@"; do
    run_case "$name"
    for kind in txt json; do
        if [ $accept -eq 1 ]; then
            cp "$work/expected.$kind" "$name/expected.$kind"
        elif ! diff -u "$name/expected.$kind" "$work/expected.$kind" >"$work/diff"; then
            cat "$work/diff"
            echo "FAILED: $name: expected.$kind; to accept: tests/golden/run.sh --accept $name"
            failed=$((failed + 1))
        fi
    done
done
[ $accept -eq 1 ] || echo "$# cases, $failed failures"
[ $failed -eq 0 ]
