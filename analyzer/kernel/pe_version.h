/*
 * pe_version.h - the version that an image's own resources tell: the file's four numbers, and the
 * name that it was built under. Nothing here is checked against the rest of the image.
 *
 * Source: Microsoft, "PE Format", "The .rsrc Section"; Microsoft, "VS_VERSIONINFO",
 * "VS_FIXEDFILEINFO", "StringFileInfo".
 */
#ifndef NTDRIFT_KERNEL_PE_VERSION_H
#define NTDRIFT_KERNEL_PE_VERSION_H

#include "base/text.h"
#include "kernel/pe.h"

struct pe_version {
    enum read_state
        state; /* why there is none; READ_NOT_MAPPED with `absent`: the image has none */
    bool absent;
    uint16_t numbers[4];       /* 10, 0, 10240, 16384 */
    struct text original_name; /* OriginalFilename; "" where it has none */
};

/* Reads the first version resource of an image whose headers are present. The caller
 * deinitializes. */
void pe_version_read(struct vm *vm, const struct pe_image *image, struct pe_version *version);
void pe_version_deinit(struct pe_version *version);

#endif
