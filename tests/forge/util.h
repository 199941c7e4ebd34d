/*
 * util.h - the few helpers that the forge needs: stopping with a message, numbers and times out of
 * a scenario, little-endian bytes.
 *
 * The forge shares nothing with the analyzer, so that a misunderstanding on one side shows.
 */
#ifndef FORGE_UTIL_H
#define FORGE_UTIL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Prints "forge: message" and exits with 2. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *xcalloc(size_t count, size_t size);
void *xgrow(void *items, size_t *capacity, size_t needed, size_t size);

/* "0x1d36b", "12" or a JSON integer. */
uint64_t number_of(const json_t *value, const char *what);

/* A member of an object: number() stops where it is missing, number_or() gives `other`. */
uint64_t number(const json_t *object, const char *key);
uint64_t number_or(const json_t *object, const char *key, uint64_t other);
const char *string(const json_t *object, const char *key);
json_t *array(const json_t *object, const char *key);

/* "2014-09-20T00:58:01.0810000Z" as 100 ns since 1601. */
uint64_t time_of(const char *text);
/* "2.16:42:08.801" (days.hours:minutes:seconds) as 100 ns. */
uint64_t duration_of(const char *text);

/* Little-endian, whatever the host. */
void put(uint8_t *bytes, uint64_t value, size_t size);
uint64_t get(const uint8_t *bytes, size_t size);

#define ALIGN_UP(value, unit) (((value) + (unit)-1) / (unit) * (unit))

#endif
