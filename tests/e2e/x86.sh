#!/usr/bin/env bash
# x86.sh - 32-bit dumps: what `info` prints of the published one, what changed from it to the next
# Windows, and a machine with PAE.
# shellcheck source=tests/e2e/common.sh
. "$(dirname "$0")/common.sh"

xp=$DUMPS/winxp-2600.dmp
seven=$DUMPS/win7-7601.dmp
pae=$DUMPS/small-x86pae.dmp
for dump in "$xp" "$seven" "$pae"; do
    [ -f "$dump" ] || skip "no $dump"
done

# ---- as it was published, byte for byte ----
cat >"$scratch/published" <<'END'
DUMP_HEADER32:
MajorVersion        0000000f
MinorVersion        00000a28
KdSecondaryVersion  00000000
DirectoryTableBase  08f20000
PfnDataBase         81000000
PsLoadedModuleList  8055c620
PsActiveProcessHead 805626d8
MachineImageType    0000014c
NumberProcessors    00000001
BugCheckCode        0000008e
BugCheckParameter1  c0000005
BugCheckParameter2  80568ecc
BugCheckParameter3  f38f61a0
BugCheckParameter4  00000000
PaeEnabled          00000000
KdDebuggerDataBlock 8054e260
SecondaryDataState  00000000
ProductType         00000001
SuiteMask           00000110

SUMMARY_DUMP32:
DumpOptions         504d4453
HeaderSize          00003000
BitmapSize          0000ff00
Pages               00003896
Bitmap.SizeOfBitMap 0000ff00

KiProcessorBlock at 8055b520
  1 KiProcessorBlock entries:
  ffdff120

END
exits 0 "$NT_ANALYZER" info "$xp"
check "info begins as published" cmp -n "$(wc -c <"$scratch/published")" "$scratch/out" \
    "$scratch/published"
prints "Windows XP Kernel Version 2600 (Service Pack 3) UP Free x86 compatible"
prints "Kernel base = 0x804d7000 PsLoadedModuleList = 0x8055c620"

# ---- parents that shifted; layouts of two widths are not compared ----
exits 0 "$NT_ANALYZER" snapshot "$xp" -o "$scratch/xp.json"
exits 0 "$NT_ANALYZER" snapshot "$seven" -o "$scratch/seven.json"
exits 1 "$NT_DIFFER" diff "$scratch/xp.json" "$scratch/seven.json"
prints "the parent of csrss.exe was smss.exe and is (absent)"
prints "the parent of winlogon.exe was smss.exe and is (absent)"
prints "layouts: the architectures differ: x86 and x64"
check "no layout is compared" bash -c "! grep -q 'layout\\.' '$scratch/out'"
check "Idle is no image that came" bash -c "! grep -q 'Idle runs now' '$scratch/out'"

# ---- PAE ----
exits 0 "$NT_ANALYZER" info "$pae"
prints "PaeEnabled          00000001"
prints "  ffdff120 f8b7a120"
exits 0 "$NT_ANALYZER" snapshot "$pae" --require dump,system,processors,processes,layouts \
    -o "$scratch/pae.json"
check "arch x86pae" grep -q '"arch": "x86pae"' "$scratch/pae.json"
check "user memory is there" grep -q '"user_memory": "present"' "$scratch/pae.json"

# ---- symbols of another width are refused, and the check is named ----
exits 0 "$NT_ANALYZER" snapshot "$xp" --symbols "$SOURCE/analyzer/profiles/nt-7601-x64.json" \
    -o "$scratch/refused.json"
says "arch: the dump is x86, the profile x64"

# ---- cut short: as far as it goes ----
head -c 8000000 "$xp" >"$scratch/cut.dmp"
exits 0 "$NT_ANALYZER" snapshot "$scratch/cut.dmp" -o "$scratch/cut.json"
check "the snapshot says so" grep -q '"kind": "dump.truncated"' "$scratch/cut.json"

# ---- types that are not read ----
{
    head -c $((0xf88)) "$xp"
    printf '\4\0\0\0'
    head -c 4096 /dev/zero
} >"$scratch/triage.dmp"
exits 2 "$NT_ANALYZER" snapshot "$scratch/triage.dmp" -o "$scratch/triage.json"
says "DumpType at offset 0xf88: a triage dump (type 4) is not supported"
finish
