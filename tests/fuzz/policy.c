/* policy.c - fuzz target: any bytes as a policy; what is accepted judges a difference, and the
 * policy that is written for it must be accepted and let nothing gate. */
#include "differ/policy.h"

#include <stdlib.h>

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TODAY "2026-11-21"

static size_t judge(struct policy *policy, struct difference *difference) {
    size_t gated = 0;
    policy_waive(policy, difference, TODAY);
    for (size_t i = 0; i < difference->count; i++)
        gated += policy_gates(policy, &difference->changes[i]);
    for (size_t i = 0; i < policy->waiver_count; i++)
        free(waiver_fault(&policy->waivers[i]));
    for (size_t i = 0; i < policy->required_count; i++)
        free(policy_unknown(difference, policy->required[i]));
    return gated;
}

static void make_difference(struct difference *difference, const json_t *snapshot) {
    difference_init(difference, snapshot, snapshot);
    difference_add(difference, "layout.bit.added", "_EPROCESS.Extra", NULL, NULL, NULL, "added");
    difference_add(difference, "layout.type.added", "_T[*]", NULL, NULL, NULL, "added");
    difference_add(difference, "process.parent.shifted", "a\\b?", NULL, NULL, NULL, "shifted");
    difference_not_comparable(difference, "processes", "unknown");
    difference_sort(difference);
}

static void judge_with(const struct text *content, const json_t *snapshot, bool again) {
    struct policy policy;
    struct error err;
    if (policy_parse(&err, "policy", content, &policy)) {
        if (again)
            abort();
        return;
    }
    struct difference difference;
    make_difference(&difference, snapshot);
    size_t gated = judge(&policy, &difference);
    if (again && gated)
        abort();
    json_t *more = policy_with_waivers(&policy, &difference, TODAY);
    difference_deinit(&difference);
    policy_deinit(&policy);
    if (!again) {
        struct text written AUTO(text_deinit) = TEXT_EMPTY;
        AUTO_FREE char *text = json_dumps(more, 0);
        text_puts(&written, text);
        judge_with(&written, snapshot, true);
    }
    json_decref(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    json_t *snapshot = json_pack("{s:{s:i}}", "system", "build", 10240);
    text_append(&content, (const char *)data, size);
    judge_with(&content, snapshot, false);
    json_decref(snapshot);
    return 0;
}
