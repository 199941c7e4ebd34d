/* cli.c - finding the command, reading its options, help. */
#include "base/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"

static bool quiet;

static const struct cli_option common[] = {
    {'h', "help", NULL, "print this help", CLI_FLAG, NULL},
    {'q', "quiet", NULL, "no remarks on standard error, only errors", CLI_FLAG, &quiet},
    {0},
};

/* ---- help ---- */

static void print_options(const struct cli_option *option) {
    for (; option && option->name; option++) {
        char left[64];
        snprintf(left, sizeof left, "%c%c%s --%s%s%s", option->letter ? '-' : ' ',
                 option->letter ? option->letter : ' ', option->letter ? "," : " ", option->name,
                 option->argument ? " " : "", option->argument ? option->argument : "");
        printf("  %-28s %s\n", left, option->help);
    }
}

static int print_command_help(const struct cli_program *program,
                              const struct cli_command *command) {
    printf("usage: %s %s %s\n\n%s\n", program->name, command->name, command->synopsis,
           command->summary);
    if (command->details)
        printf("\n%s\n", command->details);
    printf("\noptions:\n");
    print_options(command->options);
    print_options(common);
    return EXIT_DONE;
}

static int print_program_help(const struct cli_program *program) {
    printf("usage: %s COMMAND [OPTION]... [OPERAND]...\n\n%s\n\ncommands:\n", program->name,
           program->summary);
    for (const struct cli_command *command = program->commands; command->name; command++)
        printf("  %-16s %s\n", command->name, command->summary);
    printf("\n%s COMMAND --help tells more of a command; %s --version prints the version.\n",
           program->name, program->name);
    printf("%s --schema [NAME] prints the JSON Schema of a kind of file:", program->name);
    for (const struct cli_schema *schema = program->schemas; schema->name; schema++)
        printf(" %s", schema->name);
    printf(".\n");
    return EXIT_DONE;
}

/* ---- messages ---- */

int cli_fail(const struct cli_call *call, const struct error *err) {
    fprintf(stderr, "%s: %s\n", call->program, err->message);
    return EXIT_TROUBLE;
}

void cli_note(const struct cli_call *call, const char *format, ...) {
    if (call->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", call->program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void cli_list_deinit(struct cli_list *list) {
    free(list->items);
    *list = (struct cli_list){0};
}

void cli_sequence_deinit(struct cli_sequence *sequence) {
    free(sequence->items);
    *sequence = (struct cli_sequence){0};
}

bool cli_colour(int descriptor) {
    const char *refused = getenv("NO_COLOR");
    return isatty(descriptor) && !(refused && *refused);
}

/* ---- parsing ---- */

/* How many words of argv the command's name takes ("profile make": 2), or 0. */
static size_t words_matched(const struct cli_command *command, int argc, char **argv) {
    const char *name = command->name;
    for (size_t words = 0;; words++) {
        size_t length = strcspn(name, " ");
        if ((int)words + 1 >= argc || strlen(argv[words + 1]) != length ||
            memcmp(argv[words + 1], name, length) != 0)
            return 0;
        if (!name[length])
            return words + 1;
        name += length + 1;
    }
}

static const struct cli_option *find_option(const struct cli_option *option, const char *name,
                                            size_t length, char letter) {
    for (; option && option->name; option++)
        if (letter ? option->letter == letter
                   : strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

static void store(const struct cli_option *option, const char *value) {
    if (option->kind == CLI_FLAG) {
        *(bool *)option->value = true;
    } else if (option->kind == CLI_STRING) {
        *(const char **)option->value = value;
    } else if (option->kind == CLI_LIST) {
        struct cli_list *list = option->value;
        ARRAY_RESERVE(list->items, list->count, list->capacity);
        list->items[list->count++] = value;
    } else {
        struct cli_sequence *sequence = option->value;
        ARRAY_RESERVE(sequence->items, sequence->count, sequence->capacity);
        sequence->items[sequence->count++] = (struct cli_given){option->letter, value};
    }
}

/* Reads the option at argv[*index], and its value, and moves *index past them. */
static enum status read_option(struct error *err, const struct cli_command *command, int argc,
                               char **argv, int *index, bool *help) {
    const char *word = argv[(*index)++];
    bool is_long = word[1] == '-';
    const char *name = word + 2;
    size_t length = is_long ? strcspn(name, "=") : 0;
    const char *value =
        is_long ? (name[length] ? name + length + 1 : NULL) : (word[2] ? word + 2 : NULL);
    char letter = is_long ? '\0' : word[1];
    const struct cli_option *option = find_option(command->options, name, length, letter);
    if (!option)
        option = find_option(common, name, length, letter);
    if (!option)
        return fail(err, STATUS_USAGE, "%s: no such option: %s (see %s --help)", command->name,
                    word, command->name);
    if (option->kind == CLI_FLAG && value)
        return fail(err, STATUS_USAGE, "%s: --%s takes no value", command->name, option->name);
    if (option->kind != CLI_FLAG && !value && *index < argc)
        value = argv[(*index)++];
    if (option->kind != CLI_FLAG && !value)
        return fail(err, STATUS_USAGE, "%s: --%s wants %s", command->name, option->name,
                    option->argument);
    if (option->value)
        store(option, value);
    else
        *help = true;
    return STATUS_OK;
}

static enum status read_words(struct error *err, const struct cli_command *command, int argc,
                              char **argv, int index, struct cli_call *call, bool *help) {
    bool only_operands = false;
    while (index < argc) {
        const char *word = argv[index];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
            index++;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            enum status status = read_option(err, command, argc, argv, &index, help);
            if (status)
                return status;
        } else {
            call->operands[call->operand_count++] = word;
            index++;
        }
    }
    if (!*help && (call->operand_count < command->operands_least ||
                   call->operand_count > command->operands_most))
        return fail(err, STATUS_USAGE, "usage: %s %s %s", call->program, command->name,
                    command->synopsis);
    return STATUS_OK;
}

/* The exit code, once all that was printed has been written. */
static int finish_output(const struct cli_call *call, int code) {
    struct error err;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fail(&err, STATUS_IO, "standard output: cannot write");
    return cli_fail(call, &err);
}

static int run_command(const struct cli_program *program, const struct cli_command *command,
                       size_t words, int argc, char **argv) {
    AUTO_FREE const char **operands = xcalloc((size_t)argc, sizeof *operands);
    struct cli_call call = {
        .program = program->name, .command = command->name, .operands = operands};
    struct error err;
    bool help = false;
    if (read_words(&err, command, argc, argv, (int)words + 1, &call, &help))
        return cli_fail(&call, &err);
    if (help)
        return print_command_help(program, command);
    call.quiet = quiet;
    return finish_output(&call, command->run(&call));
}

static bool is_word(const char *word, const char *one, const char *other) {
    return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

/* ---- groups: "profile" of "profile make" and "profile list" ---- */

/* What follows the group's name in the command's, or NULL. */
static const char *name_in_group(const struct cli_command *command, const char *group) {
    size_t length = strlen(group);
    bool inside = strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
    return inside ? command->name + length + 1 : NULL;
}

static bool is_group(const struct cli_program *program, const char *name) {
    for (const struct cli_command *command = program->commands; command->name; command++)
        if (name_in_group(command, name))
            return true;
    return false;
}

static int print_group_help(const struct cli_program *program, const char *group) {
    printf("usage: %s %s COMMAND [OPTION]... [OPERAND]...\n\ncommands:\n", program->name, group);
    for (const struct cli_command *command = program->commands; command->name; command++)
        if (name_in_group(command, group))
            printf("  %-16s %s\n", name_in_group(command, group), command->summary);
    return EXIT_DONE;
}

static int run_group(const struct cli_program *program, const struct cli_call *call, int argc,
                     char **argv) {
    if (argc > 2 && is_word(argv[2], "--help", "-h"))
        return print_group_help(program, argv[1]);
    struct error err;
    fail(&err, STATUS_USAGE, "%s: expected one of its commands, found %s (see %s %s --help)",
         argv[1], argc > 2 ? argv[2] : "none", program->name, argv[1]);
    return cli_fail(call, &err);
}

/* ---- schemas ---- */

/* The first one where no name is given. */
static int print_schema(const struct cli_program *program, const struct cli_call *call,
                        const char *name) {
    struct text names AUTO(text_deinit) = TEXT_EMPTY;
    for (const struct cli_schema *schema = program->schemas; schema->name; schema++) {
        if (!name || strcmp(schema->name, name) == 0) {
            fputs(schema->json, stdout);
            return finish_output(call, EXIT_DONE);
        }
        text_printf(&names, "%s%s", names.length ? ", " : "", schema->name);
    }
    struct error err;
    fail(&err, STATUS_USAGE, "--schema: expected one of %s, found %s", names.data, name);
    return cli_fail(call, &err);
}

int cli_main(const struct cli_program *program, int argc, char **argv) {
    struct error err;
    struct cli_call call = {.program = program->name};
    if (argc < 2) {
        fail(&err, STATUS_USAGE, "a command is wanted (see %s --help)", program->name);
        return cli_fail(&call, &err);
    }
    if (is_word(argv[1], "--help", "-h") || strcmp(argv[1], "help") == 0)
        return print_program_help(program);
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program->name, NTDRIFT_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--schema") == 0)
        return print_schema(program, &call, argv[2]);
    for (const struct cli_command *command = program->commands; command->name; command++) {
        size_t words = words_matched(command, argc, argv);
        if (words)
            return run_command(program, command, words, argc, argv);
    }
    if (is_group(program, argv[1]))
        return run_group(program, &call, argc, argv);
    fail(&err, STATUS_USAGE, "no such command: %s (see %s --help)", argv[1], program->name);
    return cli_fail(&call, &err);
}
