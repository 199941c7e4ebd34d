/* html_style.c - the style sheet of the HTML report: light and dark, wide and narrow, and paper. */
#include "reports/html.h"
#include "reports/svg.h"

/* Colours. The text colours have a contrast of at least 4.5:1 on every ground that they stand on
 * (WCAG 2.2, 1.4.3). */
static const char *const colours[] = {
    ":root{color-scheme:light dark;--page:#fcfcfb;--card:#ffffff;--ink:#1b1d22;--soft:#5a5f69;",
    "--line:#dfe0dd;--ground:#f3f4f2;--link:#0b57a4;--breaking:#a8201a;",
    "--breaking-ground:#fdeceb;",
    "--notable:#7f5300;--notable-ground:#fdf3dc;--info:#36577a;--info-ground:#eaf1f8;",
    "--added:#116329;--added-ground:#dff3e4;--removed:#a8201a;--removed-ground:#fbe6e4;",
    "--moved:#7f5300;--moved-ground:#fdefcc;--shifted:#49607a;--shifted-ground:#e9eef4;",
    "--retyped:#5b3a9d;--retyped-ground:#ece6f8;--renamed:#0b5f6b;--renamed-ground:#dff1f3}\n",
    "@media(prefers-color-scheme:dark){:root{--page:#15171a;--card:#1b1e22;--ink:#e5e7ea;",
    "--soft:#a1a7b0;--line:#343940;--ground:#23272c;--link:#8ab8ee;--breaking:#ff9d94;",
    "--breaking-ground:#43201e;--notable:#eec06a;--notable-ground:#3a2e14;--info:#a6c5e6;",
    "--info-ground:#1e2f42;--added:#7fd894;--added-ground:#173722;--removed:#ff9d94;",
    "--removed-ground:#43201e;--moved:#eec06a;--moved-ground:#40310f;--shifted:#a9bfd8;",
    "--shifted-ground:#222d3a;--retyped:#c9b3f5;--retyped-ground:#30264a;--renamed:#8bd3de;",
    "--renamed-ground:#12343a}}\n",
};

static const char *const text_rules[] = {
    "*{box-sizing:border-box}\n",
    "html{-webkit-text-size-adjust:100%}\n",
    "body{margin:0;background:var(--page);color:var(--ink);",
    "font:16px/1.55 system-ui,-apple-system,",
    "\"Segoe UI\",\"Noto Sans\",sans-serif;font-variant-numeric:tabular-nums}\n",
    "main,header.top,footer{max-width:1040px;margin:0 auto;padding:0 24px}\n",
    "header.top{padding-top:56px}\n",
    "h1{font-size:2rem;line-height:1.2;margin:.2em 0 .5em;font-weight:650;",
    "letter-spacing:-.015em;",
    "overflow-wrap:anywhere}\n",
    "h1 .to{color:var(--soft);font-weight:400;padding:0 .15em}\n",
    "h2{font-size:1.45rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;",
    "margin:72px 0 12px;padding-top:14px;border-top:1px solid var(--line)}\n",
    "h3{font-size:1.1rem;line-height:1.35;margin:40px 0 6px;font-weight:620}\n",
    "h4{font-size:.95rem;margin:28px 0 6px;font-weight:620}\n",
    "p{margin:.5em 0;max-width:72ch}a{color:var(--link)}\n",
    "code,.tree,svg text{font-family:ui-monospace,\"Cascadia Mono\",\"SF Mono\",Consolas,",
    "\"Liberation Mono\",\"DejaVu Sans Mono\",monospace}\n",
    "code{font-size:.88em;overflow-wrap:anywhere}h1 code,h3 code{font-size:.95em}\n",
    ".kicker{color:var(--soft);font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;",
    "margin:0}\n",
    ".lede{font-size:1.1rem;max-width:64ch}.soft,.meta{color:var(--soft)}\n",
    ".meta{font-size:.9rem;font-weight:400}\n",
    ":target{outline:2px solid var(--link);outline-offset:3px;border-radius:3px}\n",
    ".skip{position:absolute;left:-999em}.skip:focus{left:12px;top:12px;background:var(--card);",
    "padding:8px 12px}\n",
    "footer{margin-top:72px;padding-top:16px;padding-bottom:48px;color:var(--soft);",
    "font-size:.85rem}\n",
};

static const char *const block_rules[] = {
    "[hidden]{display:none!important}\n",
    "#filter{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;gap:6px 16px;",
    "align-items:center;padding:10px 0;margin-top:20px;background:var(--page);",
    "border-bottom:1px solid var(--line);font-size:.9rem}\n",
    "#filter input[type=search]{flex:1 1 240px;min-width:0;font:inherit;color:inherit;",
    "background:var(--card);border:1px solid var(--soft);border-radius:4px;padding:5px 9px}\n",
    "#filter output{color:var(--soft);flex-basis:9em}",
    "[id]{scroll-margin-top:64px}\n",
    ".listings{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));",
    "gap:12px 24px;margin:8px 0}.listings figure{margin:0;min-width:0}\n",
    ".listings pre{margin:4px 0 0;padding:10px 12px;overflow-x:auto;background:var(--ground);",
    "border-radius:4px;font-size:.82rem;line-height:1.5}.listings code{font-size:inherit}\n",
    ".chip{display:inline-block;font-size:.75rem;line-height:1.5;font-weight:600;",
    "padding:0 .55em;",
    "border-radius:3px;white-space:nowrap}\n",
    ".chip.breaking{color:var(--breaking);background:var(--breaking-ground)}\n",
    ".chip.notable{color:var(--notable);background:var(--notable-ground)}\n",
    ".chip.info{color:var(--info);background:var(--info-ground)}\n",
    ".chip.waived{color:var(--soft);background:var(--ground)}\n",
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(116px,1fr));gap:12px;",
    "margin:28px 0 12px;padding:0;list-style:none}\n",
    ".tiles li{background:var(--card);border:1px solid var(--line);border-top-width:3px;",
    "border-radius:4px;padding:10px 14px 8px;font-size:.9rem;color:var(--soft)}\n",
    ".tiles b{display:block;font-size:1.75rem;line-height:1.25;font-weight:600;",
    "color:var(--ink)}\n",
    ".tiles .breaking{border-top-color:var(--breaking)}.tiles .notable{border-top-color:",
    "var(--notable)}.tiles .info{border-top-color:var(--info)}\n",
    ".tiles a{color:inherit}\n",
    ".scroll{overflow-x:auto;margin:14px 0 24px}\n",
    "table{border-collapse:collapse;width:100%;font-size:.9rem}\n",
    "th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-bottom:1px solid ",
    "var(--line)}\n",
    "thead th{color:var(--soft);font-weight:600;font-size:.8rem;border-bottom-color:var(--soft);",
    "white-space:nowrap}\n",
    "td code,th code{overflow-wrap:break-word}",
    ".changes>tbody>tr:not(.details)>td:first-child{white-space:nowrap}",
    "tr.details>td{padding-left:24px}.details .more table{width:auto}\n",
    "tbody th{font-weight:400}\n",
    "tr.waived>*{opacity:.75}span.mark{font-weight:700;white-space:nowrap}\n",
    ".mark.added{color:var(--added)}.mark.removed{color:var(--removed)}.mark.moved{color:",
    "var(--moved)}.mark.shifted{color:var(--shifted)}.mark.retyped{color:var(--retyped)}",
    ".mark.renamed{color:var(--renamed)}\n",
    "table.identity{max-width:860px;margin-top:20px}table.identity th{color:var(--soft);",
    "white-space:nowrap}\n",
    "nav.contents{font-size:.95rem}.contents ul,.links{display:flex;flex-wrap:wrap;",
    "gap:4px 20px;list-style:none;padding:0;margin:10px 0}.links{font-size:.95rem}",
    ".links a{text-underline-offset:.25em}\n",
    "#glance h2{margin-top:36px}.glance{list-style:none;padding:0;margin:12px 0}\n",
    ".glance>li{display:grid;grid-template-columns:84px 1fr;gap:2px 12px;padding:10px 0;",
    "border-bottom:1px solid var(--line)}\n",
    ".glance ul{margin:4px 0 0;padding-left:1.1em}.glance ul li{margin:2px 0}",
    ".glance ul.subjects{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:0 14px}\n",
    ".glance a{text-decoration:none}.glance .soft a{color:inherit}\n",
    "details>summary{cursor:pointer}details.structure{border-top:1px solid var(--line);",
    "padding:14px 0}\n",
    "details.structure>summary h3{display:inline;margin:0}\n",
    "details.structure[open]>summary{margin-bottom:6px}\n",
    "details.more{margin:6px 0 18px}details.more>summary{color:var(--link);font-size:.9rem}\n",
    "dl.checks dt{margin-top:22px;font-weight:620}dl.checks dd{margin:2px 0 0;max-width:76ch}\n",
};

static const char *const picture_rules[] = {
    "figure{margin:18px 0 22px}figcaption{color:var(--soft);font-size:.85rem;max-width:80ch}\n",
    ".picture{overflow-x:auto;padding:2px 0}\n",
    ".picture svg{display:block;min-width:760px;width:100%;max-width:992px;height:auto}\n",
    ".definitions{position:absolute}\n",
    "svg text{font-size:12px;fill:var(--ink)}\n",
    "svg .offset,svg .size,svg .type,svg .range,svg .bit{fill:var(--soft);font-size:11px}\n",
    "svg .size,svg .range{text-anchor:end}",
    "svg .bit,svg .cell .sign,svg .delta{text-anchor:middle}",
    "svg .bit{font-size:10px}\n",
    "svg .heading{font-weight:600}svg .heading .type{font-weight:400}\n",
    "svg .sign{font-weight:700;text-anchor:middle}svg .delta{fill:var(--shifted);font-size:11px;",
    "paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}\n",
    "svg .box{fill:var(--ground);stroke:var(--line)}svg .edge{fill:var(--line)}\n",
    "svg .fold{fill:none;stroke:var(--line);stroke-dasharray:3 3}svg .folded{fill:var(--soft)}\n",
    "svg .free{fill:none;stroke:var(--line);stroke-dasharray:2 2}\n",
    "svg .band{fill:var(--ground)}svg .band.shifted{fill:var(--shifted-ground)}",
    "svg .band.retyped{fill:var(--retyped-ground)}",
    "svg .band.renamed{fill:var(--renamed-ground)}\n",
    "svg .line{fill:none;stroke:var(--shifted);stroke-width:1.4}svg .line.moved{stroke:",
    "var(--moved)}svg .arrowhead{fill:var(--moved)}\n",
    "svg .hatch{stroke:var(--removed);stroke-width:1.6;opacity:.45}\n",
    "svg .shifted .edge{fill:var(--shifted)}svg .shifted .box{fill:var(--shifted-ground)}\n",
};

/* What a mark looks like in bars and cells: {name} is its name. */
static const char *const marked[] = {"added", "removed", "moved", "retyped", "renamed"};

static const char *const tree_rules[] = {
    "svg .bar.bits .box{stroke:var(--ink);stroke-dasharray:none}\n",
    ".key{list-style:none;padding:0;margin:8px 0;display:flex;flex-wrap:wrap;gap:4px 18px;",
    "font-size:.85rem;color:var(--soft)}\n",
    ".legend{list-style:none;padding:0;margin:8px 0;columns:300px 3;column-gap:28px;",
    "font-size:.85rem}.legend li{break-inside:avoid;padding:1px 0}\n",
    ".legend .at{display:inline-block;min-width:4.2em;color:var(--soft)}\n",
    ".trees{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:28px;margin:16px 0}\n",
    ".trees h3{margin:0 0 8px}.tree{font-size:.84rem;line-height:1.5}\n",
    ".tree ul{list-style:none;margin:0;padding-left:1.25em;border-left:1px solid var(--line)}\n",
    ".tree>ul{padding:0;border:0}.tree li{padding:1px 0 1px 2px;overflow-wrap:anywhere}\n",
    ".tree .pid,.tree .threads{color:var(--soft);font-size:.92em}\n",
    ".tree .threads{white-space:nowrap}\n",
    ".tree .gone{border:1px dashed var(--soft);border-radius:3px;padding:0 .4em;color:",
    "var(--soft)}\n",
    ".tree summary{color:var(--soft)}\n",
    "table.layer{table-layout:fixed;overflow-wrap:anywhere}table.layer th:first-child{width:40%}",
    "tr.telling>*{background:var(--moved-ground)}tr.telling>th:first-child{box-shadow:inset 3px 0 ",
    "var(--moved);padding-left:10px}.silent{color:var(--soft)}.of-layer{margin:8px 0;",
    "padding-left:1.1em;overflow-wrap:anywhere}.of-layer a{text-decoration:none}\n",
    ".tree .telling{background:var(--moved-ground);border-left:3px solid var(--moved);",
    "padding:1px .4em;border-radius:2px}\n",
    ".tree .telling.added{background:var(--added-ground);border-color:var(--added)}",
    ".tree .telling.removed{background:var(--removed-ground);border-color:var(--removed)}\n",
};

static const char *const media_rules[] = {
    "@media(max-width:720px){body{font-size:15px}main,header.top,footer{padding-left:16px;",
    "padding-right:16px}header.top{padding-top:28px}h1{font-size:1.5rem}h2{margin-top:52px}",
    ".trees{grid-template-columns:minmax(0,1fr)}.glance>li{grid-template-columns:1fr}",
    "th,td{padding-right:10px}.tiles{grid-template-columns:repeat(3,minmax(0,1fr));gap:8px}",
    ".tiles li{padding:6px 8px;font-size:.78rem;overflow-wrap:anywhere}",
    ".tiles b{font-size:1.4rem}table.layer{font-size:.8rem}",
    "table.layer th:first-child{width:30%}[id]{scroll-margin-top:96px}}\n",
    "@media print{:root{color-scheme:light}body{font-size:10.5pt;background:none}",
    "main,header.top,",
    "footer{max-width:none;padding:0}h2{break-after:avoid}h3,h4,summary{break-after:avoid}",
    "figure,tr,.glance>li{break-inside:avoid}.picture,.scroll{overflow:visible}.picture svg{",
    "min-width:0}nav.contents,.skip,#filter{display:none}a{color:inherit;text-decoration:none}",
    "details::details-content{content-visibility:visible;display:block;height:auto}",
    "svg rect,svg path,.chip,.telling{print-color-adjust:exact;",
    "-webkit-print-color-adjust:exact}}",
    "\n",
};

static void put(struct text *out, const char *const *rules, size_t count) {
    for (size_t i = 0; i < count; i++)
        text_puts(out, rules[i]);
}

#define PUT(rules) put(out, rules, sizeof(rules) / sizeof *(rules))

void html_style(struct text *out) {
    PUT(colours);
    PUT(text_rules);
    PUT(block_rules);
    PUT(picture_rules);
    svg_structure_style(out);
    for (size_t i = 0; i < sizeof marked / sizeof *marked; i++)
        text_printf(out,
                    "svg .%s .box{fill:var(--%s-ground);stroke:var(--%s)}svg .%s .edge{fill:"
                    "var(--%s)}svg .%s .sign{fill:var(--%s)}\n",
                    marked[i], marked[i], marked[i], marked[i], marked[i], marked[i], marked[i]);
    PUT(tree_rules);
    PUT(media_rules);
}
