/*
 * small_jobs.h - jobs on the machine of small_objects.h, nested, two of them silos; and a process
 * in the innermost, whose token is that of an app container.
 */
#ifndef NTDRIFT_TESTS_SMALL_JOBS_H
#define NTDRIFT_TESTS_SMALL_JOBS_H

#include "small_objects.h"

#define JOBS_PROFILE  "nt-14393-x64"
#define GLOBALS       0xffffe00000260000 /* of the server silo */
#define JOB_TOKEN     0xffffe00000270000
#define JOB_SIDS      0xffffe00000271000 /* the groups, then the SIDs */
#define LOGON_SESSION 0xffffe00000272000
#define LOWBOX        0xffffe00000273000
#define NOWHERE       0xffffe00009990000

enum { JOBS = 3 };

static inline uint64_t job_at(unsigned index) {
    return 0xffffe00000250100 + 0x1000 * (uint64_t)index;
}

static inline void put_job(struct small_objects *objects, unsigned index, const char *member,
                           uint64_t value, size_t width) {
    machine_put(objects->machine, job_at(index) + objects_offset(objects, "_EJOB", member), value,
                width);
}

/* A ring of `links`, members of jobs, from a head in `owner`. */
static inline void put_ring(struct small_objects *objects, unsigned owner, const char *head,
                            const uint64_t *links, size_t count) {
    uint64_t ring[JOBS + 1] = {job_at(owner) + objects_offset(objects, "_EJOB", head)};
    memcpy(ring + 1, links, count * sizeof *links);
    machine_ring(objects->machine, ring, count + 1);
}

static inline void put_token(struct small_objects *objects, const char *member, uint64_t value,
                             size_t width) {
    machine_put(objects->machine, JOB_TOKEN + objects_offset(objects, "_TOKEN", member), value,
                width);
}

/* A SID of one subauthority. */
static inline void put_small_sid(struct small_objects *objects, uint64_t address, uint8_t authority,
                                 uint32_t subauthority) {
    machine_put(objects->machine, address, 0x101, 2);
    machine_put(objects->machine, address + 7, authority, 1);
    machine_put(objects->machine, address + 8, subauthority, 4);
}

/* Of a user and a label; its package has the SID of the user. */
static inline void job_token(struct small_objects *objects, uint64_t process) {
    struct machine *machine = objects->machine;
    for (unsigned i = 0; i < 2; i++) {
        put_small_sid(objects, JOB_SIDS + 0x100 + 0x20 * i, i ? 16 : 5, i ? 0x1000 : 18);
        machine_put(machine, JOB_SIDS + 0x10 * i, JOB_SIDS + 0x100 + 0x20 * i, 8);
        machine_put(machine, JOB_SIDS + 0x10 * i + 8, i ? 0x60 : 0, 4);
    }
    put_token(objects, "UserAndGroupCount", 2, 4);
    put_token(objects, "UserAndGroups", JOB_SIDS, 8);
    put_token(objects, "IntegrityLevelIndex", 1, 4);
    put_token(objects, "TokenFlags", 0x4800, 4); /* filtered, app container */
    put_token(objects, "LogonSession", LOGON_SESSION, 8);
    put_token(objects, "Package", JOB_SIDS + 0x100, 8);
    put_token(objects, "CapabilityCount", 3, 4);
    put_token(objects, "LowboxNumberEntry", LOWBOX, 8);
    machine_put(machine,
                LOGON_SESSION +
                    objects_offset(objects, "_SEP_LOGON_SESSION_REFERENCES", "BuddyLogonId"),
                0x2c8b3, 8);
    machine_put(machine,
                LOWBOX + objects_offset(objects, "_SEP_LOWBOX_NUMBER_ENTRY", "LowboxNumber"), 6, 4);
    machine_put(machine, process + objects_offset(objects, "_EPROCESS", "Token"), JOB_TOKEN | 7, 8);
}

/* Job 2 is in 1, and 1 in 0. 0 is a server silo, 1 holds nobody, 2 a process and is a silo. */
static inline struct small_objects job_machine(void) {
    struct small_objects objects = small_objects(JOBS_PROFILE, true);
    uint64_t process = small_process(1);
    uint64_t member = process + objects_offset(&objects, "_EPROCESS", "JobLinks");
    for (unsigned i = 0; i < JOBS; i++) {
        uint64_t child = job_at(i + 1) + objects_offset(&objects, "_EJOB", "SiblingJobLinks");
        put_job(&objects, i, "JobId", 7 + i, 4);
        put_job(&objects, i, "JobFlags", i == 1 ? 0 : 1u << 30, 4); /* Silo */
        put_job(&objects, i, "ParentJob", i ? job_at(i - 1) : 0, 8);
        put_ring(&objects, i, "ProcessListHead", &member, i == 2 ? 1 : 0);
        put_ring(&objects, i, "ChildJobListHead", &child, i < 2 ? 1 : 0);
    }
    put_job(&objects, 0, "ServerSiloGlobals", GLOBALS, 8);
    machine_put(objects.machine,
                GLOBALS + objects_offset(&objects, "_ESERVERSILO_GLOBALS", "State"), 2, 4);
    objects_string(&objects,
                   GLOBALS +
                       objects_offset(&objects, "_ESERVERSILO_GLOBALS", "SiloRootDirectoryName"),
                   "\\Silos\\7");
    machine_put(objects.machine, process + objects_offset(&objects, "_EPROCESS", "Job"), job_at(2),
                8);
    job_token(&objects, process);
    return objects;
}

#endif
