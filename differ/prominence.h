/*
 * prominence.h - which of two changes of one kind a reader wants first. It hides
 * nothing: a name that says "spare" is a name, and the change is as true as any other, if of no
 * weight.
 */
#ifndef NTDRIFT_DIFFER_PROMINENCE_H
#define NTDRIFT_DIFFER_PROMINENCE_H

#include "differ/difference.h"

/* Lower comes first. The same for changes of one kind and subject. */
unsigned prominence_of(const struct rule *rule, const char *subject);

/* Whether a report leads with it, before what only is more severe. */
bool prominence_is_headline(unsigned prominence);

/* Whether it is of a member that by its name holds nothing: padding, spare and reserved ones. */
bool prominence_is_last(unsigned prominence);

/* Whether a member's name says that it holds nothing: "Spare0", "PrcbPad11", "ReservedFlags". */
bool prominence_is_filler(const char *member);

#endif
