/*
 * value.h - single values out of a snapshot: whether they are known, as JSON that every writer
 * takes, and as words.
 */
#ifndef NTDRIFT_DIFFER_VALUE_H
#define NTDRIFT_DIFFER_VALUE_H

#include <jansson.h>
#include <stdbool.h>

/* Absent and null (unreadable) values, and those that no snapshot holds, are not known. */
bool json_value_is_known(const json_t *value);

/* The string at `key`; NULL where there is none, and where it is empty: nothing is called so. */
const char *json_value_string(const json_t *object, const char *key);

/* A new reference: scalars as they are; of an array or object, only how much it holds
 * ({"elements": 3}, {"members": 3}), for it may be as deep as its author wished. */
json_t *json_value_copy(const json_t *value);

/* "\"x64\"", "17", "an array of 3"; "nothing" for NULL. The caller frees. */
char *json_value_text(const json_t *value);

#endif
