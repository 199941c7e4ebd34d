/* status.c - filling and prefixing errors. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status fail(struct error *err, enum status status, const char *format, ...) {
    if (!err)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    err->status = status;
    return status;
}

enum status fail_within(struct error *err, const char *context) {
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    return fail(err, err->status, "%s: %s", context, message);
}
