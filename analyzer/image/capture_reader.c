/*
 * capture_reader.c - the process that has libkdumpfile.
 *
 * It reads machine physical addresses only: kernel physical ones have no translation without an
 * operating system that libkdumpfile knows, and virtual ones are taken for physical in ELF files.
 * The context is never freed: in 0.5.1 that writes into freed memory.
 */
#include "image/capture_reader.h"

#include <fcntl.h>
#include <libkdumpfile/kdumpfile.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "image/image.h"

/* Dying is what this process may do: silently, and at once. */
static void prepare(pid_t parent) {
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    for (size_t i = 0; i < ARRAY_LENGTH(deadly); i++)
        signal(deadly[i], SIG_DFL);
    signal(SIGINT, SIG_IGN); /* the parent's to answer */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    int nothing = open("/dev/null", O_RDWR);
    for (int standard = STDIN_FILENO; nothing >= 0 && standard <= STDERR_FILENO; standard++)
        dup2(nothing, standard);
}

static kdump_status open_files(kdump_ctx_t *context, const int *descriptors, size_t count) {
    return count == 1 ? kdump_open_fd(context, descriptors[0])
                      : kdump_open_fdset(context, (unsigned)count, descriptors);
}

static kdump_ctx_t *open_file(int channel, const int *descriptors, size_t count) {
    struct capture_opened opened = {0};
    kdump_ctx_t *context = kdump_new();
    kdump_status status = context ? open_files(context, descriptors, count) : KDUMP_ERR_SYSTEM;
    opened.done = status == KDUMP_OK;
    if (!opened.done)
        snprintf(opened.message, sizeof opened.message, "%s",
                 context ? kdump_get_err(context) : "no context");
    if (send(channel, &opened, sizeof opened, MSG_NOSIGNAL) != sizeof opened || !opened.done)
        _exit(EXIT_FAILURE);
    return context;
}

_Noreturn void capture_reader_run(pid_t parent, int channel, const int *descriptors, size_t count,
                                  uint8_t *pages) {
    prepare(parent);
    kdump_ctx_t *context = open_file(channel, descriptors, count);
    struct capture_request request;
    while (recv(channel, &request, sizeof request, 0) == sizeof request) {
        size_t length = IMAGE_PAGE_SIZE;
        kdump_status status =
            kdump_read(context, KDUMP_MACHPHYSADDR, request.pfn << IMAGE_PAGE_SHIFT,
                       pages + (size_t)request.slot * IMAGE_PAGE_SIZE, &length);
        struct capture_answer answer = {.done = status == KDUMP_OK && length == IMAGE_PAGE_SIZE,
                                        .no_data = status == KDUMP_ERR_NODATA};
        if (send(channel, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer)
            break;
    }
    _exit(EXIT_SUCCESS);
}
