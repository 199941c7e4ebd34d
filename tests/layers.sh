#!/usr/bin/env bash
# layers.sh - every layer includes only what lies below it (DESIGN: one direction). A program's
# main.c and its commands stand above them all.
# Called with the source folder.
set -euo pipefail
cd "$1"

declare -A below=(
    [base]=""
    [image]="base"
    [vm]="base image"
    [symbols]="base snapshot-canon"
    [kernel]="base image vm symbols"
    [snapshot]="base symbols"
    [analyses]="base image vm symbols kernel snapshot"
    [differ]="base snapshot"
    [reports]="base snapshot differ"
)

# The layer of an included file: its first folder. The canonical writer is below the symbols.
layer_of() {
    case "$1" in
    snapshot/canon.h) echo snapshot-canon ;;
    */*) echo "${1%%/*}" ;;
    *) echo "$2" ;;
    esac
}

failed=0
for layer in "${!below[@]}"; do
    folder=analyzer/$layer
    [ -d "$folder" ] || folder=$layer
    while IFS=: read -r file included; do
        target=$(layer_of "$included" "$layer")
        case " $layer ${below[$layer]} snapshot-canon " in
        *" $target "*) ;;
        *)
            echo "$file: includes $included: $layer must not know $target"
            failed=1
            ;;
        esac
    done < <(find "$folder" -name '*.[ch]' ! -name main.c ! -path '*/commands/*' -exec grep -Ho '^#include "[^"]*"' {} + |
        sed 's/#include "\(.*\)"/\1/')
done
[ $failed -eq 0 ] && echo "every include points down"
exit $failed
