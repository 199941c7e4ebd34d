#!/usr/bin/env bash
# captures.sh - the memory of forged and of real machines as raw image, ELF core and kdump: the same
# snapshot as from the crash dump, found without its header.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

capture() { python3 "$SOURCE/tests/wrap/capture.py" "$@"; }

# same SECTIONS OLD NEW: with "-" before the list, all sections but these. The registers that a
# stack is read from are in a crash dump's header alone.
same() {
    python3 - "$@" <<'EOF'
import json, sys
wanted, old, new = sys.argv[1], *(json.load(open(path)) for path in sys.argv[2:])
for snapshot in old, new:
    snapshot.pop("stack", None)
    snapshot["coverage"]["sections"].pop("stack")
names = set(wanted.lstrip("-").split(","))
if wanted.startswith("-"):
    names = (set(old) | set(new)) - names
different = [name for name in sorted(names) if name not in old or old[name] != new.get(name)]
print("different:", different) if different else None
sys.exit(bool(different))
EOF
}

# What the container changes; e2e.schema has the rest, which is the same as of the dump.
valid() {
    python3 - "$SOURCE/analyzer/snapshot/schema.json" "$1" <<'EOF'
import json, sys
try:
    import jsonschema
except ImportError:
    sys.exit(0)
schema, snapshot = (json.load(open(path)) for path in sys.argv[1:])
validator = jsonschema.Draft202012Validator(schema)
for key in "dump", "coverage":
    validator.evolve(schema=schema["properties"][key]).validate(snapshot[key])
EOF
}

dump=$DUMPS/small-full.dmp
[ -f "$dump" ] || skip "$dump was not made"
small=$scratch/small-full.json
exits 0 "$NT_ANALYZER" snapshot "$dump" -o "$small" --statistics
check "--statistics says how many pages were read" \
    grep -qxE 'nt-analyzer: [1-9][0-9]* of 16286 pages were read' "$scratch/err"

# ---- forged machines: all but what is said of the file ----
for name in small-full win10-10240; do
    exits 0 "$NT_ANALYZER" snapshot "$DUMPS/$name.dmp" -o "$scratch/$name.json"
    for kind in raw elf kdump flattened; do
        capture "$DUMPS/$name.dmp" $kind "$scratch/image" --no-notes
        exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
        # A raw image has zeros for what the bitmap dump left out: coverage cannot be the same.
        but=-dump
        [ "$name.$kind" = win10-10240.raw ] && but=-dump,coverage
        check "$name as $kind, without notes" same "$but" "$scratch/$name.json" "$scratch/s.json"
        check "$name as $kind: schema" valid "$scratch/s.json"
        rm "$scratch/image"
    done
done

# ---- ways to the kernel ----
for kind in elf kdump flattened; do
    capture "$dump" $kind "$scratch/image"
    exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
    check "$kind with CR3 in a note" same -dump "$small" "$scratch/s.json"
    exits 0 sh -c "'$NT_ANALYZER' snapshot - -o '$scratch/stdin.json' <'$scratch/image'"
    check "$kind on standard input" cmp "$scratch/s.json" "$scratch/stdin.json"
    capture "$dump" $kind "$scratch/image" --shadow
    exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
    check "$kind: tables of user mode are not the kernel's" same -dump "$small" "$scratch/s.json"
    capture "$dump" $kind "$scratch/image" --vmcoreinfo
    exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
    check "$kind: a header in a note is used" python3 - "$small" "$scratch/s.json" <<'EOF'
import json, sys
old, new = (json.load(open(path)) for path in sys.argv[1:])
assert old["dump"]["header"] == new["dump"]["header"]
EOF
    check "$kind with a header in a note" same -dump "$small" "$scratch/s.json"
    check "$kind with a header in a note: schema" valid "$scratch/s.json"
done
capture "$dump" raw "$scratch/image" --low-stub
exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
check "by the low stub alone" same system,modules,processes,processors "$small" "$scratch/s.json"
exits 0 "$NT_ANALYZER" info "$scratch/image"
prints "No DUMP_HEADER (raw): found in memory"
prints "Windows 10 Kernel Version 17763 UP Free x64"

# ---- other page tables: x86, PAE, five levels; nothing in a capture says which ----
as_dump() { # NAME KIND [OPTION]...
    local name=$1
    shift
    capture "$DUMPS/$name.dmp" "$1" "$scratch/image" "${@:2}"
    exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
    check "$name as $*" same -dump "$scratch/$name.json" "$scratch/s.json"
    check "$name as $*: schema" valid "$scratch/s.json"
}
for name in small-x86 small-x86pae small-la57; do
    exits 0 "$NT_ANALYZER" snapshot "$DUMPS/$name.dmp" -o "$scratch/$name.json"
    deep=
    [ $name = small-la57 ] && deep=--la57
    as_dump $name raw
    as_dump $name elf --no-notes
    for kind in elf kdump; do
        as_dump $name $kind $deep
        as_dump $name $kind --vmcoreinfo --no-notes
    done
done
capture "$DUMPS/small-x86.dmp" elf "$scratch/image" --vmcoreinfo
exits 0 "$NT_ANALYZER" info "$scratch/image"
prints "DUMP_HEADER32:"
prints "PaeEnabled          00000000"
as_dump small-x86pae raw --move-pdpt
as_dump small-x86pae elf --move-pdpt
exits 0 "$NT_ANALYZER" info "$scratch/image"
prints "No DUMP_HEADER (elf): found in memory"
prints "KiProcessorBlock at 80554040"
prints "Windows XP Kernel Version 2600 (Service Pack 2) MP (2 procs) Free x86 compatible"

# ---- an encoded debugger block, and the kernel's own symbols ----
python3 - "$SOURCE/analyzer/profiles/nt-17763-x64.json" "$small" "$scratch/own.json" <<'EOF'
import json, sys
profile, snapshot = (json.load(open(path)) for path in sys.argv[1:3])
profile["name"] = "own-x64"
profile["pdb"] = snapshot["system"]["kernel_pdb"]
block = 0x224500
profile["symbols"] = {"KdDebuggerDataBlock": hex(block), "KdpDataBlockEncoded": hex(block),
                      "KiWaitNever": hex(block - 16), "KiWaitAlways": hex(block - 8)}
json.dump(profile, open(sys.argv[3], "w"), indent=2, sort_keys=True)
EOF
exits 0 "$NT_ANALYZER" snapshot "$dump" --symbols "$scratch/own.json" -o "$scratch/exact.json"
capture "$dump" raw "$scratch/image" --encode-kdbg
exits 0 "$NT_ANALYZER" info "$scratch/image" --no-profiles
prints "KiProcessorBlock is not known"
exits 0 "$NT_ANALYZER" snapshot "$scratch/image" --symbols "$scratch/own.json" -o "$scratch/s.json"
check "an encoded block is decoded" same -dump "$scratch/exact.json" "$scratch/s.json"
exits 0 "$NT_ANALYZER" snapshot "$scratch/image" --no-profiles -o "$scratch/s.json"
check "without symbols, modules all the same" python3 - "$small" "$scratch/s.json" <<'EOF'
import json, sys
old, new = (json.load(open(path)) for path in sys.argv[1:])
assert old["system"]["kernel_base"] == new["system"]["kernel_base"], new["system"]
assert old["system"]["build"] == new["system"]["build"], new["system"]
EOF

# ---- split sets: any part names all that are in its folder ----
for kind in split flattened-split; do
    mkdir "$scratch/set"
    capture "$dump" $kind "$scratch/set/part"
    for number in 1 2 3; do
        exits 0 "$NT_ANALYZER" snapshot "$scratch/set/part.$number" -o "$scratch/s$number.json"
        check "$kind by its part $number" same -dump "$small" "$scratch/s$number.json"
    done
    check "$kind: the same by every part" cmp "$scratch/s1.json" "$scratch/s3.json"
    cp "$scratch/set/part.3" "$scratch/set/copy.of.3"
    (cd "$scratch/set" && "$NT_ANALYZER" snapshot part.1 -o "$scratch/s.json")
    check "$kind: a copy of a part, and no folder in the name" cmp "$scratch/s1.json" "$scratch/s.json"
    mv "$scratch/set/part.2" "$scratch"
    exits 2 "$NT_ANALYZER" snapshot "$scratch/set/part.1"
    says "one part of a split kdump of 0x4000 page frames: that with 0x155a to 0x2aab is not in"
    exits 2 sh -c "'$NT_ANALYZER' snapshot - <'$scratch/part.2'"
    says "that with 0x0 to 0x1559 is not in its folder"
    # A part of another capture is no part of this one.
    cp "$scratch/part.2" "$scratch/set"
    printf '\1' | dd of="$scratch/set/part.2" bs=1 seek=408 conv=notrunc status=none
    [ $kind = split ] || printf '\1' |
        dd of="$scratch/set/part.2" bs=1 seek=$((4112 + 408)) conv=notrunc status=none
    exits 2 "$NT_ANALYZER" snapshot "$scratch/set/part.1"
    says "that with 0x155a to 0x2aab"
    # A part that ends early: the rest of its pages is cut off, those of the others are not.
    cp "$scratch/part.2" "$scratch/set"
    truncate -s -2000 "$scratch/set/part.2"
    exits 0 "$NT_ANALYZER" snapshot "$scratch/set/part.1" -o "$scratch/s.json"
    check "$kind: a part that is cut says so" grep -q '"kind": "dump.truncated"' "$scratch/s.json"
    truncate -s 6000 "$scratch/set/part.2"
    exits 2 "$NT_ANALYZER" snapshot "$scratch/set/part.1"
    says "part.2: "
    rm -r "$scratch/set" "$scratch/part.2"
done

# ---- cut off ----
for kind in elf kdump; do
    capture "$dump" $kind "$scratch/image"
    truncate -s -8192 "$scratch/image"
    exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/s.json"
    check "$kind: a cut file says so" python3 - "$scratch/s.json" <<'EOF'
import json, sys
snapshot = json.load(open(sys.argv[1]))
found = [f for f in snapshot["findings"] if f["kind"] == "dump.truncated"]
evidence = found[0]["evidence"]
assert evidence["pages_present"] < evidence["pages_promised"], found
assert snapshot["dump"]["pages_promised"] > snapshot["dump"]["pages_present"], snapshot["dump"]
EOF
done

# ---- memory in which no Windows is ----
truncate -s 2M "$scratch/zeros"
python3 - "$scratch/noise" <<'EOF'
import random, sys
open(sys.argv[1], "wb").write(random.Random(3).randbytes(2 << 20))
EOF
for file in zeros noise; do
    exits 2 timeout 10 "$NT_ANALYZER" snapshot "$scratch/$file"
    says "no Windows kernel was found in this raw memory"
    says "0 low stubs in the first MiB, 0 self-mapping PML4s"
    says "0 x86 page directories, 0 PAE tables in 512 pages"
done
yes text | head -c 2097152 >"$scratch/text"
exits 2 "$NT_ANALYZER" snapshot "$scratch/text"
says "found text"
exits 2 "$NT_ANALYZER" snapshot "$NT_ANALYZER"
says "not an ELF core"

# ---- a real machine ----
pages=$NTDRIFT_SHARED/real/rewind-17763-pages.tar.xz
if [ -f "$pages" ]; then
    mkdir "$scratch/pages"
    tar -xJf "$pages" -C "$scratch/pages"
    for kind in bitmap raw elf kdump flattened; do
        python3 "$SOURCE/tests/wrap/wrap.py" "$scratch/pages" $kind "$scratch/image"
        exits 0 "$NT_ANALYZER" snapshot "$scratch/image" -o "$scratch/real-$kind.json"
        check "real pages as $kind: system and modules" \
            same system,modules "$scratch/real-bitmap.json" "$scratch/real-$kind.json"
        rm "$scratch/image"
    done
    for kind in elf kdump flattened; do
        check "real pages as $kind: everything" \
            same -dump "$scratch/real-bitmap.json" "$scratch/real-$kind.json"
    done
else
    echo "skipped: $pages is not on this machine"
fi

finish
