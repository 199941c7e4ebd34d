#!/usr/bin/env bash
# damaged.sh - dumps cut short or with changed bytes: a snapshot that says what is missing, or exit
# code 2; never a crash, a hang or half a file.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

[ -f "$DUMPS/win10-10240.dmp" ] || skip "$DUMPS/win10-10240.dmp was not made"

# A snapshot of $1 ends in time with 0 or 2, and with 0 is whole JSON that says so.
survives() {
    local status=0
    rm -f "$scratch/s.json"
    timeout 60 "$NT_ANALYZER" snapshot "$1" -o "$scratch/s.json" >/dev/null 2>"$scratch/err" ||
        status=$?
    case $status in
    0) python3 -m json.tool "$scratch/s.json" /dev/null ;;
    2) [ ! -e "$scratch/s.json" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] ;;
    *)
        echo "exit code $status"
        cat "$scratch/err"
        false
        ;;
    esac
}

for name in win7-7601 win10-10240 win10-14393 small-full; do
    dump=$DUMPS/$name.dmp
    [ -f "$dump" ] || continue
    size=$(stat -c %s "$dump")
    for length in 0 1 4095 8192 8200 12288 65536 $((size / 4)) $((size / 2)) $((size - 4096)) $((size - 1)); do
        cp --sparse=always "$dump" "$scratch/cut.dmp"
        truncate -s "$length" "$scratch/cut.dmp"
        check "$name cut to $length bytes" survives "$scratch/cut.dmp"
    done
done

dump=$DUMPS/win10-10240.dmp
cp --sparse=always "$dump" "$scratch/cut.dmp"
truncate -s $(($(stat -c %s "$dump") - 4096)) "$scratch/cut.dmp"
exits 0 "$NT_ANALYZER" snapshot "$scratch/cut.dmp" -o "$scratch/s.json"
check "a cut dump says so" python3 - "$scratch/s.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
assert any(f["kind"] == "dump.truncated" for f in snapshot["findings"])
assert snapshot["coverage"]["sections"]["dump"]["status"] == "partial"
assert snapshot["dump"]["pages_present"] == snapshot["dump"]["pages_promised"] - 1
EOF

# Every eighth word of header and bitmap header, all ones.
header_words() {
    python3 - "$dump" "$scratch/bad.dmp" "$1" <<'EOF'
import os, shutil, sys
source, target, offset = sys.argv[1], sys.argv[2], int(sys.argv[3])
if not os.path.exists(target):
    os.system(f"cp --sparse=always '{source}' '{target}'")
with open(target, "r+b") as file, open(source, "rb") as good:
    good.seek(max(0, offset - 64))
    file.seek(max(0, offset - 64))
    file.write(good.read(64))
    file.seek(offset)
    file.write(b"\xff" * 8)
EOF
}
for offset in 0 8 16 24 32 40 48 56 64 128 136 144 152 160 3992 4000 8192 8200 8208 8216 8224 8232 8240 8248; do
    header_words $offset
    check "ones at offset $offset" survives "$scratch/bad.dmp"
    rm "$scratch/bad.dmp"
done

finish
