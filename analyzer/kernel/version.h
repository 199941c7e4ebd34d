/*
 * version.h - which Windows this is: build, revision, build lab, service pack, product, suite.
 *
 * The same fact stands in several places; each is read and kept with where it came from, so that a
 * caller can show a disagreement. Nothing here decides how memory is read: that is for the
 * presence of members and symbols.
 */
#ifndef NTDRIFT_KERNEL_VERSION_H
#define NTDRIFT_KERNEL_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/target.h"

/* A number and where it stands. */
struct version_source {
    const char *name;      /* "DUMP_HEADER.MinorVersion", "KUSER_SHARED_DATA.NtBuildNumber", ... */
    bool absent;           /* this dump or build has no such place */
    enum read_state state; /* where not absent */
    uint32_t value;        /* where READ_PRESENT */
};

enum {
    VERSION_BUILD_HEADER,      /* DUMP_HEADER.MinorVersion */
    VERSION_BUILD_SHARED_DATA, /* KUSER_SHARED_DATA.NtBuildNumber; absent before Windows 10 */
    VERSION_BUILD_SYMBOL,      /* nt!NtBuildNumber, without its free/checked nibble */
    VERSION_BUILD_LAB,         /* the number that NtBuildLabEx or NtBuildLab starts with */
    VERSION_BUILD_SOURCES,
};

struct version {
    int32_t build; /* of the first source that has one; -1 unknown */
    bool disagree; /* two sources have different builds */
    struct version_source builds[VERSION_BUILD_SOURCES];

    /* NtBuildLabEx, "7601.22616.amd64fre.win7sp1_ldr.140303-2307"; NtBuildLab, which has no
     * revision, "7601.win7sp1_ldr.140303-2307". "" where not found, and the state says why: of
     * NtBuildLab, where the first was found by itself, nobody looked (READ_BAD_VALUE). */
    char build_lab_ex[160];
    bool build_lab_ex_absent;           /* this build has none */
    enum read_state build_lab_ex_state; /* READ_BAD_VALUE: no such string where it should be */
    char build_lab[128];
    enum read_state build_lab_state;
    int32_t revision; /* of build_lab_ex; -1 unknown */

    struct version_source service_pack; /* nt!CmNtCSDVersion, bits 8..15; 0 is none */
    struct version_source
        product_type;                 /* DUMP_HEADER.ProductType: 1 WinNt, 2 LanManNt, 3 ServerNt */
    struct version_source suite_mask; /* DUMP_HEADER.SuiteMask */
    struct version_source shared_product_type; /* KUSER_SHARED_DATA.NtProductType */
    struct version_source shared_suite_mask;   /* KUSER_SHARED_DATA.SuiteMask */
};

void version_read(const struct target *target, struct version *version);

/* What vertarget prints after "Built by:": NtBuildLabEx, else NtBuildLab, else "". */
const char *target_build_lab(const struct version *version);

/* "7601.22616.amd64fre.win7sp1_ldr.140303-2307" -> 7601, 22616. False where it has no such form. */
bool version_parse_lab_ex(const char *lab, uint32_t *build, uint32_t *revision);

/* "WinNt", "LanManNt", "ServerNt"; NULL for another value. */
const char *version_product_name(uint32_t product_type);

/* The name of bit `bit` of a suite mask as vertarget prints it ("TerminalServer"); NULL where it
 * has none. */
const char *version_suite_name(unsigned bit);

/* "Windows 8.1", for display alone; "Windows NT" where the build is not known. */
const char *version_marketing_name(int32_t build, uint32_t product_type);

#endif
