/*
 * reports_pair.h - two small snapshots for tests of reports, and what is rendered of a pair. Every
 * page that is rendered here is also held to page.h.
 */
#ifndef NTDRIFT_TESTS_REPORTS_PAIR_H
#define NTDRIFT_TESTS_REPORTS_PAIR_H

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "page.h"
#include "reports/report.h"

/* ---- two small snapshots: 9600 and 10240, cut down to what the pictures show ---- */

static const char old_text[] =
    "{'schema': 'ntdrift-snapshot/1',"
    " 'system': {'build': 9600, 'build_lab': '9600.17238.amd64fre.winblue_gdr.140723-2018',"
    "            'arch': 'x64', 'kernel_base': '0xfffff8016868c000',"
    "            'symbols': {'source': 'nt-9600-x64', 'match': 'proved'},"
    "            'kernel_pdb': {'name': 'ntkrnlmp.pdb', 'guid': 'A9BBA3C139724A738BE17EB4DB72B2E4',"
    "                           'age': 2}},"
    " 'dump': {'type': 'bitmap-kernel', 'format': 'crash-dump-64', 'header': {'MajorVersion': 15}},"
    " 'layouts': {'pdb': null, 'scope': 'all',"
    "   'precision': {'enums': true, 'kinds': true, 'pointees': true}, 'types': {"
    "   '_EPROCESS': {'kind': 'struct', 'size': 72, 'fields': {"
    "     'ProcessLock': {'offset': '0x0', 'type': '_EX_PUSH_LOCK'},"
    "     'CreateTime': {'offset': '0x8', 'type': '_LARGE_INTEGER'},"
    "     'RundownProtect': {'offset': '0x10', 'type': '_EX_RUNDOWN_REF'},"
    "     'UniqueProcessId': {'offset': '0x18', 'type': 'void*'},"
    "     'Quota': {'offset': '0x20', 'type': 'unsigned long long[2]'},"
    "     'Peak': {'offset': '0x30', 'type': 'unsigned long long'},"
    "     'Flags3': {'offset': '0x38', 'type': 'unsigned long'},"
    "     'Minimal': {'offset': '0x38', 'type': 'unsigned long',"
    "                 'bit': {'position': 0, 'length': 1}},"
    "     'ForkFailed': {'offset': '0x38', 'type': 'unsigned long',"
    "                    'bit': {'position': 3, 'length': 1}},"
    "     'Spare': {'offset': '0x40', 'type': 'void*'}}},"
    "   '_KWAIT_REASON': {'kind': 'enum', 'size': 4, 'constants': {'Executive': 0, 'Gone': 1}}}},"
    " 'processes': ["
    "  {'name': 'System', 'pid': 4, 'ppid': 0, 'active_threads': 149, 'parent': {'state': 'none'}},"
    "  {'name': 'smss.exe', 'pid': 336, 'ppid': 4, 'active_threads': 2,"
    "   'parent': {'state': 'alive', 'name': 'System'}},"
    "  {'name': 'csrss.exe', 'pid': 520, 'ppid': 336, 'active_threads': 9,"
    "   'parent': {'state': 'alive', 'name': 'smss.exe'}},"
    "  {'name': 'chrome.exe', 'pid': 600, 'ppid': 336, 'active_threads': 1,"
    "   'parent': {'state': 'alive', 'name': 'smss.exe'}},"
    "  {'name': 'chrome.exe', 'pid': 604, 'ppid': 336, 'active_threads': 1,"
    "   'parent': {'state': 'alive', 'name': 'smss.exe'}},"
    "  {'name': 'chrome.exe', 'pid': 608, 'ppid': 336, 'active_threads': 1,"
    "   'parent': {'state': 'alive', 'name': 'smss.exe'}}],"
    " 'findings': [{'kind': 'process.list-head', 'subject': '0xfffff80168956540',"
    "               'evidence': {'MmProcessList': '0xfffff80168956ae0'}}],"
    " 'coverage': {'user_memory': 'absent', 'sections': {'processes': {'status': 'complete'},"
    "   'modules': {'status': 'partial', 'reason': 'a page is not in the dump'}}}}";

static const char new_text[] =
    "{'schema': 'ntdrift-snapshot/1',"
    " 'system': {'build': 10240, 'build_lab': '10240.16393.amd64fre.th1_st1.150717-1719',"
    "            'arch': 'x64'},"
    " 'dump': {'type': 'bitmap-full', 'format': 'crash-dump-64', 'header': {'MajorVersion': 15}},"
    " 'layouts': {'pdb': null, 'scope': 'all',"
    "   'precision': {'enums': true, 'kinds': true, 'pointees': true}, 'types': {"
    "   '_EPROCESS': {'kind': 'struct', 'size': 80, 'fields': {"
    "     'ProcessLock': {'offset': '0x0', 'type': '_EX_PUSH_LOCK'},"
    "     'Silo': {'offset': '0x8', 'type': '_ESILO*'},"
    "     'CreateTime': {'offset': '0x10', 'type': '_LARGE_INTEGER'},"
    "     'RundownProtect': {'offset': '0x18', 'type': '_EX_RUNDOWN_REF'},"
    "     'UniqueProcessId': {'offset': '0x20', 'type': 'void*'},"
    "     'Quota': {'offset': '0x28', 'type': 'unsigned long long[2]'},"
    "     'Peak': {'offset': '0x38', 'type': 'unsigned long long'},"
    "     'Flags3': {'offset': '0x40', 'type': 'unsigned long'},"
    "     'Minimal': {'offset': '0x40', 'type': 'unsigned long',"
    "                 'bit': {'position': 2, 'length': 1}},"
    "     'SubsystemProcess': {'offset': '0x40', 'type': 'unsigned long',"
    "                          'bit': {'position': 8, 'length': 1}}}},"
    "   '_KWAIT_REASON': {'kind': 'enum', 'size': 4, 'constants': {'Executive': 2}}}},"
    " 'processes': ["
    "  {'name': 'System', 'pid': 4, 'ppid': 0, 'active_threads': 144, 'parent': {'state': 'none'}},"
    "  {'name': 'smss.exe', 'pid': 324, 'ppid': 4, 'active_threads': 2,"
    "   'parent': {'state': 'alive', 'name': 'System'}},"
    "  {'name': 'csrss.exe', 'pid': 504, 'ppid': 496, 'active_threads': 11,"
    "   'parent': {'state': 'absent'}},"
    "  {'name': 'wininit.exe', 'pid': 588, 'ppid': 496, 'active_threads': 2,"
    "   'parent': {'state': 'absent'}},"
    "  {'name': 'winlogon.exe', 'pid': 592, 'ppid': 324, 'active_threads': 2,"
    "   'parent': {'state': 'pid-reused'}}],"
    " 'coverage': {'user_memory': 'present', 'sections': {'processes': {'status': 'complete'},"
    "   'modules': {'status': 'complete'}}}}";

/* JSON with single quotes, so that it can stand here. */
static inline json_t *parse(const char *text) {
    AUTO_FREE char *quoted = xstrdup(text);
    for (char *at = quoted; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_error_t error;
    json_t *json = json_loads(quoted, 0, &error);
    if (!json)
        fail_msg("%d: %s", error.position, error.text);
    return json;
}

struct pair {
    json_t *old;
    json_t *new;
    struct difference difference;
    char *html;
    char *markdown;
};

static inline char *render(const struct difference *difference, const char *format) {
    struct report_options options = {0};
    struct text text = TEXT_EMPTY;
    renderer_find(format)->render(difference, &options, &text);
    return text_take(&text);
}

static inline void pair_render(struct pair *pair) {
    pair->html = render(&pair->difference, "html");
    pair->markdown = render(&pair->difference, "markdown");
    const char *flaw = page_flaw(pair->html);
    if (flaw)
        fail_msg("the page has %s", flaw);
}

static inline struct pair pair_of(json_t *old, json_t *new) {
    struct pair pair = {.old = old, .new = new};
    difference_make(&pair.difference, old, new);
    pair_render(&pair);
    return pair;
}

static inline void pair_deinit(struct pair *pair) {
    free(pair->html);
    free(pair->markdown);
    difference_deinit(&pair->difference);
    json_decref(pair->old);
    json_decref(pair->new);
}

static inline void assert_has(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("missing: %s", part);
}

static inline void assert_lacks(const char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("not wanted: %s", part);
}

#endif
