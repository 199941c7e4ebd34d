/* process_job.c - `job` and `silo` of a process: what its EPROCESS leads to. */
#include "analyses/process_layers.h"
#include "base/memory.h"
#include "kernel/object.h"

/* Jobs nest, from Windows 8 on, no deeper than this by far. */
#define NESTING_MOST 64

void put_job_identity(struct analysis_context *context, json_t *json, uint64_t job) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    json_object_set_new(json, "address", json_address(context->target, job));
    enum read_state state = object_path(context_objects(context), job, &name);
    if (state != READ_PRESENT)
        put_unreadable(context, json, "name", state);
    else if (name.length)
        json_object_set_new(json, "name", json_string(name.data));
}

void put_server(struct analysis_context *context, json_t *json, uint64_t silo) {
    put_field(context, json, "server", silo, "_EJOB", "ServerSiloGlobals", VALUE_BOOLEAN);
}

/* A server silo is told by its globals. */
static enum read_state note_silo(const struct target *target, uint64_t job, struct silos *silos) {
    struct field_read is_silo = target_read_field(target, job, "_EJOB", "Silo");
    if (is_silo.absent || is_silo.state != READ_PRESENT || !is_silo.value)
        return is_silo.absent ? READ_PRESENT : is_silo.state;
    struct field_read globals = target_read_field(target, job, "_EJOB", "ServerSiloGlobals");
    if (!silos->innermost)
        silos->innermost = job;
    if (globals.state == READ_PRESENT && globals.value)
        silos->server = job;
    return globals.absent ? READ_PRESENT : globals.state;
}

enum read_state process_silos(const struct target *target, uint64_t process, struct silos *silos) {
    struct field_read job = target_read_field(target, process, "_EPROCESS", "Job");
    *silos = (struct silos){0};
    for (unsigned depth = 0; !job.absent && job.state == READ_PRESENT && job.value; depth++) {
        if (depth == NESTING_MOST)
            return READ_BAD_VALUE;
        enum read_state state = note_silo(target, job.value, silos);
        if (state != READ_PRESENT || silos->server)
            return state;
        job = target_read_field(target, job.value, "_EJOB", "ParentJob");
    }
    return job.absent ? READ_PRESENT : job.state;
}

static void put_silo(struct analysis_context *context, json_t *section, uint64_t process) {
    struct silos silos;
    enum read_state state = process_silos(context->target, process, &silos);
    if (state != READ_PRESENT) {
        put_unreadable(context, section, "silo", state);
        return;
    }
    if (silos.innermost) {
        json_t *json = json_object();
        put_job_identity(context, json, silos.innermost);
        put_server(context, json, silos.innermost);
        json_object_set_new(section, "silo", json);
    }
    if (silos.server) {
        json_t *json = json_object();
        put_job_identity(context, json, silos.server);
        json_object_set_new(section, "server_silo", json);
    }
}

void put_job(struct analysis_context *context, json_t *section, uint64_t process) {
    struct field_read job = target_read_field(context->target, process, "_EPROCESS", "Job");
    if (job.absent || (job.state == READ_PRESENT && !job.value))
        return;
    if (job.state != READ_PRESENT) {
        put_unreadable(context, section, "job", job.state);
        return;
    }
    json_t *json = json_object();
    put_job_identity(context, json, job.value);
    json_object_set_new(section, "job", json);
    put_silo(context, section, process);
}
