/*
 * html_script.c - the filter of the HTML report. Words and severities hide the rows that do not
 * match; a structure or a kind without a row left is hidden whole, one with a match is opened.
 */
#include "reports/html_script.h"

#include <stddef.h>

/* Content from a snapshot is read from the page as text only, never written into it. */
static const char script[] =
    "\n"
    "(function () {\n"
    "  'use strict';\n"
    "  var bar = document.getElementById('filter');\n"
    "  var input = bar.querySelector('input[type=search]');\n"
    "  var boxes = Array.from(bar.querySelectorAll('input[type=checkbox]'));\n"
    "  var told = bar.querySelector('output');\n"
    "  var all = function (selector) { return Array.from(document.querySelectorAll(selector)); };\n"
    "  var rows = all('tr[data-severity]').map(function (row) {\n"
    "    var next = row.nextElementSibling;\n"
    "    var details = next && next.classList.contains('details') ? next : null;\n"
    "    var text = row.id + ' ' + row.textContent + ' ' + (details ? details.textContent : '');\n"
    "    return { row: row, details: details, text: text.toLowerCase() };\n"
    "  });\n"
    "  var sentences = all('.glance li li');\n"
    "  var groups = all('.glance > li, details.structure, section[id^=\"kind--\"], '\n"
    "    + 'section[id^=\"family--\"], #structures');\n"
    "  var folded = all('details.structure, details.more');\n"
    "  var opened = [];\n"
    "  var show = function (element, visible) { element.hidden = !visible; };\n"
    "\n"
    "  function matches(entry, words, severities) {\n"
    "    return severities.indexOf(entry.row.dataset.severity) >= 0\n"
    "      && words.every(function (word) { return entry.text.indexOf(word) >= 0; });\n"
    "  }\n"
    "\n"
    "  function apply() {\n"
    "    var words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);\n"
    "    var checked = boxes.filter(function (box) { return box.checked; });\n"
    "    var severities = checked.map(function (box) { return box.value; });\n"
    "    var active = words.length > 0 || checked.length < boxes.length;\n"
    "    var count = 0;\n"
    "    rows.forEach(function (entry) {\n"
    "      var visible = !active || matches(entry, words, severities);\n"
    "      count += visible;\n"
    "      show(entry.row, visible);\n"
    "      if (entry.details) show(entry.details, visible);\n"
    "    });\n"
    "    sentences.forEach(function (sentence) {\n"
    "      var link = sentence.querySelector('a[href]');\n"
    "      var row = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));\n"
    "      show(sentence, !active || (row && row.matches('tr') && !row.hidden));\n"
    "    });\n"
    "    groups.forEach(function (group) {\n"
    "      var found = group.querySelector('tr[data-severity]:not([hidden]), .glance li li"
    ":not([hidden])');\n"
    "      show(group, !active || found);\n"
    "    });\n"
    "    opened.forEach(function (details) { details.open = false; });\n"
    "    opened = !active ? [] : folded.filter(function (details) {\n"
    "      return !details.open && details.querySelector('tr[data-severity]:not([hidden])');\n"
    "    });\n"
    "    opened.forEach(function (details) { details.open = true; });\n"
    "    told.textContent = active ? count + ' of ' + rows.length + ' changes' : '';\n"
    "  }\n"
    "\n"
    "  function reveal() {\n"
    "    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));\n"
    "    for (var at = target; at; at = at.parentElement)\n"
    "      if (at.tagName === 'DETAILS') at.open = true;\n"
    "    if (target) target.scrollIntoView();\n"
    "  }\n"
    "\n"
    "  input.addEventListener('input', apply);\n"
    "  boxes.forEach(function (box) { box.addEventListener('change', apply); });\n"
    "  window.addEventListener('hashchange', reveal);\n"
    "  document.addEventListener('keydown', function (event) {\n"
    "    if (event.key === '/' && event.target.tagName !== 'INPUT') {\n"
    "      event.preventDefault();\n"
    "      input.focus();\n"
    "    }\n"
    "  });\n"
    "  show(bar, true);\n"
    "  apply();\n"
    "  if (location.hash) reveal();\n"
    "})();\n";

void html_filter(struct text *out) {
    static const char *const severities[] = {"breaking", "notable", "info"};
    text_puts(out, "<div id=\"filter\" role=\"search\" hidden>\n<input type=\"search\" "
                   "aria-label=\"Filter the changes\" placeholder=\"Filter: _EPROCESS bit, "
                   "csrss.exe, NtReadFile\" autocomplete=\"off\">\n");
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++)
        text_printf(out, "<label><input type=\"checkbox\" value=\"%s\" checked> %s</label>\n",
                    severities[i], severities[i]);
    text_puts(out, "<output></output>\n</div>\n");
}

void html_script(struct text *out) {
    text_puts(out, "<script>");
    text_puts(out, script);
    text_puts(out, "</script>\n");
}
