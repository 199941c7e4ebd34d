/*
 * notes.h - what the ELF notes of a capture say of a Windows guest; the same notes are in ELF and
 * in kdump files.
 *
 * libkdumpfile shows neither. Registers that the walk and the search do not need are not read.
 */
#ifndef NTDRIFT_IMAGE_NOTES_H
#define NTDRIFT_IMAGE_NOTES_H

#include <stddef.h>
#include <stdint.h>

struct image;

/* Takes the processors of the QEMU notes and the dump header of a VMCOREINFO note out of `size`
 * bytes, which outlive the image. Notes that make no sense end the reading: they are a help. */
void notes_read(struct image *image, const uint8_t *notes, uint64_t size);

#endif
