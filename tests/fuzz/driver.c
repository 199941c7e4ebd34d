/*
 * driver.c - runs a libFuzzer target without libFuzzer: over the files it is given (or the files of
 * a folder), and over mutations of each that are the same on every run.
 *
 *     fuzz-NAME [-n MUTATIONS] [-s SEED] [-m MUTATION] FILE|FOLDER...
 *
 * What it looks for is a crash or a sanitizer's report; whatever the target returns is fine. Before
 * the program dies it names the file and the mutation, and -m runs that one alone.
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEFAULT_MUTATIONS = 1000, CHANGES_MOST = 8 };

/* Values at which sizes and offsets break. */
static const uint64_t edges[] = {
    0,
    1,
    2,
    7,
    8,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xfff,
    0x1000,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xfffffff8,
    0xffffffff,
    0x100000000,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xfffffffffffff000,
    0xfffffffffffffff8,
    0xffffffffffffffff,
};

struct input {
    uint8_t *bytes;
    size_t size;
};

/* splitmix64: public domain, S. Vigna. */
static uint64_t next_random(uint64_t *state) {
    uint64_t value = *state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static size_t below(uint64_t *state, size_t limit) {
    return limit ? next_random(state) % limit : 0;
}

/* Headers are where the damage is done: half of the places are among the first bytes. */
static size_t place(uint64_t *state, size_t size) {
    size_t near = size < 512 ? size : 512;
    return below(state, next_random(state) & 1 ? near : size);
}

static void flip_bit(struct input *input, uint64_t *state) {
    input->bytes[place(state, input->size)] ^= (uint8_t)(1u << below(state, 8));
}

static void set_byte(struct input *input, uint64_t *state) {
    input->bytes[place(state, input->size)] = (uint8_t)next_random(state);
}

static void set_edge(struct input *input, uint64_t *state) {
    uint64_t value = edges[below(state, sizeof edges / sizeof *edges)];
    size_t width = (size_t)1 << below(state, 4);
    size_t at = place(state, input->size) / width * width;
    size_t length = input->size - at < width ? input->size - at : width;
    memcpy(input->bytes + at, &value, length);
}

static void copy_block(struct input *input, uint64_t *state) {
    size_t from = place(state, input->size);
    size_t to = place(state, input->size);
    size_t most = input->size - (from > to ? from : to);
    memmove(input->bytes + to, input->bytes + from, below(state, (most < 256 ? most : 256) + 1));
}

static void cut(struct input *input, uint64_t *state) {
    input->size = 1 + place(state, input->size);
}

static void (*const changes[])(struct input *input, uint64_t *state) = {
    flip_bit, set_byte, set_edge, set_edge, copy_block, cut,
};

/* What is being run, for the message of a crash. */
static const char *current_file = "";
static uint64_t current_mutation;

static void report(void) {
    char line[512];
    int length = snprintf(line, sizeof line, "fuzz: died of %s, mutation %" PRIu64 "\n",
                          current_file, current_mutation);
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        _exit(2);
}

static void report_signal(int number) {
    report();
    signal(number, SIG_DFL);
    raise(number);
}

/* <sanitizer/common_interface_defs.h>; there only in programs built with a sanitizer, which handles
 * the signals itself and says more about them. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void watch(void) {
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(report);
        return;
    }
    const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t index = 0; index < sizeof deadly / sizeof *deadly; index++)
        signal(deadly[index], report_signal);
}

/* A copy of exactly the input's size, so that a sanitizer sees a read behind it. */
static void run(const struct input *input) {
    uint8_t *copy = malloc(input->size ? input->size : 1);
    if (!copy)
        abort();
    if (input->size)
        memcpy(copy, input->bytes, input->size);
    LLVMFuzzerTestOneInput(copy, input->size);
    free(copy);
}

struct settings {
    uint64_t seed;
    uint64_t first; /* mutation; 0 is the file as it is */
    uint64_t last;
};

/* `bytes` has room for the original. */
static void run_mutation(const struct input *original, uint8_t *bytes, uint64_t state) {
    struct input input = {bytes, original->size};
    memcpy(bytes, original->bytes, original->size);
    for (size_t left = 1 + below(&state, CHANGES_MOST); left; left--)
        changes[below(&state, sizeof changes / sizeof *changes)](&input, &state);
    run(&input);
}

static void run_mutations(const struct input *original, const struct settings *settings) {
    uint8_t *bytes = malloc(original->size ? original->size : 1);
    if (!bytes)
        abort();
    for (uint64_t number = settings->first; number <= settings->last; number++) {
        current_mutation = number;
        if (number == 0 || original->size == 0)
            run(original);
        else
            run_mutation(original, bytes, settings->seed ^ (number * 0x9e3779b97f4a7c15));
    }
    free(bytes);
}

static bool read_all(const char *path, struct input *input) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    bool good = fseek(file, 0, SEEK_END) == 0;
    long size = good ? ftell(file) : -1;
    rewind(file);
    input->size = size > 0 ? (size_t)size : 0;
    input->bytes = malloc(input->size ? input->size : 1);
    good = size >= 0 && input->bytes && fread(input->bytes, 1, input->size, file) == input->size;
    fclose(file);
    if (!good)
        free(input->bytes);
    return good;
}

static int fuzz_file(const char *path, const struct settings *settings) {
    struct input input;
    if (!read_all(path, &input)) {
        fprintf(stderr, "fuzz: cannot read %s\n", path);
        return 2;
    }
    current_file = path;
    run_mutations(&input, settings);
    free(input.bytes);
    return 0;
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* The files of a folder by name, so that every run is alike. */
static int fuzz_folder(const char *path, const struct settings *settings) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, alphasort);
    int worst = count < 0 ? 2 : 0;
    for (int index = 0; index < count; index++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[index]->d_name);
        int status = fuzz_file(file, settings);
        worst = status > worst ? status : worst;
        free(entries[index]);
    }
    free(entries);
    return worst;
}

static int fuzz_path(const char *path, const struct settings *settings) {
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return fuzz_folder(path, settings);
    return fuzz_file(path, settings);
}

static bool read_options(int argc, char **argv, struct settings *settings) {
    for (int option; (option = getopt(argc, argv, "n:s:m:")) != -1;) {
        if (option == '?')
            return false;
        uint64_t value = strtoull(optarg, NULL, 0);
        if (option == 's')
            settings->seed = value;
        else
            settings->last = value;
        if (option == 'm')
            settings->first = value;
    }
    return optind < argc;
}

int main(int argc, char **argv) {
    struct settings settings = {.seed = 1, .first = 0, .last = DEFAULT_MUTATIONS};
    if (!read_options(argc, argv, &settings)) {
        fprintf(stderr, "usage: %s [-n MUTATIONS] [-s SEED] [-m MUTATION] FILE|FOLDER...\n",
                argv[0]);
        return 2;
    }
    watch();
    int worst = 0;
    for (int index = optind; index < argc; index++) {
        int status = fuzz_path(argv[index], &settings);
        worst = status > worst ? status : worst;
    }
    return worst;
}
