/*
 * main.c - forge SCENARIO.json -o DUMP [--profiles FOLDER] [--facts FILE] [--isf FOLDER]: writes
 * the dump of the machine that a scenario describes, what was put into it, and symbol files.
 *
 * The forge is written from public documents, and shares no code with the analyzer, so that a
 * misunderstanding in the analyzer shows.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isf.h"
#include "machine.h"
#include "objects.h"
#include "services.h"
#include "user_images.h"
#include "util.h"

static const char usage[] =
    "usage: forge SCENARIO.json -o DUMP [--profiles FOLDER] [--facts FILE] [--isf FOLDER]\n";

struct options {
    const char *scenario, *dump, *profiles, *facts, *isf;
};

static struct options parse_options(int argc, char **argv) {
    static const struct option names[] = {
        {"output", required_argument, NULL, 'o'}, {"profiles", required_argument, NULL, 'p'},
        {"facts", required_argument, NULL, 'f'},  {"isf", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    struct options options = {.profiles = "analyzer/profiles"};
    for (int option; (option = getopt_long(argc, argv, "o:", names, NULL)) != -1;) {
        if (option == 'o')
            options.dump = optarg;
        else if (option == 'p')
            options.profiles = optarg;
        else if (option == 'f')
            options.facts = optarg;
        else if (option == 's')
            options.isf = optarg;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (optind + 1 != argc || !options.dump) {
        fputs(usage, stderr);
        exit(2);
    }
    options.scenario = argv[optind];
    return options;
}

static uint64_t last_run_end(const json_t *dump) {
    const json_t *runs = array(dump, "runs");
    const json_t *last = json_array_get(runs, json_array_size(runs) - 1);
    return number_of(json_array_get(last, 0), "runs") + number_of(json_array_get(last, 1), "runs");
}

/* Frames that stay out of the dump lie behind the last run of a full dump, at the end of the frames
 * that another has. */
static void open_memory(struct machine *machine) {
    enum { FRAMES_LEFT_OUT = 0x1000 };
    const json_t *dump = json_object_get(machine->scenario, "dump");
    bool is_ranged = machine->dump_type >= 8;
    uint64_t limit = has_all_runs(machine) ? last_run_end(dump) + FRAMES_LEFT_OUT
                                           : number(dump, is_ranged ? "frames" : "bitmap_size");
    enum page_tables tables = machine->la57 ? TABLES_LA57 : TABLES_X64;
    if (machine->pointer_size == 4)
        tables = machine->pae ? TABLES_PAE : TABLES_X86;
    /* The page tables of x86 lie at 0xc0000000. */
    uint64_t self = number_or(dump, "self_map_index", machine->pointer_size == 8 ? 0x1ed : 0x300);
    memory_init(&machine->memory, tables, limit, machine->directory_table_base >> PAGE_SHIFT,
                (unsigned)self, number(dump, "first_frame"), limit - FRAMES_LEFT_OUT);
}

static void open_pools(struct machine *machine) {
    const json_t *pools = json_object_get(machine->scenario, "pools");
    machine->nonpaged = (struct pool){number(pools, "nonpaged"), PAGE_DATA};
    machine->paged = (struct pool){number(pools, "paged"), PAGE_TRANSITION};
    machine->stacks = (struct pool){number(pools, "stacks"), PAGE_DATA};
    machine->strings = machine->paged;
    const json_t *huge = json_object_get(machine->scenario, "huge_page");
    if (huge) {
        machine->strings.next = number(huge, "address") + 0x345000;
        memory_map_large(&machine->memory, number(huge, "address"),
                         number(huge, "physical") >> PAGE_SHIFT, 3);
    } else {
        machine->strings.next += 0x10000000;
    }
}

static void open_machine(struct machine *machine, const struct options *options) {
    json_error_t error;
    machine->scenario = json_load_file(options->scenario, JSON_REJECT_DUPLICATES, &error);
    if (!machine->scenario)
        die("%s: %s (line %d)", options->scenario, error.text, error.line);
    const char *slash = strrchr(options->scenario, '/');
    snprintf(machine->folder, sizeof machine->folder, "%.*s",
             slash ? (int)(slash - options->scenario) : 1, slash ? options->scenario : ".");
    const json_t *system = json_object_get(machine->scenario, "system");
    machine->layout = layout_open(options->profiles, string(machine->scenario, "layout"));
    machine->pointer_size = layout_pointer_size(machine->layout);
    machine->facts = json_object();
    machine->globals = json_object();
    machine->symbols = json_object();
    machine->build = number(system, "build");
    machine->system_time = time_of(string(system, "system_time"));
    machine->uptime = duration_of(string(system, "uptime"));
    machine->dump_type = (unsigned)number(json_object_get(machine->scenario, "dump"), "type");
    machine->directory_table_base =
        number(json_object_get(machine->scenario, "header"), "DirectoryTableBase");
    machine->pae = number_or(json_object_get(machine->scenario, "header"), "PaeEnabled", 0) != 0;
    machine->la57 =
        number_or(json_object_get(machine->scenario, "dump"), "page_table_levels", 4) == 5;
    machine->next_thread_id = 8;
    open_memory(machine);
    open_pools(machine);
}

/* The kernel's part of every address space, and tables of regions that hold nothing here. */
static void finish_spaces(struct machine *machine) {
    static const uint64_t regions[] = {0xfffff70000000000, 0xfffff90000000000, 0xfffff98000000000,
                                       0xffffff8000000000};
    bool wide = machine->pointer_size == 8;
    for (size_t i = 0; wide && i < sizeof regions / sizeof *regions; i++)
        if (!memory_is_mapped(&machine->memory, regions[i]))
            memory_map_table(&machine->memory, regions[i]);
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *process = &machine->processes[i];
        if (process->root == machine->memory.root)
            continue;
        memory_share_kernel(&machine->memory, process->root);
        if (machine->win32k && process->session < 0)
            memory_forget(&machine->memory, process->root, machine->win32k);
    }
    if (machine->win32k)
        memory_forget(&machine->memory, machine->memory.root, machine->win32k);
}

static void close_machine(struct machine *machine) {
    for (size_t i = 0; i < machine->process_count; i++)
        free(machine->processes[i].thread_addresses);
    free(machine->processes);
    free(machine->sessions);
    memory_deinit(&machine->memory);
    layout_close(machine->layout);
    json_decref(machine->facts);
    json_decref(machine->globals);
    json_decref(machine->symbols);
    json_decref(machine->keys);
    free(machine->export_names);
    close_user_images(machine);
    close_services(machine);
    json_decref(machine->scenario);
}

int main(int argc, char **argv) {
    struct options options = parse_options(argc, argv);
    struct machine machine = {0};
    open_machine(&machine, &options);
    forge_kernel(&machine);
    forge_shared_page(&machine);
    open_user_images(&machine);
    forge_modules(&machine);
    forge_services(&machine);
    forge_object_types(&machine);
    forge_processes(&machine);
    forge_directories(&machine);
    name_object_types(&machine);
    forge_namespaces(&machine);
    forge_jobs(&machine);
    forge_alpc(&machine);
    forge_tokens(&machine);
    forge_handles(&machine);
    forge_processors(&machine);
    forge_queues(&machine);
    forge_planted(&machine);
    finish_object_types(&machine);
    forge_kdbg(&machine);
    forge_user_pages(&machine);
    note_processes(&machine);
    forge_oddities(&machine);
    finish_spaces(&machine);
    memory_check_claims(&machine.memory);
    write_dump(&machine, options.dump);
    json_object_set(machine.facts, "globals", machine.globals);
    if (options.facts &&
        json_dump_file(machine.facts, options.facts, JSON_INDENT(1) | JSON_SORT_KEYS) != 0)
        die("%s cannot be written", options.facts);
    if (options.isf)
        write_symbol_files(&machine, options.isf);
    close_machine(&machine);
    return 0;
}
