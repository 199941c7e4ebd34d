/*
 * small_pe.h - writes an executable file of one section, for the tests of what reads such files:
 * exported code, a version resource, a PDB's identity, room for data. Offsets are those of the PE
 * format, written out here and not taken from the code under test.
 */
#ifndef NTDRIFT_TESTS_SMALL_PE_H
#define NTDRIFT_TESTS_SMALL_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PE_BASE    0x180000000u /* ImageBase; of 32 bits PE_BASE32 */
#define PE_BASE32  0x10000000u
#define PE_EXPORTS 32
#define PE_STRIDE  0x40 /* from one exported piece of code to the next */

/* RVAs; the section has all of them. */
enum {
    PE_CODE = 0x1000,
    PE_EDATA = 0x2000,
    PE_RSRC = 0x3000,
    PE_DEBUG = 0x3800,
    PE_DATA = 0x4000,
    PE_SECTION_END = 0x6000,
    PE_IMAGE_SIZE = 0x7000, /* the last page has no data in the file */
    PE_RAW = 0x400,         /* file offset of the section */
    PE_NT = 0x80,           /* of the headers */
    PE_FILE_SIZE = PE_RAW + PE_SECTION_END - PE_CODE,
};

struct small_pe {
    uint8_t bytes[PE_FILE_SIZE];
    size_t size;
    bool wide;
    unsigned exports;
    size_t strings; /* RVA of the next string */
};

static inline void pe_put(struct small_pe *pe, size_t offset, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++)
        pe->bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

/* The file offset of an RVA in the section. */
static inline size_t pe_at(size_t rva) {
    return PE_RAW + rva - PE_CODE;
}

static inline size_t pe_optional(void) {
    return PE_NT + 24;
}

static inline void pe_directory_put(struct small_pe *pe, unsigned index, uint32_t rva,
                                    uint32_t size) {
    size_t at = pe_optional() + (pe->wide ? 112u : 96u) + 8 * index;
    pe_put(pe, at, rva, 4);
    pe_put(pe, at + 4, size, 4);
}

static inline void pe_headers(struct small_pe *pe, uint16_t machine) {
    size_t optional = pe_optional(), sections = optional + (pe->wide ? 240u : 224u);
    memcpy(pe->bytes, "MZ", 2);
    pe_put(pe, 0x3c, PE_NT, 4);
    memcpy(pe->bytes + PE_NT, "PE\0\0", 4);
    pe_put(pe, PE_NT + 4, machine, 2);
    pe_put(pe, PE_NT + 6, 1, 2);          /* NumberOfSections */
    pe_put(pe, PE_NT + 8, 0x559f38b4, 4); /* TimeDateStamp */
    pe_put(pe, PE_NT + 20, sections - optional, 2);
    pe_put(pe, optional, pe->wide ? 0x20b : 0x10b, 2);
    if (pe->wide)
        pe_put(pe, optional + 24, PE_BASE, 8);
    else
        pe_put(pe, optional + 28, PE_BASE32, 4);
    pe_put(pe, optional + 56, PE_IMAGE_SIZE, 4);
    pe_put(pe, optional + 60, PE_RAW, 4);
    pe_put(pe, optional + (pe->wide ? 108u : 92u), 16, 4);
    memcpy(pe->bytes + sections, ".text", 5);
    pe_put(pe, sections + 8, PE_IMAGE_SIZE - PE_CODE, 4);
    pe_put(pe, sections + 12, PE_CODE, 4);
    pe_put(pe, sections + 16, PE_SECTION_END - PE_CODE, 4);
    pe_put(pe, sections + 20, PE_RAW, 4);
    pe_put(pe, sections + 36, 0x60000020, 4);
}

static inline uint32_t pe_string(struct small_pe *pe, const char *text) {
    uint32_t rva = (uint32_t)pe->strings;
    memcpy(pe->bytes + pe_at(rva), text, strlen(text) + 1);
    pe->strings += strlen(text) + 1;
    return rva;
}

/* The tables of exports: functions at +0x100, names at +0x200, ordinals at +0x300. */
static inline void pe_export_directory(struct small_pe *pe, const char *name) {
    size_t at = pe_at(PE_EDATA);
    pe->strings = PE_EDATA + 0x400;
    pe_put(pe, at + 12, pe_string(pe, name), 4);
    pe_put(pe, at + 16, 1, 4);
    pe_put(pe, at + 28, PE_EDATA + 0x100, 4);
    pe_put(pe, at + 32, PE_EDATA + 0x200, 4);
    pe_put(pe, at + 36, PE_EDATA + 0x300, 4);
    pe_directory_put(pe, 0, PE_EDATA, 0x1000);
}

/* Exports what lies at `rva`; NULL: by its ordinal alone. */
static inline void pe_export_rva(struct small_pe *pe, const char *name, uint32_t rva) {
    size_t at = pe_at(PE_EDATA), names = 0;
    unsigned index = pe->exports++;
    if (index >= PE_EXPORTS)
        abort();
    pe_put(pe, at + 0x100 + 4 * index, rva, 4);
    pe_put(pe, at + 20, pe->exports, 4);
    memcpy(&names, pe->bytes + at + 24, 4);
    if (!name)
        return;
    pe_put(pe, at + 0x200 + 4 * names, pe_string(pe, name), 4);
    pe_put(pe, at + 0x300 + 2 * names, index, 2);
    pe_put(pe, at + 24, names + 1, 4);
}

/* Exports code given in hexadecimal digits; gives its RVA. */
static inline uint32_t pe_export(struct small_pe *pe, const char *name, const char *code) {
    uint32_t rva = PE_CODE + PE_STRIDE * pe->exports;
    size_t length = strlen(code) / 2;
    memset(pe->bytes + pe_at(rva), 0xcc, PE_STRIDE);
    for (size_t i = 0; i < length; i++) {
        const char pair[3] = {code[2 * i], code[2 * i + 1], 0};
        pe->bytes[pe_at(rva) + i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    pe_export_rva(pe, name, rva);
    return rva;
}

static inline void pe_utf16(struct small_pe *pe, size_t rva, const char *text) {
    for (; *text; text++, rva += 2)
        pe_put(pe, pe_at(rva), (uint8_t)*text, 2);
}

/* VS_VERSIONINFO with its one string, OriginalFilename. Lengths and offsets by hand: the root has
 * its key of 16 characters at +6, its value at +0x28; StringFileInfo is at +0x5c, its table at
 * +0x80, the string at +0x98, with its value at +0xc0. */
static inline void pe_version_resource(struct small_pe *pe, const uint16_t numbers[4],
                                       const char *original) {
    size_t info = PE_RSRC + 0x80, end = 0xc0 + 2 * strlen(original) + 2;
    static const size_t directories[] = {0, 0x18, 0x30};
    for (unsigned i = 0; i < 3; i++) {
        size_t at = PE_RSRC + directories[i];
        pe_put(pe, pe_at(at) + 14, 1, 2);
        pe_put(pe, pe_at(at) + 16, i == 0 ? 16 : 1, 4);
        pe_put(pe, pe_at(at) + 20, i < 2 ? 0x80000000u | directories[i + 1] : 0x48, 4);
    }
    pe_put(pe, pe_at(PE_RSRC) + 0x48, info, 4);
    pe_put(pe, pe_at(PE_RSRC) + 0x4c, end, 4);
    pe_put(pe, pe_at(info), end, 2);
    pe_put(pe, pe_at(info) + 2, 0x34, 2);
    pe_utf16(pe, info + 6, "VS_VERSION_INFO");
    pe_put(pe, pe_at(info) + 0x28, 0xfeef04bd, 4);
    pe_put(pe, pe_at(info) + 0x30, (uint32_t)numbers[0] << 16 | numbers[1], 4);
    pe_put(pe, pe_at(info) + 0x34, (uint32_t)numbers[2] << 16 | numbers[3], 4);
    pe_put(pe, pe_at(info) + 0x5c, end - 0x5c, 2);
    pe_utf16(pe, info + 0x5c + 6, "StringFileInfo");
    pe_put(pe, pe_at(info) + 0x80, end - 0x80, 2);
    pe_utf16(pe, info + 0x80 + 6, "040904B0");
    pe_put(pe, pe_at(info) + 0x98, end - 0x98, 2);
    pe_put(pe, pe_at(info) + 0x9a, strlen(original) + 1, 2);
    pe_utf16(pe, info + 0x98 + 6, "OriginalFilename");
    pe_utf16(pe, info + 0xc0, original);
    pe_directory_put(pe, 2, PE_RSRC, 0x800);
}

#define PE_GUID "0011223344556677889AABBCCDDEEFF0"

static inline void pe_pdb(struct small_pe *pe, const char *name) {
    static const uint8_t guid[] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                   0x88, 0x9a, 0xab, 0xbc, 0xcd, 0xde, 0xef, 0xf0};
    size_t at = pe_at(PE_DEBUG), record = at + 0x40;
    pe_put(pe, at + 12, 2, 4); /* CodeView */
    pe_put(pe, at + 16, 24 + strlen(name) + 1, 4);
    pe_put(pe, at + 20, PE_DEBUG + 0x40, 4);
    memcpy(pe->bytes + record, "RSDS", 4);
    memcpy(pe->bytes + record + 4, guid, sizeof guid);
    pe_put(pe, record + 20, 1, 4);
    memcpy(pe->bytes + record + 24, name, strlen(name) + 1);
    pe_directory_put(pe, 6, PE_DEBUG, 28);
}

static inline struct small_pe *pe_create(bool wide, const char *name) {
    static const uint16_t numbers[] = {10, 0, 10240, 16384};
    struct small_pe *pe = calloc(1, sizeof *pe);
    if (!pe)
        abort();
    pe->size = sizeof pe->bytes;
    pe->wide = wide;
    pe_headers(pe, wide ? 0x8664 : 0x14c);
    pe_export_directory(pe, name);
    pe_version_resource(pe, numbers, name);
    return pe;
}

/* An ntdll.dll of three stubs, one of which is hooked, and of one that is a jump within it. */
static inline struct small_pe *pe_ntdll(void) {
    struct small_pe *pe = pe_create(true, "ntdll.dll");
    pe_pdb(pe, "ntdll.pdb");
    pe_export(pe, "NtAccessCheck", "4c8bd1b8000000000f05c3");
    pe_export(pe, "NtClose", "e9fb0f0000cccc0f05c3"); /* to +0x1000 of it, in no module's exports */
    pe_export(pe, "NtQuerySystemTime", "e97b000000");
    pe_export(pe, "NtReadFile", "4c8bd1b8060000000f05c3");
    pe_export(pe, "RtlQuerySystemTime", "33c0c3");
    pe_export(pe, "NtdllDefWindowProc_A", "33c0c3");
    pe_export(pe, "ZwReadFile", "4c8bd1b8060000000f05c3");
    return pe;
}

/* A kernel of three services. KiServiceTable is at PE_DATA: pointers, or RVAs; KiServiceLimit at
 * +0x100, KiArgumentTable at +0x110. */
static inline struct small_pe *pe_kernel(bool wide, bool pointers) {
    static const char *const zw64 = "488bc4fa4883ec10509c6a10488d054100000050b8030000"
                                    "00e941000000";
    static const char *const zw32 = "b8030000008d5424049c6a08e841000000c20c00";
    struct small_pe *pe = pe_create(wide, "ntoskrnl.exe");
    uint64_t base = wide ? PE_BASE : PE_BASE32;
    unsigned width = wide && pointers ? 8 : 4;
    pe_pdb(pe, "ntkrnlmp.pdb");
    pe_export(pe, "NtClose", "33c0c3");
    pe_export(pe, "ZwReadFile", wide ? zw64 : zw32);
    for (unsigned i = 0; i < 3; i++)
        pe_put(pe, pe_at(PE_DATA) + width * i, PE_CODE + 0x400 + 0x10 * i + (pointers ? base : 0),
               width);
    pe_put(pe, pe_at(PE_DATA) + 0x100, 3, 4);
    for (unsigned i = 0; i < 3; i++)
        pe_put(pe, pe_at(PE_DATA) + 0x110 + i, 4 * (i + 1), 1);
    return pe;
}

#endif
