/* prominence.c - the order in which changes of one kind are told. */
#include "differ/prominence.h"

#include <fnmatch.h>
#include <string.h>

#include "base/memory.h"

/* What changes are about, as shell patterns, in the order in which they are told. */
struct topic {
    const char *kind;
    const char *subject;
};

/* The door into the kernel; processes, and what tells one sort of process from another. */
static const struct topic headlines[] = {
    {"stub.template", "*"},
    {"syscall.removed", "*"},
    {"syscall.added", "*"},
    {"process.*", "*"},
    {"layout.*", "_EPROCESS.Minimal"},
    {"layout.*", "_EPROCESS.SubsystemProcess"},
    {"layout.*", "_EPROCESS.SystemProcess"},
    {"layout.*", "_EPROCESS.PicoCreated"},
    {"layout.*", "_EPROCESS.VmProcessorHost"},
    {"layout.*", "_EPROCESS.Protect*"},
    {"layout.*", "_EPROCESS.*SignatureLevel"},
};

/* Processes and threads, what they hold, what holds them, in the order in which Windows Internals
 * (7th edition) treats them: Part 1, chapters 3 (processes and jobs), 4 (threads), 7 (security);
 * Part 2, chapter 8 (objects, handles, ALPC). Then what other programs read. */
static const struct topic first[] = {
    {"layout.*", "_EPROCESS"},
    {"layout.*", "_EPROCESS.*"},
    {"layout.*", "_KPROCESS"},
    {"layout.*", "_KPROCESS.*"},
    {"layout.*", "_ETHREAD"},
    {"layout.*", "_ETHREAD.*"},
    {"layout.*", "_KTHREAD"},
    {"layout.*", "_KTHREAD.*"},
    {"layout.*", "_PEB*"},
    {"layout.*", "_TEB*"},
    {"layout.*", "_EJOB*"},
    {"layout.*", "_ESILO*"},
    {"layout.*", "_TOKEN*"},
    {"layout.*", "_OBJECT_*"},
    {"layout.*", "_HANDLE_TABLE*"},
    {"layout.*", "_ALPC_*"},
    {"layout.*", "_KUSER_SHARED_DATA*"},
    {"layout.*", "_LDR_DATA_TABLE_ENTRY*"},
    {"layout.*", "_DISPATCHER_HEADER*"},
    {"layout.*", "_MMSUPPORT*"},
};

/* The blocks of a processor and the Memory Manager's own state: most builds change something. */
static const struct topic last[] = {
    {"layout.*", "_KPRCB*"},
    {"layout.*", "_KPCR*"},
    {"layout.*", "_MI_*"},
};

/* Members that by their names hold nothing, without the number at the end. */
static const char *const fillers[] = {
    "*Spare",      "*Reserved",   "*Unused",         "*Pad",           "*Padding",
    "*[Ff]ill",    "*Filler",     "*Spare*Flag",     "*Reserved*Flag", "*Spare*Flags",
    "*Spare*Bits", "*Spare*Byte", "*Reserved*Flags", "*Reserved*Bits", "*MustBeZero",
};

#define HEADLINES ((unsigned)ARRAY_LENGTH(headlines))
#define OTHERS    (HEADLINES + (unsigned)ARRAY_LENGTH(first))
#define ALL       (OTHERS + 1 + (unsigned)ARRAY_LENGTH(last))

/* The row that fits, or `count`. */
static unsigned find(const struct topic *topics, unsigned count, const struct rule *rule,
                     const char *subject) {
    unsigned i = 0;
    while (i < count &&
           (fnmatch(topics[i].kind, rule->id, 0) || fnmatch(topics[i].subject, subject, 0)))
        i++;
    return i;
}

static unsigned place_of(const struct rule *rule, const char *subject) {
    unsigned at = find(headlines, HEADLINES, rule, subject);
    if (at < HEADLINES)
        return at;
    at = find(first, ARRAY_LENGTH(first), rule, subject);
    if (at < ARRAY_LENGTH(first))
        return HEADLINES + at;
    at = find(last, ARRAY_LENGTH(last), rule, subject);
    return at < ARRAY_LENGTH(last) ? OTHERS + 1 + at : OTHERS;
}

/* "PrcbPad138a" without what numbers it. */
static char *without_number(const char *name) {
    size_t length = strlen(name);
    if (length > 1 && strchr("abcdef", name[length - 1]) && strchr("0123456789", name[length - 2]))
        length--;
    while (length && strchr("0123456789", name[length - 1]))
        length--;
    return xstrndup(name, length);
}

bool prominence_is_filler(const char *member) {
    AUTO_FREE char *name = without_number(member);
    for (size_t i = 0; i < ARRAY_LENGTH(fillers); i++)
        if (!fnmatch(fillers[i], name, 0))
            return true;
    return false;
}

/* All that holds nothing comes behind all that does. */
unsigned prominence_of(const struct rule *rule, const char *subject) {
    const char *dot = strcmp(rule->family, "layout") ? NULL : strchr(subject, '.');
    return place_of(rule, subject) + (dot && prominence_is_filler(dot + 1) ? ALL : 0);
}

bool prominence_is_last(unsigned prominence) {
    return prominence >= ALL;
}

bool prominence_is_headline(unsigned prominence) {
    return prominence < HEADLINES;
}
