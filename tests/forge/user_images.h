/*
 * user_images.h - the DLLs of a scenario: ntdll and others, made once and mapped by every process,
 * as images are.
 */
#ifndef FORGE_USER_IMAGES_H
#define FORGE_USER_IMAGES_H

#include "machine.h"

struct user_page {
    uint64_t rva, frame;
    enum page_kind kind;
};

struct user_image {
    const json_t *row; /* of the scenario */
    const char *name;
    uint64_t base, size, timestamp, entry;
    bool narrow, wow64;                  /* of 32 bits; wanted by WoW64 processes only */
    const struct service_list *services; /* those that it has stubs of; may be NULL */
    const struct stub_form *stubs;
    uint64_t first_stub; /* RVA of that of the list's first number */
    struct export *exports;
    size_t export_count;
    char *names; /* the "Zw" ones */
    struct user_page *pages;
    size_t page_count;
};

/* Reads the rows; before the threads, which refer to the images' addresses. */
void open_user_images(struct machine *machine);
void close_user_images(struct machine *machine);

bool is_wow64(const struct process *process);
bool wants_image(const struct process *process, const struct user_image *image);
/* Where a process has it: the scenario can give a process a base of its own. */
uint64_t image_base(const struct process *process, const struct user_image *image);
/* Maps it into the space of a process, which need not be entered. */
void map_user_image(struct machine *machine, const struct process *process,
                    struct user_image *image);

/* The first image of that name; NULL: none. */
const struct user_image *find_image(const struct machine *machine, const char *name);
/* RVA of an export, a symbol of the scenario, or a stub; 0: there is none. */
uint64_t image_symbol(const struct user_image *image, const char *name);
uint64_t stub_rva(const struct user_image *image, uint32_t number);
/* The image that has stubs of this service, for the processes of the machine's own width. */
const struct user_image *image_of_service(const struct machine *machine,
                                          const struct service *service);

#endif
