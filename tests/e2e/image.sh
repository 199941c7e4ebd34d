#!/usr/bin/env bash
# image.sh - the command `image`: what it takes, what it refuses, and that two of its snapshots can
# be compared.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# Written by the seeds of the fuzz target (tests/fuzz/seeds/executable.c).
files=$IMAGES

exits 0 "$NT_ANALYZER" image "$files/ntdll.dll" -o "$scratch/ntdll.json"
check "it knows the build" grep -qF '"build": 10240' "$scratch/ntdll.json"
check "it knows the shape" grep -qF '"template": "4c8bd1b8????????0f05c3"' "$scratch/ntdll.json"
exits 0 "$NT_ANALYZER" image "$files/ntdll.dll"
check "the same bytes again" cmp -s "$scratch/out" "$scratch/ntdll.json"

exits 0 "$NT_ANALYZER" image "$files/ntoskrnl-rvas.exe"
prints '"mechanism": "kernel-service"'
prints 'KiServiceTable was not found: in a file, only exact symbols tell where it is'

exits 2 "$NT_ANALYZER" image "$DUMPS/small-full.dmp"
says 'a memory dump, which `nt-analyzer snapshot` reads'
exits 2 "$NT_ANALYZER" snapshot "$files/ntdll.dll"
says 'a PE executable, which `nt-analyzer image` reads'
exits 2 "$NT_ANALYZER" image "$SOURCE/README.md"
says "expected 'MZ' at offset 0x0"
exits 2 "$NT_ANALYZER" image "$files/ntdll.dll" --symbols "$SOURCE/README.md" -o "$scratch/no.json"
check "no output file" test ! -e "$scratch/no.json"
exits 0 "$NT_ANALYZER" image "$files/ntoskrnl-rvas.exe" \
    --symbols "$SOURCE/analyzer/profiles/nt-10240-x64.json"
says 'is refused: it is not the symbols of this file'

# A file that was cut off is read as far as it goes.
head -c 5000 "$files/ntdll.dll" >"$scratch/cut.dll"
exits 0 "$NT_ANALYZER" image "$scratch/cut.dll"
prints '"stubs": {'
prints '"status": "unavailable"'

# Another build, of which only the numbers and the version differ.
sed -e 's/"build": 10240/"build": 10586/' -e 's/"number": 6/"number": 7/' "$scratch/ntdll.json" \
    >"$scratch/next.json"
exits 1 "$NT_DIFFER" diff "$scratch/ntdll.json" "$scratch/next.json"
prints '10586'
prints 'syscall.renumbered'

# What is no stub on either side does not hide that a service is gone.
sed -e 's/"NtReadFile"/"NtReadFileNext"/' "$scratch/next.json" >"$scratch/gone.json"
exits 1 "$NT_DIFFER" diff "$scratch/ntdll.json" "$scratch/gone.json"
prints 'NtReadFile removed from ntdll'
prints 'NtReadFileNext added to ntdll'
finish
