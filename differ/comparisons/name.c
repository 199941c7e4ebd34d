/* name.c - names of objects without what varies between machines and boots. */
#include "differ/comparisons/name.h"

#include <string.h>

#include "base/memory.h"

#define DIGITS_LEAST 5

char *name_without_session(const char *name) {
    static const char sessions[] = "\\Sessions\\";
    if (strncmp(name, sessions, strlen(sessions)) != 0)
        return xstrdup(name);
    size_t digits = strspn(name + strlen(sessions), "0123456789");
    const char *rest = name + strlen(sessions) + digits;
    return digits ? xasprintf("%s*%s", sessions, rest) : xstrdup(name);
}

/* A run of hexadecimal digits with a decimal one among them: "decade" is a word. */
bool name_is_made_up(const char *name) {
    for (const char *run = name; *run;) {
        size_t length = strspn(run, "0123456789abcdefABCDEF");
        if (length >= DIGITS_LEAST && strcspn(run, "0123456789") < length)
            return true;
        run += length ? length : 1;
    }
    return false;
}
