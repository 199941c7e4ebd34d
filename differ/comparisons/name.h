/*
 * name.h - names of objects without what varies between machines and boots, so that they can be
 * compared.
 */
#ifndef NTDRIFT_DIFFER_NAME_H
#define NTDRIFT_DIFFER_NAME_H

#include <stdbool.h>

/* "\Sessions\*\BaseNamedObjects\Job" for a name in the namespace of any session. The caller frees.
 */
char *name_without_session(const char *name);

/* Whether a program made the name up at run time: it has a number of some length in it, such as
 * "LRPC-5a2e0b1f", "OLE7C4E41", "WMsgKRpc08DA01", a GUID, a SID of an account. */
bool name_is_made_up(const char *name);

#endif
