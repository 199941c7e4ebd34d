#!/usr/bin/env bash
# make.sh - the three articles of this folder, from the accepted snapshots in baselines/.
#
#   make.sh --check     says which of them are not what nt-differ writes today, and fails
#   make.sh --accept    writes them anew
#
# The environment variable NT_DIFFER names the program.
set -euo pipefail
cd "$(dirname "$0")"
NT_DIFFER=${NT_DIFFER:?names the nt-differ to run}
baselines=../../baselines
verb=${1:---check}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# article OLD NEW NAME
article() {
    local code=0 form
    "$NT_DIFFER" diff "$baselines/$1.json" "$baselines/$2.json" --quiet \
        -f markdown -o "$work/$3.md" -f html -o "$work/$3.html" || code=$?
    [ $code -le 1 ] || exit 2
    for form in md html; do
        if [ "$verb" = --accept ]; then
            cp "$work/$3.$form" "$3.$form"
        elif ! cmp -s "$work/$3.$form" "$3.$form"; then
            diff -u "$3.$form" "$work/$3.$form" | head -n 20 || true
            echo "FAILED: $3.$form is not what nt-differ writes; to accept: reports/articles/make.sh --accept"
            failed=1
        elif [ "$(stat -c %s "$3.$form")" -gt 1000000 ]; then
            echo "FAILED: $3.$form is larger than a million bytes"
            failed=1
        fi
    done
}

failed=0
article win7-7601 win81-9600 7601-9600
article win81-9600 win10-10240 9600-10240
article win10-10240 win10-14393 10240-14393
[ $failed -eq 0 ] && echo "the articles are those of the baselines"
exit $failed
