/*
 * memory.h - allocation that does not fail, and scope guards.
 *
 * Running out of memory ends the program with exit code 2 and one line: no caller could do better.
 * Bounding what is asked for is the caller's part: no size comes from an input unchecked.
 */
#ifndef NTDRIFT_BASE_MEMORY_H
#define NTDRIFT_BASE_MEMORY_H

#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
/* `count * size` is checked against overflow. */
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Grows `array` (a pointer lvalue) so that it holds at least `count + 1` elements. */
#define ARRAY_RESERVE(array, count, capacity)                                                      \
    do {                                                                                           \
        if ((count) >= (capacity)) {                                                               \
            (capacity) = (capacity) ? (capacity)*2 : 16;                                           \
            (array) = xreallocarray((array), (capacity), sizeof *(array));                         \
        }                                                                                          \
    } while (0)

static inline void memory_free_pointer(void *pointer) {
    free(*(void **)pointer);
}

/* `AUTO_FREE char *text = ...;` frees what it points to when its scope ends. */
#define AUTO_FREE   __attribute__((cleanup(memory_free_pointer)))
#define AUTO(close) __attribute__((cleanup(close)))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
