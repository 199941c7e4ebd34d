/*
 * image.h - physical memory, page by page, out of a dump file; and the dump's own header.
 *
 * One file per container: a container is an entry of the table in image.c and gives pages by
 * frame number in constant time. This layer knows no page tables, no kernel structures, and does
 * not judge what a header says: it only checks what it needs to find pages safely.
 */
#ifndef NTDRIFT_IMAGE_IMAGE_H
#define NTDRIFT_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/read.h"

#define IMAGE_PAGE_SIZE  4096u
#define IMAGE_PAGE_SHIFT 12

struct image;

/* How a header field is shown: DESIGN, "The snapshot". */
enum image_field_kind {
    IMAGE_FIELD_COUNT,    /* an integer: versions, numbers, counts */
    IMAGE_FIELD_HEX,      /* a flag word or code: hexadecimal without padding */
    IMAGE_FIELD_ADDRESS,  /* an address: hexadecimal at full width */
    IMAGE_FIELD_TIME,     /* 100 ns since 1601-01-01 UTC */
    IMAGE_FIELD_DURATION, /* 100 ns */
};

/* A field of DUMP_HEADER under Windows' own name. `count` > 1: an array (BugCheckParameters). */
struct image_field {
    const char *name;
    uint32_t offset;
    uint8_t size; /* bytes of one element: 1, 2, 4 or 8 */
    uint8_t count;
    enum image_field_kind kind;
};

/* What a capture's notes say of a processor. */
struct image_processor {
    uint64_t cr3;
    uint64_t cr4;
    uint64_t idt; /* base */
};

struct image_info {
    const char *format;    /* "crash-dump-64", "crash-dump-32", "elf", "kdump", "raw",
                              "pe": no dump, but an executable file */
    const char *type;      /* "full", "kernel-summary", "triage", "bitmap-full", "bitmap-kernel",
                              "range-kernel", "range-kernel-user", "range-complete";
                              "filtered": a kdump without the pages that its writer left out */
    bool is_capture;       /* memory of a machine, written from outside: no kernel made a header */
    uint64_t image_base;   /* of an executable: ImageBase, where its memory is; else 0 */
    unsigned address_bits; /* 64 or 32; of a capture without a header, 0 until
                              image_set_address_bits() */
    const uint8_t *header; /* the header's bytes, all of them present; NULL: there is none */
    size_t header_size;
    const struct image_field *fields; /* in the order WinDbg prints them */
    size_t field_count;
    bool has_bitmap; /* kernel-summary and bitmap dumps */
    struct {
        const char *signature; /* "SDMP" or "FDMP" */
        uint32_t options;      /* DumpOptions */
        uint64_t header_size;  /* HeaderSize: file offset of the first page */
        uint64_t bitmap_size;  /* BitmapSize, in bits */
        uint64_t pages;        /* Pages */
    } bitmap;
    const struct image_field *range_fields; /* of range dumps: RDMP_HEADER64 behind the header; */
    size_t range_field_count;               /* offsets from the header on */
    struct image_processor *processors;     /* of ELF and kdump: by the QEMU notes */
    size_t processor_count;
    uint64_t pages_promised; /* by bitmap, runs or segments */
    uint64_t pages_present;  /* of these, inside the file */
    uint64_t file_size;      /* bytes */
    uint64_t expected_size;  /* where the last promised page ends, bytes */
};

/* Opens a dump. A file that nothing claims and that can be physical memory is taken for a raw
 * image: whether it is one shows when a kernel is looked for in it. Anything that is not one is
 * refused with its name ("a PNG image", "a user-mode minidump (MDMP)") where it is known. A file
 * that ends before its last page opens; one that ends inside the header or bitmap does not. The
 * caller closes the image. */
enum status image_open(struct error *err, const char *path, struct image **image);
/* The same for bytes in memory, which outlive the image; `name` is for messages. */
enum status image_open_bytes(struct error *err, const char *name, const void *bytes, size_t size,
                             struct image **image);

/* Opens an executable (PE) file as the memory that it is before anything is relocated: its headers
 * and the data of its sections at its own ImageBase. What a section has beyond its data, which are
 * zeros once it is loaded, is not in it. Nothing but a PE file is opened by this, and by
 * image_open() everything but. */
enum status image_open_executable(struct error *err, const char *path, struct image **image);
enum status image_open_executable_bytes(struct error *err, const char *name, const void *bytes,
                                        size_t size, struct image **image);
void image_close(struct image *image);

/* Points into the image; valid until it is closed. */
const struct image_info *image_info(const struct image *image);

/* Whether whoever wrote the dump set `field` in its header. The kernel fills a header with "PAGE"
 * before it sets what it knows, so a field that its build does not have still holds that
 * (wdbgexts.h says of KdSecondaryVersion: cannot be 'A', for compatibility with the dump header).
 */
bool image_field_present(const struct image *image, const struct image_field *field);

/* The value of header field `name` (element 0 of an array), or what was supplied for it; false
 * where the format has none, or where it is not present in the above sense. */
bool image_header_value(const struct image *image, const char *name, uint64_t *value);

/* Supplies what a header would say, found in memory. A value that a header has is not replaced.
 * `name` is not copied; at most eight names. */
void image_supply(struct image *image, const char *name, uint64_t value);

/* Says how wide the addresses of a capture's kernel are: nothing in the file does. */
void image_set_address_bits(struct image *image, unsigned bits);

/* Element `index` of `field`, out of the header. */
uint64_t image_field_value(const struct image *image, const struct image_field *field,
                           size_t index);

/* The 4096 bytes of page frame `pfn`, in place until image_epoch() changes. Constant time. */
enum read_state image_page(const struct image *image, uint64_t pfn, const uint8_t **page);

/* How many different pages image_page() has given so far. */
uint64_t image_pages_read(const struct image *image);

/* Whether the dump holds memory by virtual address and has no pages at all (triage dumps, and
 * executables). */
bool image_is_virtual(const struct image *image);

/* The bytes at virtual address `address` of such a dump, in place, and how many follow each other
 * there; logarithmic in the number of pieces. Another dump has none: READ_NOT_IN_DUMP. */
enum read_state image_virtual(const struct image *image, uint64_t address, const uint8_t **bytes,
                              size_t *length);

/* Tells such a dump that `size` bytes at file offset `offset` are the memory at `address`: for
 * what it keeps without saying where it lay. False where it is no such dump, or has not as much. */
bool image_map(struct image *image, uint64_t address, uint64_t offset, uint64_t size);
/* Changes when pages that image_page() gave are no more in place. */
uint64_t image_epoch(const struct image *image);

/* The first page frame from `pfn` on that the image holds; false where there is none. Only for
 * images without a header: those with one need no search. */
bool image_next_page(const struct image *image, uint64_t pfn, uint64_t *next);

/* STATUS_IO where a file of the image got shorter since it was opened: what was read of it may be
 * zeros. To be asked before anything is made of it (base/mapping.h). */
enum status image_check(struct error *err, const struct image *image);

/* Says what went wrong while pages were read; NULL where nothing did. */
const char *image_fault(const struct image *image);

/* Copies `length` bytes at physical address `address`; on anything but READ_PRESENT the content
 * of `buffer` is undefined. */
enum read_state image_read(const struct image *image, uint64_t address, void *buffer,
                           size_t length);

#endif
