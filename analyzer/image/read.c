/* read.c - the words for the outcomes of a read. */
#include "image/read.h"

static const char *const names[READ_STATE_COUNT] = {
    [READ_PRESENT] = "present",         [READ_NOT_IN_DUMP] = "not-in-dump",
    [READ_CUT_OFF] = "cut-off",         [READ_NOT_MAPPED] = "not-mapped",
    [READ_PAGED_OUT] = "paged-out",     [READ_PROTOTYPE] = "prototype",
    [READ_DEMAND_ZERO] = "demand-zero", [READ_NON_CANONICAL] = "non-canonical",
    [READ_BAD_VALUE] = "bad-value",     [READ_READER_DIED] = "reader-died",
};

const char *read_state_name(enum read_state state) {
    return names[state];
}
