/* waivers.c - a policy with waivers for what gates (policy.h). */
#include <string.h>

#include "base/memory.h"
#include "differ/date.h"
#include "differ/policy.h"

#define UNREVIEWED_DAYS 90

/* A pattern that matches `subject` and nothing else. */
static char *as_pattern(const char *subject) {
    struct text pattern AUTO(text_deinit) = TEXT_EMPTY;
    for (; *subject; subject++) {
        if (strchr("*?[\\", *subject))
            text_putc(&pattern, '\\');
        text_putc(&pattern, *subject);
    }
    return text_take(&pattern);
}

static json_t *waiver_of(const struct change *change, int build, const char *expires) {
    AUTO_FREE char *subject = as_pattern(change->subject);
    AUTO_FREE char *reason = xasprintf("not reviewed: %s", change->message);
    json_t *waiver = json_pack("{s:s, s:s, s:s, s:s}", "kind", change->rule->id, "subject", subject,
                               "reason", reason, "expires", expires);
    AUTO_FREE char *builds = xasprintf("%d", build);
    if (build >= 0)
        json_object_set_new(waiver, "builds", json_string(builds));
    return waiver;
}

/* Changes of one kind and subject stand side by side (difference.h). */
static bool is_repeated(const struct change *changes, size_t at) {
    return at > 0 && changes[at].rule == changes[at - 1].rule &&
           strcmp(changes[at].subject, changes[at - 1].subject) == 0;
}

json_t *policy_with_waivers(const struct policy *policy, const struct difference *difference,
                            const char *today) {
    char expires[DATE_SIZE];
    date_after(today, UNREVIEWED_DAYS, expires);
    json_t *json =
        policy->json ? json_deep_copy(policy->json) : json_pack("{s:s}", "schema", POLICY_SCHEMA);
    json_t *waivers = json_object_get(json, "waivers");
    if (!waivers)
        json_object_set_new(json, "waivers", waivers = json_array());
    for (size_t i = 0; i < difference->count; i++)
        if (policy_gates(policy, &difference->changes[i]) && !is_repeated(difference->changes, i))
            json_array_append_new(
                waivers, waiver_of(&difference->changes[i], difference->new.build, expires));
    return json;
}
