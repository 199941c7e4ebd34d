/*
 * cli.h - the command line: a program is a table of commands, a command a table of options.
 * `--help`, `--version` and `--quiet` are there for every command and need no entry; `--schema [NAME]`
 * in place of a command prints a JSON Schema.
 *
 * Results go to standard output, messages to standard error, one line each: "PROGRAM: message".
 */
#ifndef NTDRIFT_BASE_CLI_H
#define NTDRIFT_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_DIFFERENT = 1,
    EXIT_TROUBLE = 2,
    EXIT_INCONCLUSIVE = 3,
};

/* The values that a repeatable option was given, in order; the strings belong to argv. */
struct cli_list {
    const char **items;
    size_t count;
    size_t capacity;
};

/* Values of several options in the order they were given, each with its option's letter. */
struct cli_given {
    char letter;
    const char *value;
};

struct cli_sequence {
    struct cli_given *items;
    size_t count;
    size_t capacity;
};

enum cli_kind { CLI_FLAG, CLI_STRING, CLI_LIST, CLI_SEQUENCE };

struct cli_option {
    char letter;          /* 0 where there is no short form */
    const char *name;     /* without the dashes; NULL ends a table */
    const char *argument; /* what help calls its value; NULL for a flag */
    const char *help;
    enum cli_kind kind;
    void *value; /* bool *, const char **, struct cli_list * or struct cli_sequence * */
};

/* What is left of the command line: the operands, and how the program was called. */
struct cli_call {
    const char *program;
    const char *command;
    const char **operands;
    size_t operand_count;
    bool quiet;
};

struct cli_command {
    const char *name; /* "diff"; a nested one has a space: "profile make". NULL ends a table */
    const char *synopsis;
    const char *summary;
    const char *details;              /* more lines of help, or NULL */
    const struct cli_option *options; /* or NULL */
    size_t operands_least;
    size_t operands_most;
    int (*run)(const struct cli_call *call); /* gives the exit code */
};

/* The JSON Schema of a kind of file that the program reads or writes. */
struct cli_schema {
    const char *name; /* "snapshot"; NULL ends a table */
    const char *json;
};

/* Those of this program, made by CMake. */
extern const struct cli_schema cli_schemas[];

struct cli_program {
    const char *name;
    const char *summary;
    const struct cli_command *commands;
    const struct cli_schema *schemas;
};

/* Finds the command, reads its options, runs it. Gives the exit code; wrong usage is 2. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* Prints "PROGRAM: message" on standard error; returns EXIT_TROUBLE. */
int cli_fail(const struct cli_call *call, const struct error *err);

/* A remark that is no error, on standard error; nothing under --quiet. */
void cli_note(const struct cli_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void cli_list_deinit(struct cli_list *list);
void cli_sequence_deinit(struct cli_sequence *sequence);

/* Colour is for a terminal, and never where NO_COLOR is set (https://no-color.org). */
bool cli_colour(int descriptor);

#endif
