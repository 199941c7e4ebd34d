/* history_processes.c - the rows of the parents of system processes, which are found by image. */
#include "differ/history.h"

#include "base/memory.h"
#include "differ/comparisons/process.h"

static struct cell cell_of(const struct side *side, const struct system_image *image) {
    const json_t *processes = json_object_get(side->snapshot, "processes");
    char *parents = json_is_array(processes) ? process_parent_images(processes, image) : NULL;
    if (parents && *parents)
        return (struct cell){CELL_PRESENT, parents};
    /* What a user starts and ends says nothing of the build. */
    bool is_absent =
        parents && image->steady && !processes_why_incomplete(side->snapshot, processes);
    free(parents);
    return (struct cell){is_absent ? CELL_ABSENT : CELL_UNKNOWN, NULL};
}

void history_of_processes(struct history *history) {
    uint64_t order = 0; /* the table is in the order of their start */
    for (const struct system_image *image = system_images; image->name; image++, order++) {
        struct cell *cells = history_cells(history);
        for (size_t i = 0; i < history->count; i++)
            cells[i] = cell_of(&history->sides[i], image);
        history_add(history, "parent", "parents", image->name, cells, order);
    }
}
