/*
 * json_pull.h - JSON (RFC 8259), pulled value by value by a caller who knows what should come. It
 * builds no tree, so that a symbol file of 6 MB is read at the speed of its bytes.
 *
 * Strict: one value, no comments, no trailing commas, valid UTF-8, no lone surrogates; a NUL in a
 * string is refused, because every string here becomes a C string. It does not see duplicate keys:
 * that is for the caller, who knows where they would matter.
 *
 * The first error stays: every later call gives false, so that a caller may look at `status` once.
 */
#ifndef NTDRIFT_SYMBOLS_JSON_PULL_H
#define NTDRIFT_SYMBOLS_JSON_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

#define PULL_DEPTH 64

struct json_pull {
    struct error *err;
    enum status status;
    const char *start;
    const char *at;
    const char *end;
    const char *token; /* where the latest key or value starts: what a message points at */
    const char *text;  /* the latest key or string, until the next call; not terminated */
    size_t length;
    struct text decoded; /* holds a string that had escapes */
    int depth;
    struct {
        bool is_array;
        bool has_elements;
    } level[PULL_DEPTH];
};

void pull_init(struct json_pull *pull, struct error *err, const char *bytes, size_t length);
void pull_deinit(struct json_pull *pull);

/* Records "MESSAGE (line L, offset N)" unless there is an error already. Gives false. */
bool pull_fail(struct json_pull *pull, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Enters an object; then pull_key() goes to each member in turn, whose value must be pulled before
 * the next one; it gives false, and leaves the object, behind the last. Arrays likewise. */
bool pull_object(struct json_pull *pull);
bool pull_key(struct json_pull *pull);
bool pull_array(struct json_pull *pull);
bool pull_element(struct json_pull *pull);

bool pull_string(struct json_pull *pull);
bool pull_integer(struct json_pull *pull, int64_t *value);
bool pull_unsigned(struct json_pull *pull, uint64_t most, uint64_t *value);
bool pull_boolean(struct json_pull *pull, bool *value);

/* Whether the value is null, which is then consumed. */
bool pull_null(struct json_pull *pull);

/* The first character of what comes next; NUL at the end of the text and after an error. */
char pull_peek(struct json_pull *pull);

/* Passes over one value of any kind. */
bool pull_skip(struct json_pull *pull);

/* Whether nothing follows. */
bool pull_end(struct json_pull *pull);

/* Whether the latest key or string is `text`. */
bool pull_is(const struct json_pull *pull, const char *text);

#endif
