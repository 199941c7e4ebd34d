/* lint.c - what the checks of layouts find, as lines; and members that must be there (lint.h). */
#include "symbols/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Names come from a file, and the lines go to a terminal. */
static void put_visible(struct text *out, const char *text) {
    for (; *text; text++)
        text_putc(out, (unsigned char)*text < ' ' || *text == '\x7f' ? '?' : *text);
}

void lint_say(struct lint *lint, enum lint_level level, const char *subject, const char *member,
              const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    *(level == LINT_ERROR ? &lint->errors : &lint->warnings) += 1;
    text_printf(lint->out, "%s: %s: ", lint->file, level == LINT_ERROR ? "error" : "warning");
    put_visible(lint->out, subject);
    if (member) {
        text_putc(lint->out, '.');
        put_visible(lint->out, member);
    }
    text_puts(lint->out, ": ");
    put_visible(lint->out, message);
    text_putc(lint->out, '\n');
}

static bool has_member(const struct symbols *symbols, const char *path, size_t length) {
    AUTO_FREE char *type = xstrndup(path, length);
    char *point = strchr(type, '.');
    struct field field;
    if (!point)
        return symbols_type(symbols, type) != NULL;
    *point = '\0';
    return symbols_field(symbols, type, point + 1, &field);
}

static bool has_any(const struct symbols *symbols, const char *alternatives) {
    for (;;) {
        size_t length = strcspn(alternatives, "|");
        if (has_member(symbols, alternatives, length))
            return true;
        if (!alternatives[length])
            return false;
        alternatives += length + 1;
    }
}

void lint_needs(struct lint *lint, const char *user, const char *const *needs) {
    for (; needs && *needs; needs++)
        if (!has_any(lint->symbols, *needs))
            lint_say(lint, LINT_ERROR, *needs, NULL, "missing; the section \"%s\" needs it", user);
}
