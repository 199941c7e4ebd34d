/* threads.h - what the files of section `threads` share among themselves. */
#ifndef NTDRIFT_ANALYSES_THREADS_H
#define NTDRIFT_ANALYSES_THREADS_H

#include "analyses/sections.h"
#include "kernel/names.h"
#include "kernel/object.h"
#include "kernel/services.h"
#include "kernel/thread.h"

/* What names addresses, services and objects: the context's. */
struct lookups {
    struct names *names;
    const struct objects *objects;
    const struct services *services;
};

/* Of a build whose symbols do not name them. */
#define WAIT_REASONS_MOST 40

/* The names of this build's wait reasons. */
struct wait_reasons {
    const char *names[WAIT_REASONS_MOST];
    struct enumeration enumeration; /* over `names` */
};
void wait_reasons_init(struct wait_reasons *reasons, const struct target *target);

/* {address, symbol} of code that `process` sees there. */
json_t *code_extract(struct analysis_context *context, const struct lookups *lookups,
                     uint64_t process, uint64_t address);

/* The system call of a thread that is in one. */
json_t *system_call_extract(struct analysis_context *context, const struct lookups *lookups,
                            uint64_t process, const struct thread_call *call);

/* "ThreadListHead of csrss.exe (0x1f8)"; the caller frees it. */
char *thread_list_name(const struct target *target, uint64_t process);

/* Why a thread is by right not on a list that holds every thread which runs: "idle", "terminated",
 * "being-created". NULL where none of these lists lacks it, and where no reason is known. */
const char *thread_benign(const struct analysis_context *context,
                          const struct thread_reader *reader, const struct process_entry *process,
                          const struct thread_entry *entry, const struct process_threads *threads);

/* Adds the threads to the findings that one of the whole lists has not, of the process or of all
 * threads, and no reason explains. */
void thread_findings(struct analysis_context *context, const struct thread_reader *reader,
                     const struct process_entry *process, const struct process_threads *threads);

/* Adds threads whose process is none, one for each such address: there was a process, and its
 * dispatcher header no longer says so; or the thread is a lie. */
void thread_orphans(struct analysis_context *context);

#endif
