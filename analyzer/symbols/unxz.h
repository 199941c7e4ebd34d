/*
 * unxz.h - decompresses .xz into memory, within limits that do not depend on what the file says.
 */
#ifndef NTDRIFT_SYMBOLS_UNXZ_H
#define NTDRIFT_SYMBOLS_UNXZ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/text.h"

/* Whether the bytes start as an .xz file does. */
bool unxz_wanted(const char *bytes, size_t length);

/* Decompresses the whole of `bytes`, to at most `limit` bytes. `content` is initialized here; the
 * caller deinitializes it on success. */
enum status unxz(struct error *err, const char *bytes, size_t length, size_t limit,
                 struct text *content);

#endif
