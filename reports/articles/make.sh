#!/usr/bin/env bash
# make.sh - the three articles of this folder, from the synthetic dumps and their symbol files.
#
#   make.sh --check     says which of them are not what nt-differ writes today, and fails
#   make.sh --accept    writes them anew
#
# The environment variables NT_ANALYZER and NT_DIFFER name the programs, DUMPS the folder of the dumps.
set -euo pipefail
cd "$(dirname "$0")"
NT_ANALYZER=${NT_ANALYZER:?names the nt-analyzer to run}
NT_DIFFER=${NT_DIFFER:?names the nt-differ to run}
DUMPS=${DUMPS:?names the folder of the dumps}
verb=${1:---check}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for dump in win7-7601 win81-9600 win10-10240 win10-10240-active win10-14393; do
    "$NT_ANALYZER" snapshot "$DUMPS/$dump.dmp" --symbols "$DUMPS/symbols/$dump/windows" --quiet \
        -o "$work/$dump.json"
done

# article OLD NEW NAME
article() {
    local code=0 form
    "$NT_DIFFER" diff "$work/$1.json" "$work/$2.json" --quiet \
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
# The active dump of the two has user memory, and with it the stubs of ntdll.
article win10-10240-active win10-14393 10240-14393
[ $failed -eq 0 ] && echo "the articles are those of the dumps"
exit $failed
