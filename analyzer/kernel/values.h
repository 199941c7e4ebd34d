/*
 * values.h - the small encodings of Windows as text: names, times.
 */
#ifndef NTDRIFT_KERNEL_VALUES_H
#define NTDRIFT_KERNEL_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "vm/vm.h"

/* Bytes as text: printable ASCII and valid UTF-8 are kept; any other byte becomes \xNN, and so do
 * the C1 controls and the backslash before what would read as such (`x` and two hexadecimal
 * digits). Ends at the first NUL or after `length` bytes. */
void value_bytes(struct text *text, const uint8_t *bytes, size_t length);

/* UTF-16LE as UTF-8; an unpaired surrogate or a control (NUL too) keeps its bytes as \xNN\xNN. */
void value_utf16(struct text *text, const uint8_t *bytes, size_t length);

/* The UNICODE_STRING at `address`, at most 32767 characters; one of zeros is a bad value. On
 * anything but READ_PRESENT `text` is empty. */
enum read_state value_unicode_string(struct vm *vm, uint64_t address, struct text *text);

struct time_parts {
    unsigned year, month, day; /* from 1 */
    unsigned weekday;          /* 0: Sunday */
    unsigned hour, minute, second;
    uint32_t fraction; /* 100 ns */
};

/* UTC, in the proleptic Gregorian calendar. READ_BAD_VALUE as for value_time(). */
enum read_state value_time_parts(uint64_t time, struct time_parts *parts);

/* "2015-08-04T02:21:22.6580000Z" of 100 ns since 1601-01-01 UTC; buffer of 32 bytes. A time
 * outside the years 1601..9999 is a bad value: returns READ_BAD_VALUE. */
enum read_state value_time(char buffer[32], uint64_t time);

#endif
