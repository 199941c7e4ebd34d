/*
 * triage_lists.h - the tables of a triage dump. For triage.c only.
 *
 * Each reader fills its list of `triage` as far as the file goes, and returns the file offset at
 * which the table says that it ends; 0 where there is none.
 */
#ifndef NTDRIFT_IMAGE_TRIAGE_LISTS_H
#define NTDRIFT_IMAGE_TRIAGE_LISTS_H

#include "image/triage.h"

uint64_t triage_read_drivers(const struct image *image, uint64_t offset, uint32_t count,
                             struct triage *triage);
uint64_t triage_read_unloaded(const struct image *image, uint64_t offset, struct triage *triage);

/* `offset`: behind the dump proper (SizeOfDump). */
uint64_t triage_read_blobs(const struct image *image, uint64_t offset, struct triage *triage);

#endif
