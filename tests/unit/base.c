/* base.c - tests of the base library: errors, text, whole files, the command line. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/address_set.h"
#include "base/cli.h"
#include "base/file.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "base/text.h"

static char folder[] = "/tmp/ntdrift-base-XXXXXX";

static char *path_of(const char *name) {
    return xasprintf("%s/%s", folder, name);
}

static void test_error_is_formatted_cut_and_prefixed(void **state) {
    (void)state;
    struct error err;
    assert_int_equal(fail(&err, STATUS_FORMAT, "expected %d, found %d", 1, 2), STATUS_FORMAT);
    assert_string_equal(err.message, "expected 1, found 2");
    assert_int_equal(fail_within(&err, "a.dmp"), STATUS_FORMAT);
    assert_string_equal(err.message, "a.dmp: expected 1, found 2");

    char longer[2 * sizeof err.message];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    fail(&err, STATUS_IO, "%s", longer);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(fail(NULL, STATUS_IO, "nobody listens"), STATUS_IO);
}

static void test_text_grows_and_is_taken(void **state) {
    (void)state;
    struct text text = TEXT_EMPTY;
    assert_string_equal(text.data, "");
    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%d,", i % 10);
    assert_int_equal(text.length, 2000);
    assert_int_equal(strlen(text.data), 2000);
    text_append(&text, "a\0b", 3);
    assert_int_equal(text.length, 2003);
    AUTO_FREE char *taken = text_take(&text);
    assert_memory_equal(taken + 2000, "a\0b", 4);
    assert_int_equal(text.length, 0);
    AUTO_FREE char *nothing = text_take(&text);
    assert_string_equal(nothing, "");
    text_deinit(&text);
}

static void test_file_appears_complete(void **state) {
    (void)state;
    AUTO_FREE char *path = path_of("out.json");
    struct error err;
    assert_int_equal(file_write(&err, path, "one", 3), STATUS_OK);
    assert_int_equal(file_write(&err, path, "three", 5), STATUS_OK);
    struct text content;
    assert_int_equal(file_read(&err, path, 100, &content), STATUS_OK);
    assert_string_equal(content.data, "three");
    text_deinit(&content);
    assert_int_equal(file_read(&err, path, 4, &content), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "at most 4 bytes"));

    AUTO_FREE char *nowhere = path_of("no/such/folder.json");
    assert_int_equal(file_write(&err, nowhere, "x", 1), STATUS_NOT_FOUND);
    AUTO_FREE char *listing = xasprintf("ls %s | wc -l", folder);
    FILE *pipe = popen(listing, "r");
    int files = 0;
    assert_int_equal(fscanf(pipe, "%d", &files), 1);
    pclose(pipe);
    assert_int_equal(files, 1); /* no temporary file is left */
}

static void test_mapping_refuses_what_is_no_file(void **state) {
    (void)state;
    struct error err;
    struct mapping mapping;
    assert_int_equal(mapping_open(&err, folder, &mapping), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "found a directory"));

    AUTO_FREE char *pipe = path_of("pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(mapping_open(&err, pipe, &mapping), STATUS_FORMAT); /* and does not hang */
    assert_non_null(strstr(err.message, "found a pipe"));
    unlink(pipe);

    AUTO_FREE char *missing = path_of("missing");
    assert_int_equal(mapping_open(&err, missing, &mapping), STATUS_NOT_FOUND);

    AUTO_FREE char *empty = path_of("empty");
    assert_int_equal(file_write(&err, empty, "", 0), STATUS_OK);
    assert_int_equal(mapping_open(&err, empty, &mapping), STATUS_OK);
    assert_null(mapping.data);
    mapping_close(&mapping);
    unlink(empty);
}

/* The part of a page behind the end of a file reads as zeros; pages behind it end the program. */
static void test_a_file_that_gets_shorter_while_it_is_mapped(void **state) {
    (void)state;
    struct error err;
    struct mapping mapping;
    AUTO_FREE char *path = path_of("shrinking");
    AUTO_FREE char *content = xcalloc(1, 0x3000);
    assert_int_equal(file_write(&err, path, content, 0x3000), STATUS_OK);
    assert_int_equal(mapping_open(&err, path, &mapping), STATUS_OK);
    assert_int_equal(mapping_check(&err, &mapping), STATUS_OK);
    assert_int_equal(truncate(path, 0x1800), 0);
    assert_int_equal(mapping_check(&err, &mapping), STATUS_IO);
    assert_non_null(strstr(err.message, "was shortened while it was read (expected 12288 bytes)"));

    int lines[2], result;
    assert_int_equal(pipe(lines), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(lines[1], STDERR_FILENO);
        _exit(*(volatile const uint8_t *)(mapping.data + 0x2000) ? 3 : 4);
    }
    close(lines[1]);
    char line[4096] = {0};
    assert_true(read(lines[0], line, sizeof line - 1) > 0);
    close(lines[0]);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == EXIT_TROUBLE);
    assert_non_null(strstr(line, "shrinking: was shortened while it was read (expected 12288"));
    mapping_close(&mapping);
    unlink(path);
}

/* A fault of memory that is nobody's file is not hidden. */
static void test_other_bus_errors_stay(void **state) {
    (void)state;
    int result;
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGBUS, SIG_DFL);
        struct mapping mapping;
        AUTO_FREE char *path = path_of("other");
        file_write(NULL, path, "x", 1);
        mapping_open(NULL, path, &mapping);
        int file = open(path, O_RDONLY);
        const uint8_t *other = mmap(NULL, 0x2000, PROT_READ, MAP_PRIVATE, file, 0);
        _exit(*(volatile const uint8_t *)(other + 0x1000) ? 3 : 4);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGBUS);
}

/* ---- the command line ---- */

static struct cli_list seen_paths;
static const char *seen_output;
static bool seen_flag;
static size_t seen_operands;

static int run_example(const struct cli_call *call) {
    seen_operands = call->operand_count;
    return EXIT_DIFFERENT;
}

static const struct cli_option example_options[] = {
    {'o', "output", "FILE", "where to", CLI_STRING, &seen_output},
    {0, "symbols", "PATH", "symbols", CLI_LIST, &seen_paths},
    {0, "strict", NULL, "a flag", CLI_FLAG, &seen_flag},
    {0},
};

static const struct cli_command example_commands[] = {
    {"profile make", "A [B]", "An example.", NULL, example_options, 1, 2, run_example},
    {0},
};

static const struct cli_schema example_schemas[] = {{"one", "{}\n"}, {"two", "{}\n"}, {0}};

static const struct cli_program example = {"example", "An example.", example_commands,
                                           example_schemas};

static int run_words(const char *words) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", words);
    char *argv[32];
    int argc = 0;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    seen_output = NULL;
    seen_flag = false;
    cli_list_deinit(&seen_paths);
    return cli_main(&example, argc, argv);
}

static void test_options_are_read(void **state) {
    (void)state;
    assert_int_equal(
        run_words("example profile make a --symbols one -o x --symbols=two b --strict"),
        EXIT_DIFFERENT);
    assert_int_equal(seen_operands, 2);
    assert_int_equal(seen_paths.count, 2);
    assert_true(seen_flag);
    assert_int_equal(run_words("example profile make -- --strict"), EXIT_DIFFERENT);
    assert_false(seen_flag);
    assert_int_equal(run_words("example profile make -"), EXIT_DIFFERENT);
    assert_int_equal(run_words("example profile make --help"), EXIT_DONE);
    assert_int_equal(run_words("example --schema"), EXIT_DONE);
    assert_int_equal(run_words("example --schema two"), EXIT_DONE);
    cli_list_deinit(&seen_paths);
}

static void test_wrong_usage_is_trouble(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "example",
        "example profile",
        "example profile make",
        "example profile make a b c",
        "example profile make a --nothing",
        "example profile make a -o",
        "example profile make a --strict=yes",
        "example profilemake a",
        "example --schema three",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        assert_int_equal(run_words(wrong[i]), EXIT_TROUBLE);
    cli_list_deinit(&seen_paths);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    AUTO_FREE char *command = xasprintf("rm -r %s", folder);
    return system(command);
}

static void test_addresses_are_met_once(void **state) {
    (void)state;
    struct address_set set = {0};
    for (uint64_t i = 1; i <= 5000; i++)
        assert_true(address_set_add(&set, 0xffffe00000000000 + i * 0x10));
    for (uint64_t i = 1; i <= 5000; i++)
        assert_false(address_set_add(&set, 0xffffe00000000000 + i * 0x10));
    assert_false(address_set_add(&set, 0));
    assert_int_equal(set.count, 5000);
    assert_true(address_set_has(&set, 0xffffe00000000010));
    assert_false(address_set_has(&set, 0xffffe00000000008));
    assert_false(address_set_has(&set, 0));
    address_set_deinit(&set);
}

/* A multiplication alone sends all of these to one place: they are multiples of its inverse. */
static void test_addresses_that_were_chosen(void **state) {
    (void)state;
    enum { ADDRESSES = 4096, PLACES = 8192 };
    const uint64_t factor = 0x9e3779b97f4a7c15;
    uint64_t inverse = factor;
    for (unsigned i = 0; i < 6; i++) /* Newton: each step doubles the bits that are right */
        inverse *= 2 - factor * inverse;
    assert_true(inverse * factor == 1);
    bool taken[PLACES] = {false};
    size_t places = 0;
    for (uint64_t i = 1; i <= ADDRESSES; i++) {
        size_t place = address_hash(inverse * (i << 44)) % PLACES;
        places += !taken[place];
        taken[place] = true;
    }
    assert_true(places > ADDRESSES / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_is_formatted_cut_and_prefixed),
        cmocka_unit_test(test_text_grows_and_is_taken),
        cmocka_unit_test(test_file_appears_complete),
        cmocka_unit_test(test_mapping_refuses_what_is_no_file),
        cmocka_unit_test(test_other_bus_errors_stay),
        cmocka_unit_test(test_a_file_that_gets_shorter_while_it_is_mapped),
        cmocka_unit_test(test_addresses_are_met_once),
        cmocka_unit_test(test_addresses_that_were_chosen),
        cmocka_unit_test(test_options_are_read),
        cmocka_unit_test(test_wrong_usage_is_trouble),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
