/*
 * values.h - the small encodings of Windows as text: names, times.
 */
#ifndef NTDRIFT_KERNEL_VALUES_H
#define NTDRIFT_KERNEL_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "vm/vm.h"

/* Bytes as text: printable ASCII and valid UTF-8 are kept, any other byte (and the backslash of an
 * ambiguous "\x") becomes \xNN. Ends at the first NUL or after `length` bytes. */
void value_bytes(struct text *text, const uint8_t *bytes, size_t length);

/* UTF-16LE as UTF-8; an unpaired surrogate keeps its two bytes as \xNN\xNN. */
void value_utf16(struct text *text, const uint8_t *bytes, size_t length);

/* The UNICODE_STRING at `address`, at most 32767 characters. On anything but READ_PRESENT `text`
 * is empty. */
enum read_state value_unicode_string(struct vm *vm, uint64_t address, struct text *text);

/* "2015-08-04T02:21:22.6580000Z" of 100 ns since 1601-01-01 UTC; buffer of 32 bytes. A time
 * outside the years 1601..9999 is a bad value: returns READ_BAD_VALUE. */
enum read_state value_time(char buffer[32], uint64_t time);

#endif
