/* stack.c - section `stack`: the kernel stack that the dump's own registers point into. */
#include "kernel/stack.h"

#include "analyses/threads.h"
#include "base/memory.h"

static json_t *frames_of(struct analysis_context *context, const struct lookups *lookups,
                         const struct stack *stack) {
    json_t *frames = json_array();
    for (size_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        json_t *json = code_extract(context, lookups, stack->process, frame->address);
        json_object_set_new(json, "method", json_string(stack_method_name(frame->method)));
        if (frame->method != STACK_REGISTERS)
            json_object_set_new(json, "at", json_address(context->target, frame->at));
        json_array_append_new(frames, json);
    }
    return frames;
}

/* A stack that belongs to no processor's thread is one on which interrupts are handled. */
static void put_thread(struct analysis_context *context, json_t *section,
                       const struct stack *stack) {
    if (stack->thread == 0)
        return;
    struct wait_reasons reasons;
    wait_reasons_init(&reasons, context->target);
    struct field_read state =
        target_read_field(context->target, stack->thread, "_KTHREAD", "State");
    struct field_read reason =
        target_read_field(context->target, stack->thread, "_KTHREAD", "WaitReason");
    json_object_set_new(section, "thread", json_address(context->target, stack->thread));
    if (!state.absent)
        put_enumerator(context, section, "state", state.state, state.value, &thread_state);
    if (!reason.absent)
        put_enumerator(context, section, "wait_reason", reason.state, reason.value,
                       &reasons.enumeration);
    if (stack->process == 0)
        return;
    json_t *process = json_object();
    json_object_set_new(process, "address", json_address(context->target, stack->process));
    if (context->target->symbols)
        put_process_name(context, process, stack->process);
    json_object_set_new(section, "process", process);
}

static void put_end(struct analysis_context *context, const struct stack *stack) {
    if (stack->unwinding != READ_PRESENT) {
        context->coverage->unreadable[stack->unwinding]++;
        coverage_partial(context,
                         "the function tables that unwinding takes are not in the dump, or "
                         "lead nowhere: return addresses are among those that were found "
                         "on the stack");
    }
    if (stack->end_state != READ_PRESENT && stack->thread != 0) {
        context->coverage->unreadable[stack->end_state]++;
        coverage_partial(context, "a part of the stack could not be read");
    }
}

static json_t *extract(struct analysis_context *context) {
    struct lookups lookups = {.names = context_names(context)};
    struct stack stack;
    json_t *section = NULL;
    stack_read(context->target, lookups.names, &stack);
    if (stack.known) {
        section = json_object();
        put_thread(context, section, &stack);
        json_object_set_new(section, "rsp", json_address(context->target, stack.pointer));
        json_object_set_new(section, "frames", frames_of(context, &lookups, &stack));
        put_end(context, &stack);
    } else {
        coverage_none(context, "the dump's header has no x64 registers of kernel mode");
    }
    stack_deinit(&stack);
    return section;
}

static const char *const types[] = {"_EPROCESS",      "_KPRCB",        "_KTHREAD",
                                    "_KTHREAD_STATE", "_KWAIT_REASON", NULL};

const struct analysis analysis_stack = {.name = "stack", .types = types, .extract = extract};
