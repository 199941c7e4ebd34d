/* info_stack.c - the stack of the dump's own registers, a line for each address, and how it was
 * found. */
#include "info_stack.h"

#include <inttypes.h>

#include "base/memory.h"
#include "info.h"
#include "kernel/process.h"
#include "kernel/stack.h"

static void put_owner(struct text *text, const struct target *target, const struct stack *stack) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    if (stack->thread == 0)
        return;
    text_puts(text, " of thread ");
    info_put_quad(text, stack->thread);
    if (stack->process && process_name(target, stack->process, &name) == READ_PRESENT)
        text_printf(text, " (%s)", name.data);
}

static void put_frame(struct text *text, struct names *names, uint64_t process,
                      const struct stack_frame *frame) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    text_printf(text, "%-9s ", stack_method_name(frame->method));
    if (frame->at)
        info_put_quad(text, frame->at);
    else
        text_printf(text, "%-17s", "");
    text_putc(text, ' ');
    info_put_quad(text, frame->address);
    if (names_of(names, process, frame->address, &name) == READ_PRESENT && name.length)
        text_printf(text, " %s", name.data);
    text_putc(text, '\n');
}

void info_stack(struct text *text, const struct target *target) {
    struct names *names = names_new(target);
    struct stack stack;
    stack_read(target, names, &stack);
    if (stack.known && stack.count > 1) {
        text_puts(text, "Stack");
        put_owner(text, target, &stack);
        text_puts(text, " (unwind: a caller; scan: may be one, or left behind):\n");
        for (size_t i = 0; i < stack.count; i++)
            put_frame(text, names, stack.process, &stack.frames[i]);
        text_putc(text, '\n');
    }
    stack_deinit(&stack);
    names_free(names);
}
