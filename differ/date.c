/* date.c - days as text, and which one is today. */
#include "differ/date.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The calendar ends where its text would get longer. */
#define LAST_SECOND 253402300799LL /* 9999-12-31T23:59:59Z */

static void write_day(time_t seconds, char date[DATE_SIZE]) {
    struct tm day;
    gmtime_r(&seconds, &day);
    strftime(date, DATE_SIZE, "%Y-%m-%d", &day);
}

/* Noon, so that no leap second moves it. */
static time_t read_day(const char *date) {
    struct tm day = {.tm_hour = 12};
    int used = 0;
    if (sscanf(date, "%4d-%2d-%2d%n", &day.tm_year, &day.tm_mon, &day.tm_mday, &used) != 3 ||
        date[used])
        return -1;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    return timegm(&day);
}

bool date_is_valid(const char *date) {
    char again[DATE_SIZE];
    if (strlen(date) != DATE_SIZE - 1)
        return false;
    time_t seconds = read_day(date);
    if (seconds < 0 || seconds > LAST_SECOND)
        return false;
    write_day(seconds, again);
    return strcmp(date, again) == 0;
}

static enum status day_of_epoch(struct error *err, const char *epoch, char today[DATE_SIZE]) {
    char *end;
    errno = 0;
    long long seconds = strtoll(epoch, &end, 10);
    if (errno || *end || end == epoch || seconds < 0 || seconds > LAST_SECOND)
        return fail(err, STATUS_USAGE,
                    "SOURCE_DATE_EPOCH: expected seconds since 1970, found \"%s\"", epoch);
    write_day((time_t)seconds, today);
    return STATUS_OK;
}

enum status date_today(struct error *err, const char *given, char today[DATE_SIZE]) {
    if (given && !date_is_valid(given))
        return fail(err, STATUS_USAGE, "--date: expected a day like 2026-11-21, found \"%s\"",
                    given);
    if (given) {
        memcpy(today, given, DATE_SIZE);
        return STATUS_OK;
    }
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    if (epoch && *epoch)
        return day_of_epoch(err, epoch, today);
    write_day(time(NULL), today);
    return STATUS_OK;
}

void date_after(const char *date, int days, char after[DATE_SIZE]) {
    write_day(read_day(date) + (time_t)days * 24 * 60 * 60, after);
}
