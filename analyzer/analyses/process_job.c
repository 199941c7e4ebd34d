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

enum read_state process_silo(const struct target *target, uint64_t process, uint64_t *silo) {
    struct field_read job = target_read_field(target, process, "_EPROCESS", "Job");
    *silo = 0;
    for (unsigned depth = 0; !job.absent && job.state == READ_PRESENT && job.value; depth++) {
        struct field_read is_silo = target_read_field(target, job.value, "_EJOB", "Silo");
        if (depth == NESTING_MOST)
            return READ_BAD_VALUE;
        if (is_silo.absent || is_silo.state != READ_PRESENT)
            return is_silo.absent ? READ_PRESENT : is_silo.state;
        if (is_silo.value) {
            *silo = job.value;
            return READ_PRESENT;
        }
        job = target_read_field(target, job.value, "_EJOB", "ParentJob");
    }
    return job.absent ? READ_PRESENT : job.state;
}

static void put_silo(struct analysis_context *context, json_t *section, uint64_t process) {
    uint64_t silo;
    enum read_state state = process_silo(context->target, process, &silo);
    if (state != READ_PRESENT) {
        put_unreadable(context, section, "silo", state);
    } else if (silo) {
        json_t *json = json_object();
        put_job_identity(context, json, silo);
        put_server(context, json, silo);
        json_object_set_new(section, "silo", json);
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
