/*
 * text.h - a string that grows. Everything that is printed or written is put together in one, so
 * that an output is complete before its first byte leaves.
 */
#ifndef NTDRIFT_BASE_TEXT_H
#define NTDRIFT_BASE_TEXT_H

#include <stddef.h>

/* `data` is always terminated by a NUL that `length` does not count; it is "" while empty. */
struct text {
    char *data;
    size_t length;
    size_t capacity; /* 0: `data` is not owned */
};

#define TEXT_EMPTY                                                                                 \
    { .data = (char *)"", .length = 0, .capacity = 0 }

void text_init(struct text *text);
void text_deinit(struct text *text);

void text_append(struct text *text, const char *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_putc(struct text *text, char character);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Gives the string to the caller, who frees it; `text` is empty afterwards. */
char *text_take(struct text *text);

#endif
