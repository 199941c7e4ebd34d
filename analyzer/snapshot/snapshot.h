/*
 * snapshot.h - snapshots as files: put together, written, read back and checked.
 *
 * What the sections mean is known to the analyses and to the differ, not here.
 */
#ifndef NTDRIFT_SNAPSHOT_SNAPSHOT_H
#define NTDRIFT_SNAPSHOT_SNAPSHOT_H

#include <jansson.h>

#include "base/status.h"
#include "base/text.h"
#include "snapshot/alike.h"
#include "snapshot/canon.h"
#include "symbols/symbols.h"

#define SNAPSHOT_SCHEMA  "ntdrift-snapshot/1"
#define SNAPSHOT_LIMIT   (256u << 20) /* bytes of a snapshot that are parsed at the most ... */
#define SNAPSHOT_LONGEST (1u << 30)   /* ... after what is alike in those compared was left out */

/* Which types a `layouts` section holds. */
enum layout_scope { LAYOUT_ALL, LAYOUT_TRACKED };

/* Which types to write: shell patterns (fnmatch), or exact names; none: all. */
struct layout_selection {
    const char *const *patterns;
    size_t count;
    enum layout_scope scope;
};

/* Writes the `layouts` object under `key`:
 *
 *   "layouts": {
 *     "pdb": {"age": 1, "guid": "...", "name": "ntkrnlmp.pdb"},       null where unknown
 *     "precision": {"enums": true, "kinds": true, "pointees": true},  what the source tells apart
 *     "scope": "all",                                                 or "tracked"
 *     "types": {
 *       "_EPROCESS": {
 *         "fields": {
 *           "Minimal": {"bit": {"length": 1, "position": 0}, "offset": "0x6cc", "type": "unsigned
 * long"},
 *           ...}, "kind": "struct", "size": 2000},
 *       "_KWAIT_REASON": {"constants": {"Executive": 0}, "kind": "enum", "size": 4}}}
 *
 * `kind` is null for struct and union where the source does not tell them apart. */
void layout_write(struct canon *canon, const char *key, const struct symbols *symbols,
                  const struct layout_selection *selection);

/* Writes the `symbols` object: name to RVA ("0x40f650"). */
void publics_write(struct canon *canon, const char *key, const struct symbols *symbols);

/* Reads a snapshot ("-" is standard input) and checks its schema word. The caller decrefs. */
enum status snapshot_read(struct error *err, const char *path, json_t **snapshot);

/* Reads `count` snapshots, at least two, to be compared with each other, without what is alike in
 * them as alike_remove() says. `snapshots` has `count` elements; the caller decrefs them. On
 * failure none is left. */
enum status snapshot_read_all(struct error *err, const char *const *paths, size_t count,
                              enum alike_reader reader, json_t **snapshots);

/* As snapshot_read, of bytes already in memory; `name` stands for the file in messages. */
enum status snapshot_parse(struct error *err, const char *name, const struct text *content,
                           json_t **snapshot);

#endif
