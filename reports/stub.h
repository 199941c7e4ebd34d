/*
 * stub.h - the code that a change of system call stubs shows, before and after, as listings. It
 * reads the values of a change ({"template", "mechanism", "count", "example": {"name", "bytes"}})
 * and knows no format of report.
 */
#ifndef NTDRIFT_REPORTS_STUB_H
#define NTDRIFT_REPORTS_STUB_H

#include "base/text.h"
#include "differ/difference.h"

/* Whether it is a change of stubs, and a side of it can be listed. */
bool stub_is_listed(const struct change *change);

/* "NtReadFile: syscall, as in 463 stubs" and the lines of one side; false, and nothing appended,
 * where that side has no code. Neither is escaped. */
bool stub_list(const struct side *side, const json_t *value, struct text *caption,
               struct text *lines);

#endif
