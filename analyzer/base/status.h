/*
 * status.h - the one error idiom of ntdrift.
 *
 * A function that can fail takes a `struct error *` first, gives back an `enum status`, and hands
 * out its result through its last parameter. On failure the message says what a user needs in one
 * line: the file, what is wrong, where (offset or address), what was expected and what was found.
 *
 * This is for things that stop the work. Memory that cannot be read is not among them: that is a
 * value (see image/read.h).
 */
#ifndef NTDRIFT_BASE_STATUS_H
#define NTDRIFT_BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_IO,          /* the system refused: open, read, write, rename */
    STATUS_FORMAT,      /* the bytes are not what their format promises */
    STATUS_UNSUPPORTED, /* a format that is known and not read (yet) */
    STATUS_NOT_FOUND,   /* no such file, type, symbol, profile */
    STATUS_NO_SYMBOLS,  /* none that belong to this dump */
    STATUS_USAGE,       /* the command line is off */
};

struct error {
    enum status status;
    char message[1024];
};

/* Fills `err` and returns `status`, so that a caller writes `return fail(err, ...)`. A message
 * that is too long is cut. `err` may be NULL where the caller wants the status alone. */
enum status fail(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " before the message of `err`; returns its status. For a layer that knows the
 * file's name, above one that does not. */
enum status fail_within(struct error *err, const char *context);

#endif
