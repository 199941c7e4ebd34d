/*
 * assembly.h - the machine code of a system call stub as a listing, for reports that show one
 * before and after. The decoder is Zydis. It reads hexadecimal digits, as a snapshot has them, and
 * knows no snapshot.
 */
#ifndef NTDRIFT_REPORTS_ASSEMBLY_H
#define NTDRIFT_REPORTS_ASSEMBLY_H

#include <stdbool.h>

#include "base/text.h"

#define ASSEMBLY_MOST 256 /* bytes; a stub has some twenty */

/* One line an instruction: its offset in the stub, its bytes, the instruction in Intel's notation.
 * Bytes that are no instruction are listed as `db`. False, and nothing appended, where `bytes` is
 * not an even number of hexadecimal digits, or too many. */
bool assembly_list(struct text *out, const char *bytes, bool is_64_bit);

#endif
