/*
 * date.h - days as text, "2026-11-21" (ISO 8601), which sorts as the days do. Waivers expire by
 * them; nothing else in the differ knows what day it is.
 */
#ifndef NTDRIFT_DIFFER_DATE_H
#define NTDRIFT_DIFFER_DATE_H

#include <stdbool.h>

#include "base/status.h"

#define DATE_SIZE sizeof "2026-11-21"

/* Whether it is a day of the calendar, written so. */
bool date_is_valid(const char *date);

/* Today in UTC: `given` where it is not NULL, else the day of SOURCE_DATE_EPOCH
 * (https://reproducible-builds.org/specs/source-date-epoch/), else the clock's. A day that cannot
 * be read is STATUS_USAGE. */
enum status date_today(struct error *err, const char *given, char today[DATE_SIZE]);

/* The day `days` after a valid one. */
void date_after(const char *date, int days, char after[DATE_SIZE]);

#endif
