/* mapping.c - files mapped for reading, and what happens when one gets shorter. */
#include "base/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_internal.h"
#include "base/memory.h"

/* A mapping that is open. Its message is made beforehand: a signal handler makes none. */
struct mapped {
    struct mapped *next;
    struct mapping mapping;
    int descriptor;
    char *name;
    char *shortened, *failed; /* whole lines */
};

static struct mapped *all_mapped;
static struct sigaction before; /* what SIGBUS did without us */

/* ---- a file that got shorter ---- */

static bool is_shorter(const struct mapped *mapped) {
    struct stat info;
    return fstat(mapped->descriptor, &info) == 0 && (size_t)info.st_size < mapped->mapping.size;
}

static _Noreturn void end_program(const struct mapped *mapped) {
    static const char clear_line[] = "\r\033[K"; /* of a progress bar */
    const char *line = is_shorter(mapped) ? mapped->shortened : mapped->failed;
    ssize_t ignored =
        isatty(STDERR_FILENO) ? write(STDERR_FILENO, clear_line, sizeof clear_line - 1) : 0;
    ignored += write(STDERR_FILENO, line, strlen(line));
    (void)ignored;
    _exit(2);
}

/* The signal is of the instruction that reads: no other part of the program is interrupted. One
 * that is not of our files is left to what was there before, when the instruction runs again. */
static void on_bus_error(int number, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    for (const struct mapped *mapped = all_mapped; mapped; mapped = mapped->next)
        if (address - (uintptr_t)mapped->mapping.data < mapped->mapping.size)
            end_program(mapped);
    sigaction(number, &before, NULL);
}

static void catch_bus_errors(void) {
    static bool is_caught;
    if (is_caught)
        return;
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, &before);
    is_caught = true;
}

static struct mapped *find(const struct mapping *mapping) {
    struct mapped *mapped = all_mapped;
    while (mapped && mapped->mapping.data != mapping->data)
        mapped = mapped->next;
    return mapped;
}

#define SHORTENED "was shortened while it was read"

enum status mapping_check(struct error *err, const struct mapping *mapping) {
    const struct mapped *mapped = mapping->data ? find(mapping) : NULL;
    if (!mapped || !is_shorter(mapped))
        return STATUS_OK;
    return fail(err, STATUS_IO, "%s: " SHORTENED " (expected %zu bytes)", mapped->name,
                mapped->mapping.size);
}

/* ---- opening ---- */

/* Takes the descriptor over. */
static void remember(const struct mapping *mapping, int descriptor, const char *name) {
    struct mapped *mapped = xmalloc(sizeof *mapped);
    const char *program = program_invocation_short_name;
    *mapped = (struct mapped){
        .next = all_mapped,
        .mapping = *mapping,
        .descriptor = descriptor,
        .name = xstrdup(name),
        .shortened =
            xasprintf("%s: %s: " SHORTENED " (expected %zu bytes)\n", program, name, mapping->size),
        .failed = xasprintf("%s: %s: cannot read: %s\n", program, name, strerror(EIO))};
    all_mapped = mapped;
    catch_bus_errors();
}

static void forget(const struct mapping *mapping) {
    struct mapped **link = &all_mapped;
    while (*link && (*link)->mapping.data != mapping->data)
        link = &(*link)->next;
    struct mapped *mapped = *link;
    if (!mapped)
        return;
    *link = mapped->next;
    close(mapped->descriptor);
    free(mapped->name);
    free(mapped->shortened);
    free(mapped->failed);
    free(mapped);
}

static const char *kind_of_file(mode_t mode) {
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a pipe";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

enum status mapping_open(struct error *err, const char *path, struct mapping *mapping) {
    *mapping = (struct mapping){NULL, 0};
    /* O_NONBLOCK: opening a pipe that nobody writes must not hang before it can be refused. */
    int descriptor AUTO(file_close_descriptor) = file_open_named(&path, O_NONBLOCK);
    struct stat info;
    if (descriptor < 0 || fstat(descriptor, &info) < 0)
        return file_fail(err, path, "open");
    if (!S_ISREG(info.st_mode))
        return fail(err, STATUS_FORMAT, "%s: expected a regular file, found %s", path,
                    kind_of_file(info.st_mode));
    if (info.st_size == 0)
        return STATUS_OK;
    void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED)
        return file_fail(err, path, "map");
    *mapping = (struct mapping){data, (size_t)info.st_size};
    remember(mapping, descriptor, path);
    descriptor = -1;
    return STATUS_OK;
}

void mapping_close(struct mapping *mapping) {
    if (mapping->data) {
        forget(mapping);
        munmap((void *)(uintptr_t)mapping->data, mapping->size);
    }
    *mapping = (struct mapping){NULL, 0};
}

void mapping_release(const struct mapping *mapping, size_t offset, size_t size) {
    if (mapping->data)
        madvise((void *)(uintptr_t)(mapping->data + offset), size, MADV_DONTNEED);
}
