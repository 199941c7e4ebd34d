/* kernel_unwind.c - from a function to its caller, by function tables that are written here. */
#include "test.h"

#include "base/memory.h"
#include "kernel/unwind.h"
#include "machine.h"

#define BASE   0xfffff80000100000
#define TABLE  0x2000 /* .pdata; all below are RVAs */
#define INFOS  0x3000
#define STACK  0xffffd00000010000
#define ABSENT 0x8000 /* no page is there */

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R12 = 12 };

struct world {
    struct machine *machine;
    struct target *target;
    unsigned functions;
};

static struct world make_world(void) {
    struct world world = {machine_create(), NULL, 0};
    machine_write(world.machine, BASE, "MZ", 2);
    machine_put(world.machine, BASE + 0x3c, 0x80, 4);
    machine_write(world.machine, BASE + 0x80, "PE\0\0", 4);
    machine_put(world.machine, BASE + 0x84, 0x8664, 2);
    machine_put(world.machine, BASE + 0x98, 0x20b, 2);
    machine_put(world.machine, BASE + 0x98 + 56, 0x10000, 4); /* SizeOfImage */
    machine_put(world.machine, BASE + 0x98 + 108, 16, 4);
    machine_put(world.machine, BASE + 0x98 + 112 + 3 * 8, TABLE, 4);
    for (unsigned slot = 0; slot < 64; slot++)
        machine_put(world.machine, STACK + 8 * slot, 0x1000 + slot, 8);
    return world;
}

static void put_function(struct world *world, uint64_t at, uint32_t begin, uint32_t end,
                         uint32_t unwind) {
    machine_put(world->machine, BASE + at, begin, 4);
    machine_put(world->machine, BASE + at + 4, end, 4);
    machine_put(world->machine, BASE + at + 8, unwind, 4);
}

/* The next entry of the table. */
static void add_function(struct world *world, uint32_t begin, uint32_t end, uint32_t unwind) {
    put_function(world, TABLE + 12 * world->functions++, begin, end, unwind);
    machine_put(world->machine, BASE + 0x98 + 112 + 3 * 8 + 4, 12 * world->functions, 4);
}

/* UNWIND_INFO of `length` bytes of codes; `frame` is the register with its offset. */
static void put_info(struct world *world, uint32_t at, uint8_t version_and_flags, uint8_t frame,
                     const uint8_t *codes, size_t length) {
    const uint8_t header[] = {version_and_flags, 0x20, (uint8_t)(length / 2), frame};
    machine_write(world->machine, BASE + at, header, sizeof header);
    machine_write(world->machine, BASE + at + 4, codes, length);
}

/* Steps once from `rva`, with rsp at STACK; register n holds 0x100 + n. */
static enum read_state step(struct world *world, uint32_t rva, struct unwind_context *context,
                            uint64_t *at) {
    world->target = machine_open(world->machine);
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++)
        context->registers[i] = 0x100 + i;
    context->registers[UNWIND_RSP] = STACK;
    context->rip = BASE + rva;
    enum read_state state = unwind_step(world->target->vm, BASE, context, at);
    target_close(world->target);
    return state;
}

static void expect_stack(const struct unwind_context *context, uint64_t at, unsigned slot) {
    assert_int_equal(context->rip, 0x1000 + slot);
    assert_int_equal(at, STACK + 8 * slot);
    assert_int_equal(context->registers[RSP], STACK + 8 * slot + 8);
}

/* push rbp; push rbx; sub rsp,20h: undone backwards; what comes behind rip is not undone. */
static void prologue_is_undone(void **state) {
    (void)state;
    static const uint8_t codes[] = {6, 0x32, 2, RBX << 4, 1, RBP << 4, 0, 0};
    static const struct {
        uint32_t offset;
        unsigned slot;
    } places[] = {{0x30, 6}, {6, 6}, {3, 2}, {1, 1}, {0, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct world world = make_world();
        struct unwind_context context;
        uint64_t at = 0;
        add_function(&world, 0x1000, 0x1100, INFOS);
        put_info(&world, INFOS, 1, 0, codes, 6);
        assert_int_equal(step(&world, 0x1000 + places[i].offset, &context, &at), READ_PRESENT);
        expect_stack(&context, at, places[i].slot);
        if (places[i].slot == 6) {
            assert_int_equal(context.registers[RBX], 0x1004);
            assert_int_equal(context.registers[RBP], 0x1005);
        }
        machine_destroy(world.machine);
    }
}

/* Large allocations in both forms, registers saved by mov, xmm6, and epilogues of version 2. */
static void all_codes_have_their_slots(void **state) {
    (void)state;
    static const uint8_t codes[] = {
        4,    0x16,         0,    0,       /* EPILOG, 2 slots */
        0x20, 0x68,         2,    0,       /* SAVE_XMM128 */
        0x18, R12 << 4 | 4, 3,    0,       /* SAVE_NONVOL r12, [rsp+18h] */
        0x17, RSI << 4 | 5, 0x28, 0, 0, 0, /* SAVE_NONVOL_FAR rsi, [rsp+28h] */
        0x10, 0x01,         4,    0,       /* ALLOC_LARGE 20h */
        0x09, 0x11,         0x10, 0, 0, 0, /* ALLOC_LARGE 10h, in full */
        0x02, RDI << 4,                    /* PUSH_NONVOL rdi */
    };
    struct world world = make_world();
    struct unwind_context context;
    uint64_t at = 0;
    add_function(&world, 0x1000, 0x1100, INFOS);
    put_info(&world, INFOS, 2, 0, codes, sizeof codes);
    assert_int_equal(step(&world, 0x1080, &context, &at), READ_PRESENT);
    expect_stack(&context, at, 7);
    assert_int_equal(context.registers[R12], 0x1003);
    assert_int_equal(context.registers[RSI], 0x1005);
    assert_int_equal(context.registers[RDI], 0x1006);
    machine_destroy(world.machine);
}

/* lea rbp,[rsp+20h] after push rbp: the stack is where rbp says, whatever rsp is. */
static void frame_register_gives_the_stack(void **state) {
    (void)state;
    static const uint8_t codes[] = {6, 0x03, 1, RBP << 4};
    struct world world = make_world();
    struct unwind_context context;
    uint64_t at = 0;
    add_function(&world, 0x1000, 0x1100, INFOS);
    put_info(&world, INFOS, 1, 0x20 | RBP, codes, sizeof codes);
    world.target = machine_open(world.machine);
    context = (struct unwind_context){.rip = BASE + 0x1040};
    context.registers[RBP] = STACK + 0x20 + 0x10;
    assert_int_equal(unwind_step(world.target->vm, BASE, &context, &at), READ_PRESENT);
    expect_stack(&context, at, 3);
    assert_int_equal(context.registers[RBP], 0x1002);
    target_close(world.target);
    machine_destroy(world.machine);
}

/* The frame of an exception with an error code: rip, cs, eflags, rsp. */
static void machine_frame_is_left(void **state) {
    (void)state;
    static const uint8_t codes[] = {1, 0x02, 0, 0x1a};
    struct world world = make_world();
    struct unwind_context context;
    uint64_t at = 0;
    add_function(&world, 0x1000, 0x1100, INFOS);
    put_info(&world, INFOS, 1, 0, codes, sizeof codes);
    assert_int_equal(step(&world, 0x1040, &context, &at), READ_PRESENT);
    assert_int_equal(context.rip, 0x1002);
    assert_int_equal(at, STACK + 0x10);
    assert_int_equal(context.registers[RSP], 0x1005);
    machine_destroy(world.machine);
}

/* A part of a function goes on with the codes of the one it is chained to; an entry can stand for
 * another. */
static void chains_are_followed(void **state) {
    (void)state;
    static const uint8_t part[] = {4, RSI << 4}, first[] = {0x40, 0x02};
    struct world world = make_world();
    struct unwind_context context;
    uint64_t at = 0;
    add_function(&world, 0x1000, 0x1040, INFOS + 0x40);
    add_function(&world, 0x1040, 0x1080, INFOS);
    add_function(&world, 0x1080, 0x10c0, (TABLE + 12) | 1);
    put_info(&world, INFOS, 1 | 4 << 3, 0, part, sizeof part);
    put_function(&world, INFOS + 8, 0x1000, 0x1040, INFOS + 0x40);
    put_info(&world, INFOS + 0x40, 1, 0, first, sizeof first);
    assert_int_equal(step(&world, 0x1050, &context, &at), READ_PRESENT);
    expect_stack(&context, at, 2);
    assert_int_equal(step(&world, 0x1090, &context, &at), READ_PRESENT);
    expect_stack(&context, at, 2);
    /* Chained to itself. */
    put_function(&world, INFOS + 8, 0x1040, 0x1080, INFOS);
    assert_int_equal(step(&world, 0x1050, &context, &at), READ_BAD_VALUE);
    machine_destroy(world.machine);
}

static void functions_are_found_by_halves(void **state) {
    (void)state;
    static const uint8_t codes[] = {0, 0x02};
    struct world world = make_world();
    struct unwind_context context;
    uint64_t at = 0;
    for (uint32_t i = 0; i < 100; i++)
        add_function(&world, 0x1000 + 0x10 * i, 0x1008 + 0x10 * i, INFOS);
    put_info(&world, INFOS, 1, 0, codes, sizeof codes);
    for (uint32_t i = 0; i < 100; i += 33) {
        assert_int_equal(step(&world, 0x1007 + 0x10 * i, &context, &at), READ_PRESENT);
        expect_stack(&context, at, 1);
        /* Between two functions: a leaf. */
        assert_int_equal(step(&world, 0x1008 + 0x10 * i, &context, &at), READ_PRESENT);
        expect_stack(&context, at, 0);
    }
    machine_destroy(world.machine);
}

static void tables_that_lie_are_refused(void **state) {
    (void)state;
    static const uint8_t unknown[] = {0, 0x0d}, cut[] = {0, 0x01};
    static const struct {
        uint8_t version;
        const uint8_t *codes;
    } infos[] = {{1, unknown}, {1, cut}, {3, unknown}};
    struct unwind_context context, before;
    uint64_t at = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(infos); i++) {
        struct world world = make_world();
        add_function(&world, 0x1000, 0x1100, INFOS);
        put_info(&world, INFOS, infos[i].version, 0, infos[i].codes, 2);
        assert_int_equal(step(&world, 0x1010, &context, &at), READ_BAD_VALUE);
        assert_int_equal(context.rip, BASE + 0x1010);
        machine_destroy(world.machine);
    }
    struct world world = make_world(); /* an image without a table */
    assert_int_equal(step(&world, 0x1010, &context, &at), READ_BAD_VALUE);
    add_function(&world, 0x1000, 0x1100, ABSENT);
    before = context;
    assert_int_equal(step(&world, 0x1010, &context, &at), READ_NOT_MAPPED);
    assert_memory_equal(&context, &before, sizeof context);
    machine_put(world.machine, BASE + 0x98 + 112 + 3 * 8, ABSENT, 4);
    assert_int_equal(step(&world, 0x1010, &context, &at), READ_NOT_MAPPED);
    machine_destroy(world.machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prologue_is_undone),
        cmocka_unit_test(all_codes_have_their_slots),
        cmocka_unit_test(frame_register_gives_the_stack),
        cmocka_unit_test(machine_frame_is_left),
        cmocka_unit_test(chains_are_followed),
        cmocka_unit_test(functions_are_found_by_halves),
        cmocka_unit_test(tables_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
