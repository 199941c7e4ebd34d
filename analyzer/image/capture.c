/*
 * capture.c - the parent's side of the reader: asking, waiting, keeping pages.
 */
#include "image/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "image/capture_reader.h"
#include "image/image.h"

#define PAGES_KEPT   16384u /* 64 MiB */
#define TABLE_SIZE   (2 * PAGES_KEPT)
#define PATIENCE_MS  10000
#define FAULT_LENGTH 160

struct kept {
    uint64_t tag; /* page frame + 1; 0 is an empty entry */
    uint32_t slot;
};

struct capture {
    pid_t reader; /* 0: gone */
    int channel;
    uint8_t *pages; /* PAGES_KEPT of them, shared with the reader */
    uint32_t count;
    uint64_t epoch;
    struct kept table[TABLE_SIZE]; /* open addressing */
    char fault[FAULT_LENGTH];
};

/* ---- the process ---- */

/* How the reader ended; it is gone afterwards. `doing` says what it was asked for. */
static void bury(struct capture *capture, const char *ended, const char *doing) {
    int status = 0;
    kill(capture->reader, SIGKILL);
    while (waitpid(capture->reader, &status, 0) < 0 && errno == EINTR)
        continue;
    capture->reader = 0;
    char how[64];
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (ended)
        snprintf(how, sizeof how, "%s", ended);
    else if (name)
        snprintf(how, sizeof how, "was killed by SIG%s", name);
    else
        snprintf(how, sizeof how, "ended");
    snprintf(capture->fault, sizeof capture->fault, "the process that reads this file %s while %s",
             how, doing);
}

/* Waits for an answer of `size` bytes. */
static bool receive(struct capture *capture, void *answer, size_t size, const char *doing) {
    struct pollfd poll_on = {.fd = capture->channel, .events = POLLIN};
    int ready;
    while ((ready = poll(&poll_on, 1, PATIENCE_MS)) < 0 && errno == EINTR)
        continue;
    if (ready == 0) {
        bury(capture, "did not answer", doing);
        return false;
    }
    ssize_t got = recv(capture->channel, answer, size, 0);
    if (got == (ssize_t)size)
        return true;
    bury(capture, NULL, doing);
    return false;
}

static enum status fail_system(struct error *err, const char *what) {
    return fail(err, STATUS_IO, "the process that reads this file cannot be made: %s: %s", what,
                strerror(errno));
}

static enum status share(struct error *err, struct capture *capture, int channels[2]) {
    capture->pages = mmap(NULL, (size_t)PAGES_KEPT * IMAGE_PAGE_SIZE, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (capture->pages == MAP_FAILED) {
        capture->pages = NULL;
        return fail_system(err, "mmap");
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channels))
        return fail_system(err, "socketpair");
    return STATUS_OK;
}

static enum status spawn(struct error *err, struct capture *capture, const int *descriptors,
                         size_t count) {
    int channels[2];
    enum status status = share(err, capture, channels);
    if (status)
        return status;
    pid_t parent = getpid();
    capture->reader = fork();
    if (capture->reader == 0) {
        close(channels[0]);
        capture_reader_run(parent, channels[1], descriptors, count, capture->pages);
    }
    close(channels[1]);
    capture->channel = channels[0];
    if (capture->reader < 0) {
        capture->reader = 0;
        return fail_system(err, "fork");
    }
    return STATUS_OK;
}

enum status capture_start(struct error *err, const int *descriptors, size_t count,
                          struct capture **capture) {
    struct capture *started = xcalloc(1, sizeof *started);
    started->channel = -1;
    *capture = NULL;
    enum status status = spawn(err, started, descriptors, count);
    struct capture_opened opened;
    if (!status && !receive(started, &opened, sizeof opened, "opening it"))
        status = fail(err, STATUS_FORMAT, "%s", started->fault);
    else if (!status && !opened.done)
        status = fail(err, STATUS_FORMAT, "libkdumpfile cannot read this file: %.*s",
                      (int)strnlen(opened.message, sizeof opened.message), opened.message);
    if (status)
        capture_stop(started);
    else
        *capture = started;
    return status;
}

void capture_stop(struct capture *capture) {
    if (!capture)
        return;
    if (capture->reader)
        bury(capture, "was stopped", "idle");
    if (capture->channel >= 0)
        close(capture->channel);
    if (capture->pages)
        munmap(capture->pages, (size_t)PAGES_KEPT * IMAGE_PAGE_SIZE);
    free(capture);
}

/* ---- pages ---- */

/* The entry of `pfn`, or the empty one where it would be. */
static struct kept *look_up(struct capture *capture, uint64_t pfn) {
    size_t at = (size_t)(pfn * UINT64_C(0x9e3779b97f4a7c15) >> 32) % TABLE_SIZE;
    while (capture->table[at].tag && capture->table[at].tag != pfn + 1)
        at = (at + 1) % TABLE_SIZE;
    return &capture->table[at];
}

static void drop_all(struct capture *capture) {
    memset(capture->table, 0, sizeof capture->table);
    capture->count = 0;
    capture->epoch++;
}

static enum read_state ask(struct capture *capture, uint64_t pfn, uint32_t slot) {
    struct capture_request request = {.pfn = pfn, .slot = slot};
    struct capture_answer answer;
    char doing[48];
    snprintf(doing, sizeof doing, "reading page frame 0x%" PRIx64, pfn);
    if (!capture->reader)
        return READ_READER_DIED;
    if (send(capture->channel, &request, sizeof request, MSG_NOSIGNAL) != sizeof request) {
        bury(capture, NULL, doing);
        return READ_READER_DIED;
    }
    if (!receive(capture, &answer, sizeof answer, doing))
        return READ_READER_DIED;
    return answer.done ? READ_PRESENT : (answer.no_data ? READ_NOT_IN_DUMP : READ_BAD_VALUE);
}

enum read_state capture_page(struct capture *capture, uint64_t pfn, const uint8_t **page) {
    struct kept *kept = look_up(capture, pfn);
    if (!kept->tag && capture->count == PAGES_KEPT) {
        drop_all(capture);
        kept = look_up(capture, pfn);
    }
    if (!kept->tag) {
        enum read_state state = ask(capture, pfn, capture->count);
        if (state)
            return state;
        *kept = (struct kept){.tag = pfn + 1, .slot = capture->count++};
    }
    *page = capture->pages + (size_t)kept->slot * IMAGE_PAGE_SIZE;
    return READ_PRESENT;
}

uint64_t capture_epoch(const struct capture *capture) {
    return capture->epoch;
}

const char *capture_fault(const struct capture *capture) {
    return capture->fault[0] ? capture->fault : NULL;
}
