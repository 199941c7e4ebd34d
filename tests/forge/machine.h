/*
 * machine.h - the machine that a scenario describes, while it is being forged: what every part
 * writes into. Each part is one file; main.c runs them in order.
 */
#ifndef FORGE_MACHINE_H
#define FORGE_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "memory.h"

/* Addresses are handed out upwards; pages are mapped as they are needed. */
struct pool {
    uint64_t next;
    enum page_kind kind;
};

struct process {
    const json_t *extras; /* what is special about it; may be NULL */
    const char *name;     /* the whole file name */
    const char *parent;   /* what a reader must find: alive, exited, absent, pid-reused, none */
    uint64_t address;
    uint64_t pid;
    uint64_t ppid;
    uint64_t threads;
    int64_t session; /* -1: none */
    uint64_t created;
    uint64_t exited;    /* 0: runs */
    uint64_t root;      /* frame of its PML4 */
    uint64_t user_root; /* of the one that it has in user mode under KVA shadow; 0: none */
    uint64_t *thread_addresses;
    bool user_space; /* may have user pages: no kernel-only process, not exited */
    bool unlisted;   /* on no list, and no id of it or of its threads is in PspCidTable */
};

struct session {
    uint64_t id;
    uint64_t address;
};

struct service {
    uint32_t number;
    const char *name;
    unsigned arguments; /* as far as known */
    uint64_t address;   /* 0 where win32k is not loaded */
};
struct service_list {
    struct service *items; /* in the order of their numbers */
    size_t count;
    char *text;
};

struct machine {
    char folder[1024]; /* of the scenario */
    json_t *scenario;
    json_t *facts; /* what was put in, for tests */
    struct layout *layout;
    unsigned pointer_size; /* 8 or 4 */
    bool pae, la57;
    struct memory memory;

    unsigned dump_type;
    uint64_t directory_table_base; /* as the header has it */
    uint64_t build;
    uint64_t system_time, uptime; /* 100 ns */

    uint64_t kernel_base;
    uint64_t kernel_size;
    uint64_t kernel_data, kernel_data_end; /* RVAs of .data */
    uint64_t scratch;                      /* next free address in the kernel's data */
    json_t *globals;                       /* name to address, as used so far */
    json_t *symbols;                       /* the same for code */
    char *export_names;

    struct service_list services, gui_services;
    struct user_image *images;
    size_t image_count;
    uint64_t win32k; /* address of win32k.sys in session space; 0: none */
    const char *win32k_guid; /* of its PDB; NULL: it names none */

    struct pool nonpaged, paged, stacks, strings;

    struct process *processes;
    size_t process_count;
    struct process idle;
    struct session *sessions;
    size_t session_count;
    uint64_t next_thread_id;

    /* By type index, as objects.h has them. */
    uint64_t types[64], object_counts[64], handle_counts[64];
    uint64_t device; /* that files are on */
    json_t *keys;    /* path to control block, as far as keys are open */
};

/* Whether the scenario's machine has KVA shadow: its processors change tables on entering the
 * kernel. Its row of extras says that a process has none ("trusted"). */
bool has_kva_shadow(const struct machine *machine);

/* What is in a dump of the scenario's type: all runs of memory, and what user mode has. */
bool has_all_runs(const struct machine *machine);
bool has_user_pages(const struct machine *machine);

/* ---- machine.c: writing ---- */

/* Writes a member; false where this build has none. */
bool set(struct machine *machine, uint64_t object, const char *type, const char *path,
         uint64_t value);
/* The same for a member that every build has. */
void must_set(struct machine *machine, uint64_t object, const char *type, const char *path,
              uint64_t value);
uint64_t field(const struct machine *machine, uint64_t object, const char *type, const char *path);
void put64(struct machine *machine, uint64_t address, uint64_t value);
void put_pointer(struct machine *machine, uint64_t address, uint64_t value);
uint64_t get_pointer(struct machine *machine, uint64_t address);

/* A LIST_ENTRY, and a whole ring of them. */
void link_entry(struct machine *machine, uint64_t entry, uint64_t flink, uint64_t blink);
void link_ring(struct machine *machine, uint64_t head, const uint64_t *entries, size_t count);

/* The address of a kernel global: the scenario's, or the next free one. Claimed on first use. */
uint64_t global(struct machine *machine, const char *name, uint64_t size);

uint64_t pool_take(struct machine *machine, struct pool *pool, uint64_t size, uint64_t alignment,
                   const char *what);
/* Writes a UNICODE_STRING at `where` and its text into paged pool. */
void write_unicode(struct machine *machine, uint64_t where, const char *text, struct pool *pool);
/* The same with a pointer of another width: in user space. */
void write_unicode_as(struct machine *machine, uint64_t where, const char *text, struct pool *pool,
                      unsigned pointer);

json_t *hex(uint64_t value); /* "0x1f" */
/* "0xfffff80003a54000", "0x8055c620" */
json_t *address_text(const struct machine *machine, uint64_t value);
void remember_global(struct machine *machine, const char *name, uint64_t address);

/* ---- the parts, in the order they run ---- */

void forge_kernel(struct machine *machine);      /* PE image, strings */
void forge_shared_page(struct machine *machine); /* KUSER_SHARED_DATA */
uint64_t shared_page(const struct machine *machine);
void forge_modules(struct machine *machine);
void forge_services(struct machine *machine); /* tables and stubs of system calls */
void forge_processes(struct machine *machine);
void forge_processors(struct machine *machine);
void forge_queues(struct machine *machine);  /* ready and waiting threads */
void forge_planted(struct machine *machine); /* copies of processes, and fakes */
void forge_kdbg(struct machine *machine);
void forge_user_pages(struct machine *machine);
void note_processes(struct machine *machine); /* facts.c */
void forge_oddities(struct machine *machine); /* left-out pages, broken lists, single words */

/* A thread of `process`, on no list yet, as `item` of the scenario has it (NULL: made up), and both
 * lists of a process (threads.c). */
uint64_t make_thread(struct machine *machine, const struct process *process, const json_t *item,
                     uint64_t number);
void link_threads(struct machine *machine, const struct process *process, const uint64_t *threads,
                  size_t count);
struct process *find_process(struct machine *machine, uint64_t pid);

/* The PE headers of an image, with an RSDS record when `guid` is not NULL (pe.c). */
struct image_section {
    const char *name;
    uint64_t start, end; /* RVAs */
    uint32_t characteristics;
};
struct image {
    uint64_t base;
    uint32_t size, timestamp;
    const struct image_section *sections;
    size_t section_count;
    uint64_t debug_directory, export_directory; /* RVAs; 0: none */
    uint32_t export_size;
    uint64_t entry; /* RVA; 0: 0x1000 */
    bool narrow;    /* PE32, in a 64-bit machine too */
};
struct export {
    const char *name;
    uint64_t rva;
};
/* Writes an export directory at an RVA; sorts the exports by name. Returns its size, which
 * exports_size() knows before. */
uint32_t write_exports(struct machine *machine, uint64_t base, uint64_t directory, const char *dll,
                       struct export *exports, size_t count);
size_t exports_size(const char *dll, const struct export *exports, size_t count);
void write_pe_headers(struct machine *machine, const struct image *image);
/* "tcpip.sys" has "tcpip.pdb". */
void pdb_name(const char *image, char *name, size_t size);
/* Writes the directory and record at RVA `image->debug_directory`. */
void write_debug_record(struct machine *machine, const struct image *image, const char *pdb,
                        const char *guid, uint32_t age);

/* ---- dumpfile.c, context.c ---- */

void write_dump(struct machine *machine, const char *path);

#define CONTEXT_SIZE     0x4d0 /* of AMD64 */
#define CONTEXT_SIZE_X86 0x2cc
size_t context_size(const struct machine *machine);
/* A CONTEXT as a processor in the kernel has it. */
void make_context(struct machine *machine, uint8_t context[CONTEXT_SIZE], uint64_t stack);

#endif
