/* process_layers.h - what protects a process, or holds it in: its token, job, silo, mitigations.
 * For the sections `processes`, `jobs`, `silos` and `sessions`. */
#ifndef NTDRIFT_ANALYSES_PROCESS_LAYERS_H
#define NTDRIFT_ANALYSES_PROCESS_LAYERS_H

#include "analyses/sections.h"

/* Puts `integrity`; left out where the process has no token. */
void put_integrity(struct analysis_context *context, json_t *section, uint64_t process);

/* Puts `mitigations`: the words of EPROCESS by name, from 16299 on. */
void put_mitigations(struct analysis_context *context, json_t *section, uint64_t process);

/* Puts the names of the levels that SignatureLevel and SectionSignatureLevel hold. */
void put_signature_levels(struct analysis_context *context, json_t *section, uint64_t process);

/* Puts `job`, `silo` and `server_silo`; left out where the process is in none. */
void put_job(struct analysis_context *context, json_t *section, uint64_t process);

/* The innermost silo around the process's job, and the server silo that this is or is in; 0 where
 * there is none. */
struct silos {
    uint64_t innermost, server;
};
enum read_state process_silos(const struct target *target, uint64_t process, struct silos *silos);

/* Puts `address`, and `name` where the job has one. */
void put_job_identity(struct analysis_context *context, json_t *json, uint64_t job);

/* Whether a silo is a server silo; puts `server`. */
void put_server(struct analysis_context *context, json_t *json, uint64_t silo);

/* The id of a process's session. Looked up once for a section. */
struct session_layout {
    struct member session;   /* _EPROCESS.Session */
    struct member directory; /* _KPROCESS.DirectoryTableBase */
    struct member id;        /* _MM_SESSION_SPACE.SessionId */
};
void session_layout_resolve(const struct target *target, struct session_layout *layout);

struct session {
    bool none;             /* the process is in none, or the symbols do not tell */
    enum read_state state; /* of the id */
    uint64_t id;
    uint64_t space; /* the _MM_SESSION_SPACE; 0 where that cannot be read */
};
struct session session_of_process(const struct target *target, const struct session_layout *layout,
                                  uint64_t process);

#endif
