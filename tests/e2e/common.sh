# common.sh - what the end-to-end scripts share: a scratch folder, and checks that count.
# shellcheck shell=bash
set -uo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# check MESSAGE COMMAND...: the command succeeds.
check() {
    local message=$1
    shift
    if "$@"; then
        echo "ok: $message"
    else
        echo "FAILED: $message"
        failed=1
    fi
}

# exits CODE COMMAND...: runs it, keeps its output in $scratch/out and $scratch/err, and checks the
# exit code; a code of 2 comes with one line on standard error and no result on standard output.
exits() {
    local expected=$1 status=0
    shift
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
    if [ "$status" -ne "$expected" ]; then
        echo "FAILED: expected exit code $expected, found $status: $*"
        cat "$scratch/err"
        failed=1
    elif [ "$status" -eq 2 ] && [ "$(wc -l <"$scratch/err")" -ne 1 ]; then
        echo "FAILED: expected one line on standard error: $*"
        cat "$scratch/err"
        failed=1
    elif [ "$status" -eq 2 ] && [ -s "$scratch/out" ]; then
        echo "FAILED: expected nothing on standard output: $*"
        failed=1
    else
        echo "ok: exit code $status: ${*##*/}"
    fi
}

# says TEXT: the last command's standard error has it.
says() { check "it says: $1" grep -qF -- "$1" "$scratch/err"; }

# prints TEXT: the last command's standard output has it.
prints() { check "it prints: $1" grep -qF -- "$1" "$scratch/out"; }

skip() {
    echo "skipped: $*"
    exit 77
}

finish() { exit $failed; }
