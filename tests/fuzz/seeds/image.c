/* image.c - the first inputs of the image target: a dump of each type with page tables in it. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "small_dump32.h"
#include "small_triage.h"

enum { FRAMES = 8 };

/* PML4 in frame 1; every table leads on to the next frame, and to itself. */
static void add_tables(struct small_dump *dump) {
    for (uint64_t frame = 1; frame < 5; frame++) {
        for (size_t index = 0; index < 512; index++) {
            uint64_t entry = (frame + 1) << 12 | 0x63;
            if (index % 8 == 3)
                entry = frame << 12 | 0x63;
            if (index % 8 == 5)
                entry = 0xe3;
            if (index % 8 == 7)
                entry = (frame + 1) << 12 | 0x880;
            put(dump, dump->first_page + frame * PAGE + index * 8, entry, 8);
        }
    }
    put(dump, 0x10, 0x1002, memcmp(dump->bytes + 4, "DU64", 4) == 0 ? 8 : 4);
}

static int write_bytes(const char *folder, const char *name, struct small_dump dump) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    size_t put_bytes = file ? fwrite(dump.bytes, 1, dump.size, file) : 0;
    int failed = !file || put_bytes != dump.size;
    if (file && fclose(file) != 0)
        failed = 1;
    if (failed)
        perror(path);
    small_free(&dump);
    return failed;
}

static int write_seed(const char *folder, const char *name, struct small_dump dump) {
    add_tables(&dump);
    return write_bytes(folder, name, dump);
}

int main(int argc, char **argv) {
    const struct small_run runs[] = {{4, 4}, {0, 4}};
    const struct small_run ranges[] = {{1, 4}, {5, 3}};
    const struct small_run run = {0, FRAMES};
    const uint64_t frames[FRAMES] = {0, 1, 2, 3, 4, 5, 6, 7};
    if (argc != 2 || (mkdir(argv[1], 0777) != 0 && errno != EEXIST))
        return 2;
    int failed = write_seed(argv[1], "full", small_full(&run, 1, 1));
    failed |= write_seed(argv[1], "full-two-runs", small_full(runs, 2, 1));
    failed |= write_seed(argv[1], "summary", small_bitmap(SUMMARY, "SDMP", 70, frames, FRAMES));
    failed |=
        write_seed(argv[1], "bitmap-full", small_bitmap(BITMAP_FULL, "FDMP", 600, frames, FRAMES));
    failed |= write_seed(argv[1], "bitmap-kernel",
                         small_bitmap(BITMAP_KERNEL, "SDMP", 8, frames, FRAMES));
    failed |= write_seed(argv[1], "range-kernel", small_ranges(RANGE_KERNEL, ranges, 2, 1));
    failed |= write_seed(argv[1], "range-complete", small_ranges(RANGE_COMPLETE, ranges, 2, 1));
    failed |= write_bytes(argv[1], "triage", small_triage());
    failed |= write_seed(argv[1], "full-32", small_full32(runs, 2, 1));
    failed |= write_seed(argv[1], "summary-32", small_summary32(70, frames, FRAMES));
    struct small_dump pae = small_full32(&run, 1, 1);
    put(&pae, 0x5c, 1, 1); /* PaeEnabled */
    failed |= write_seed(argv[1], "full-pae", pae);
    return failed ? 2 : 0;
}
