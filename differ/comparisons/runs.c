/* runs.c - runs of things that one cause pushed along, in words. */
#include "differ/comparisons/runs.h"

#include <string.h>

#define RUNS_IN_MESSAGE 3

void runs_describe(const json_t *runs, struct text *text) {
    size_t count = json_array_size(runs);
    for (size_t i = 0; i < count && i < RUNS_IN_MESSAGE; i++) {
        const json_t *run = json_array_get(runs, i), *causes = json_object_get(run, "causes");
        const char *first = json_string_value(json_object_get(run, "first"));
        const char *last = json_string_value(json_object_get(run, "last"));
        text_printf(text, "%s%" JSON_INTEGER_FORMAT " by %s (%s", i ? ", " : "",
                    json_integer_value(json_object_get(run, "count")),
                    json_string_value(json_object_get(run, "by")), first);
        if (strcmp(first, last) != 0)
            text_printf(text, " to %s", last);
        for (size_t c = 0; c < json_array_size(causes); c++)
            text_printf(text, "%s%s", c ? ", " : "; ",
                        json_string_value(json_array_get(causes, c)));
        text_putc(text, ')');
    }
    if (count > RUNS_IN_MESSAGE)
        text_printf(text, ", and %zu more run%s", count - RUNS_IN_MESSAGE,
                    count - RUNS_IN_MESSAGE == 1 ? "" : "s");
}
