/*
 * fault.h - why a machine stopped, as a triage dump tells it: the exception, and the registers.
 *
 * Does not judge what caused it: a module is named only because the address is inside its image.
 */
#ifndef NTDRIFT_KERNEL_FAULT_H
#define NTDRIFT_KERNEL_FAULT_H

#include "image/triage.h"
#include "kernel/target.h"

/* EXCEPTION_MAXIMUM_PARAMETERS of winnt.h. */
#define FAULT_PARAMETERS_MOST 15

struct fault {
    const char *found_by; /* "BugCheckParameter3", "BugCheckParameters", "DUMP_HEADER.Exception" */
    uint32_t code;
    uint64_t address;
    bool has_record; /* what follows is known: an EXCEPTION_RECORD64 was read */
    uint32_t flags;
    uint32_t parameter_count;
    uint64_t parameters[FAULT_PARAMETERS_MOST];
};

/* The exception that the bug check is about: its record where a parameter leads to it, else what
 * the parameters themselves say. False where the bug check is about none. */
bool fault_of_bug_check(const struct target *target, struct fault *fault);

/* The record in the dump's header: of the exception that the writer of the dump saw, mostly the
 * breakpoint at the end of KeBugCheckEx. This is what .exr -1 shows. */
bool fault_of_header(const struct target *target, struct fault *fault);

/* The driver whose image holds the address; NULL where none does. */
const struct triage_driver *fault_module(const struct target *target, const struct fault *fault);

/* STATUS_ACCESS_VIOLATION: "Access violation"; NULL where it has no common name. */
const char *fault_code_name(uint32_t code);

struct fault_register {
    const char *name; /* "rip", "pc" */
    uint64_t value;
    bool is_address;
};

#define FAULT_REGISTERS_MOST 8

/* A few registers of the context in the dump, by the machine's own names; gives how many. */
size_t fault_registers(const struct target *target,
                       struct fault_register registers[FAULT_REGISTERS_MOST]);

#endif
