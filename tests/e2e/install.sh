#!/usr/bin/env bash
# install.sh - what `cmake --install` puts where, and that it runs there.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

exits 0 cmake --install "$BUILD" --prefix "$scratch/usr"
for program in nt-analyzer nt-differ; do
    exits 0 "$scratch/usr/bin/$program" --version
done
for name in snapshot profile manifest; do
    check "the schema of a $name is installed" \
        cmp "$scratch/usr/share/ntdrift/$name.schema.json" <("$NT_ANALYZER" --schema $name)
done
for name in diff history policy; do
    check "the schema of a $name is installed" \
        cmp "$scratch/usr/share/ntdrift/$name.schema.json" <("$NT_DIFFER" --schema $name)
done
for name in README.md MANUAL.md LICENSE; do
    check "$name is installed" test -n "$(find "$scratch/usr" -name $name)"
done

finish
