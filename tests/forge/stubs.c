/*
 * stubs.c - the bytes of system call stubs.
 *
 * Sources: WinDbg's `u ntdll!NtDeviceIoControlFile` of 10240 and 14393 as published; the exports of
 * ntdll.dll 5.1.2600.5512, 6.1.7601.17514 and the 32-bit one of 10.0.19041, and of ntoskrnl.exe
 * 5.1.2600.5512; for the kernel's Zw stubs of x64, published listings.
 */
#include "stubs.h"

#include <string.h>

#include "util.h"

static const struct stub_form forms[] = {
    /* mov r10,rcx; mov eax,N; syscall; ret; nop dword ptr [rax+rax] */
    {.name = "syscall",
     .spacing = 0x10,
     .number_at = 4,
     .returns_at = 0xa,
     .bytes = {0x4c, 0x8b, 0xd1, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3, 0x0f, 0x1f, 0x44, 0, 0}},
    /* mov r10,rcx; mov eax,N; test byte ptr [7FFE0308h],1; jne +3; syscall; ret; int 2Eh; ret;
     * nop dword ptr [rax+rax] */
    {.name = "syscall-or-int2e",
     .spacing = 0x20,
     .number_at = 4,
     .returns_at = 0x14,
     .bytes = {0x4c, 0x8b, 0xd1, 0xb8, 0,    0,    0,    0,    0xf6, 0x04, 0x25,
               0x08, 0x03, 0xfe, 0x7f, 0x01, 0x75, 0x03, 0x0f, 0x05, 0xc3, 0xcd,
               0x2e, 0xc3, 0x0f, 0x1f, 0x84, 0,    0,    0,    0,    0}},
    /* mov eax,N; mov edx,7FFE0300h; call [edx]; ret n; nop */
    {.name = "shared-call",
     .spacing = 0x10,
     .number_at = 1,
     .bytes_at = 13,
     .returns_at = 12,
     .bytes = {0xb8, 0, 0, 0, 0, 0xba, 0x00, 0x03, 0xfe, 0x7f, 0xff, 0x12, 0xc2, 0, 0, 0x90}},
    /* mov eax,N; mov edx,offset Wow64SystemServiceCall; call edx; ret n; nop */
    {.name = "wow64-call",
     .spacing = 0x10,
     .number_at = 1,
     .bytes_at = 13,
     .absolute_at = 6,
     .returns_at = 12,
     .bytes = {0xb8, 0, 0, 0, 0, 0xba, 0, 0, 0, 0, 0xff, 0xd2, 0xc2, 0, 0, 0x90}},
    /* mov rax,rsp; cli; sub rsp,10h; push rax; pushfq; push 10h; lea rax,[KiServiceLinkage];
     * push rax; mov eax,N; jmp KiServiceInternal; nop */
    {.name = "zw-x64",
     .spacing = 0x20,
     .number_at = 21,
     .linkage_at = 15,
     .entry_at = 26,
     .bytes = {0x48, 0x8b, 0xc4, 0xfa, 0x48, 0x83, 0xec, 0x10, 0x50, 0x9c, 0x6a,
               0x10, 0x48, 0x8d, 0x05, 0,    0,    0,    0,    0x50, 0xb8, 0,
               0,    0,    0,    0xe9, 0,    0,    0,    0,    0x66, 0x90}},
    /* mov eax,N; lea edx,[esp+4]; pushfd; push 8; call KiSystemService; ret n */
    {.name = "zw-x86",
     .spacing = 0x14,
     .number_at = 1,
     .bytes_at = 18,
     .entry_at = 13,
     .bytes = {0xb8, 0, 0,    0, 0, 0x8d, 0x54, 0x24, 0x04, 0x9c,
               0x6a, 8, 0xe8, 0, 0, 0,    0,    0xc2, 0,    0}},
};

const struct stub_form *stub_form(const char *name) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!strcmp(name, forms[i].name))
            return &forms[i];
    die("\"%s\" is no shape of a stub", name);
}

/* From the end of the 32 bits at `at`, which in all shapes ends the instruction. */
static void put_relative(uint8_t *bytes, unsigned at, uint64_t address, uint64_t target) {
    if (at)
        put(bytes + at, target - (address + at + 4), 4);
}

void stub_write(const struct stub_form *form, const struct stub_call *call,
                uint8_t bytes[STUB_LONGEST]) {
    memcpy(bytes, form->bytes, STUB_LONGEST);
    put(bytes + form->number_at, call->number, 4);
    if (form->bytes_at)
        put(bytes + form->bytes_at, 4 * call->arguments, 2);
    if (form->absolute_at)
        put(bytes + form->absolute_at, call->entry, 4);
    put_relative(bytes, form->linkage_at, call->address, call->linkage);
    put_relative(bytes, form->entry_at, call->address, call->entry);
}
