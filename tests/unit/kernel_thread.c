/* kernel_thread.c - the thread lists of a process, trap frames, and system calls; lists and frames
 * that lie. */
#include "test.h"

#include "base/memory.h"
#include "kernel/thread.h"
#include "small_dump32.h"
#include "small_kernel.h"

#define CSRSS     small_process(2)
#define ABSENT    0xffffd000f0000000 /* no page is there */
#define STACK(n)  (0xffffd00030000000 + 0x10000 * (uint64_t)(n))
#define FRAME(n)  (STACK(n) + 0xc00)
#define USER_RIP  0x00007ff9a7c43d7a
#define THREADS   4
#define USER_CS   0x33
#define KERNEL_CS 0x10
#define EXCEPTION 1
#define SERVICE   2

static uint64_t thread(unsigned index) {
    return 0xffffe00000100000 + 0x1000 * (uint64_t)index;
}

struct world {
    struct machine *machine;
    struct symbols *symbols;
    struct target *target;
    struct thread_reader reader;
};

static void set(struct world *world, uint64_t object, const char *type, const char *path,
                uint64_t value, size_t width) {
    machine_put(world->machine, object + offset_of(world->symbols, type, path), value, width);
}

static void link_list(struct world *world, const char *head, const char *entry,
                      const unsigned *threads, size_t count) {
    uint64_t links[THREADS + 1] = {CSRSS + offset_of(world->symbols, "_EPROCESS", head)};
    for (size_t i = 0; i < count; i++)
        links[i + 1] = thread(threads[i]) + offset_of(world->symbols, "_ETHREAD", entry);
    machine_ring(world->machine, links, count + 1);
}

static void link_both(struct world *world, const unsigned *executive, size_t executive_count,
                      const unsigned *scheduler, size_t scheduler_count) {
    link_list(world, "ThreadListHead", "ThreadListEntry", executive, executive_count);
    link_list(world, "Pcb.ThreadListHead", "Tcb.ThreadListEntry", scheduler, scheduler_count);
}

static void put_frame(struct world *world, uint64_t frame, uint64_t rip, uint64_t segment,
                      uint64_t active, uint64_t outer) {
    set(world, frame, "_KTRAP_FRAME", "Rip", rip, 8);
    set(world, frame, "_KTRAP_FRAME", "SegCs", segment, 2);
    set(world, frame, "_KTRAP_FRAME", "ExceptionActive", active, 1);
    set(world, frame, "_KTRAP_FRAME", "TrapFrame", outer, 8);
}

/* Threads that wait in system call 438, with argument 92, as in a published dump. */
static struct world make_world(void) {
    struct world world = {small_kernel(), builtin_symbols("nt-10240-x64"), NULL, {0}};
    for (unsigned i = 0; i < THREADS; i++) {
        set(&world, thread(i), "_ETHREAD", "Tcb.Header.Type", 6, 1);
        set(&world, thread(i), "_ETHREAD", "Tcb.State", 5, 1);
        set(&world, thread(i), "_ETHREAD", "Tcb.TrapFrame", FRAME(i), 8);
        set(&world, thread(i), "_ETHREAD", "Tcb.SystemCallNumber", 438, 4);
        set(&world, thread(i), "_ETHREAD", "Tcb.FirstArgument", 92, 8);
        put_frame(&world, FRAME(i), USER_RIP, USER_CS, SERVICE, 0);
    }
    link_both(&world, (unsigned[]){0, 1, 2}, 3, (unsigned[]){0, 1, 2}, 3);
    return world;
}

static void open_world(struct world *world) {
    world->target = machine_open(world->machine);
    world->target->symbols = builtin_symbols("nt-10240-x64");
    world->target->match = MATCH_PROVED;
    thread_reader_init(&world->reader, world->target);
}

static void close_world(struct world *world) {
    thread_reader_deinit(&world->reader);
    target_close(world->target);
    symbols_free(world->symbols);
    machine_destroy(world->machine);
}

/* ---- lists ---- */

static void threads_come_in_the_executives_order(void **state) {
    (void)state;
    struct world world = make_world();
    struct process_threads threads;
    link_both(&world, (unsigned[]){2, 0, 1}, 3, (unsigned[]){0, 1, 2}, 3);
    open_world(&world);
    process_threads_read(&world.reader, CSRSS, &threads);
    assert_int_equal(threads.executive.walk.end, LIST_CLOSED);
    assert_int_equal(threads.count, 3);
    const unsigned expected[] = {2, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(threads.items[i].address, thread(expected[i]));
        assert_true(threads.items[i].on_executive && threads.items[i].on_scheduler);
        assert_false(threads.items[i].strange);
    }
    process_threads_deinit(&threads);
    close_world(&world);
}

static void each_list_has_threads_of_its_own(void **state) {
    (void)state;
    struct world world = make_world();
    struct process_threads threads;
    link_both(&world, (unsigned[]){0, 1}, 2, (unsigned[]){1, 2}, 2);
    set(&world, NT_PRCB, "_KPRCB", "CurrentThread", thread(3), 8);
    set(&world, thread(3), "_KTHREAD", "Process", CSRSS, 8);
    open_world(&world);
    process_threads_read(&world.reader, CSRSS, &threads);
    assert_int_equal(threads.count, 4);
    const bool on_executive[] = {true, true, false, false};
    const bool on_scheduler[] = {false, true, true, false};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(threads.items[i].address, thread(i));
        assert_int_equal(threads.items[i].on_executive, on_executive[i]);
        assert_int_equal(threads.items[i].on_scheduler, on_scheduler[i]);
    }
    process_threads_deinit(&threads);
    close_world(&world);
}

static void lists_that_lie_end(void **state) {
    (void)state;
    struct world world = make_world();
    struct process_threads threads;
    uint32_t entry = offset_of(world.symbols, "_ETHREAD", "ThreadListEntry");
    machine_put(world.machine, thread(2) + entry, thread(1) + entry, 8); /* Flink goes back */
    uint32_t scheduled = offset_of(world.symbols, "_ETHREAD", "Tcb.ThreadListEntry");
    machine_put(world.machine, thread(0) + scheduled, ABSENT, 8);
    set(&world, thread(1), "_ETHREAD", "Tcb.Header.Type", 5, 1);
    open_world(&world);
    process_threads_read(&world.reader, CSRSS, &threads);
    assert_int_equal(threads.executive.walk.end, LIST_CYCLE);
    assert_int_equal(threads.scheduler.walk.end, LIST_BROKEN);
    assert_int_equal(threads.scheduler.walk.broken_at, ABSENT);
    assert_int_equal(threads.count, 3);
    assert_true(threads.items[1].strange);
    process_threads_deinit(&threads);
    close_world(&world);
}

/* ---- frames and calls ---- */

static struct thread_frame frame_of(const struct world *world, unsigned index, uint64_t state) {
    return thread_frame_read(&world->reader, thread(index), state);
}

static void service_frame_gives_the_call(void **state) {
    (void)state;
    struct world world = make_world();
    open_world(&world);
    struct thread_frame frame = frame_of(&world, 0, 5);
    assert_int_equal(frame.address.value, FRAME(0));
    assert_true(frame.has_rip);
    assert_int_equal(frame.rip.value, USER_RIP);
    assert_int_equal(frame.user_frame, FRAME(0));
    assert_int_equal(frame.entered, ENTERED_SERVICE);
    struct thread_call call = thread_call_read(&world.reader, thread(0), &frame, NULL);
    assert_false(call.number.absent || call.first_argument.absent);
    assert_int_equal(call.number.value, 438);
    assert_int_equal(call.first_argument.value, 92);
    close_world(&world);
}

/* What ExceptionActive says of a frame from user mode; 3 says nothing. */
static void other_frames_are_no_calls(void **state) {
    (void)state;
    struct world world = make_world();
    put_frame(&world, FRAME(0), USER_RIP, USER_CS, 0, 0);
    put_frame(&world, FRAME(1), USER_RIP, USER_CS, EXCEPTION, 0);
    put_frame(&world, FRAME(2), USER_RIP, USER_CS, 3, 0);
    set(&world, thread(3), "_ETHREAD", "Tcb.TrapFrame", FRAME(3) + 2, 8); /* no frame's address */
    open_world(&world);
    assert_int_equal(frame_of(&world, 0, 1).entered, ENTERED_OTHER);
    assert_int_equal(frame_of(&world, 1, 5).entered, ENTERED_OTHER);
    assert_int_equal(frame_of(&world, 2, 5).entered, ENTERED_UNKNOWN);
    assert_int_equal(frame_of(&world, 2, 5).unknown, READ_BAD_VALUE);
    assert_int_equal(frame_of(&world, 3, 5).unknown, READ_BAD_VALUE);
    close_world(&world);
}

/* A service that the kernel called itself (Zw) while the thread was in another. */
static void kernel_frame_leads_to_the_users(void **state) {
    (void)state;
    struct world world = make_world();
    uint64_t inner = FRAME(0) - 0x400;
    put_frame(&world, inner, NT + 0x1400, KERNEL_CS, 0, FRAME(0));
    set(&world, thread(0), "_ETHREAD", "Tcb.TrapFrame", inner, 8);
    put_frame(&world, FRAME(1), NT + 0x1400, KERNEL_CS, 0, 0); /* a system thread's own */
    put_frame(&world, FRAME(2), NT + 0x1400, KERNEL_CS, 0, FRAME(2));
    put_frame(&world, FRAME(3), NT + 0x1400, KERNEL_CS, 0, USER_RIP);
    open_world(&world);
    struct thread_frame frame = frame_of(&world, 0, 5);
    assert_int_equal(frame.rip.value, NT + 0x1400);
    assert_int_equal(frame.user_frame, FRAME(0));
    assert_int_equal(frame.entered, ENTERED_SERVICE);
    assert_int_equal(frame_of(&world, 1, 5).entered, ENTERED_NOT);
    assert_int_equal(frame_of(&world, 2, 5).entered, ENTERED_UNKNOWN);
    assert_int_equal(frame_of(&world, 3, 5).entered, ENTERED_UNKNOWN);
    close_world(&world);
}

static void threads_without_a_frame(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, thread(0), "_ETHREAD", "Tcb.TrapFrame", 0, 8);
    set(&world, thread(1), "_ETHREAD", "Tcb.TrapFrame", ABSENT, 8); /* the stack is paged out */
    set(&world, thread(2), "_ETHREAD", "Tcb.TrapFrame", 0x1000, 8); /* no kernel address */
    open_world(&world);
    assert_false(frame_of(&world, 0, 5).has_rip);
    assert_int_equal(frame_of(&world, 0, 5).entered, ENTERED_NOT);
    struct thread_frame frame = frame_of(&world, 1, 5);
    assert_true(frame.has_rip);
    assert_int_equal(frame.rip.state, READ_NOT_MAPPED);
    assert_int_equal(frame.entered, ENTERED_UNKNOWN);
    assert_int_equal(frame.unknown, READ_NOT_MAPPED);
    assert_int_equal(frame_of(&world, 2, 5).rip.state, READ_BAD_VALUE);
    /* One that has ended has a frame that nobody's stack holds. */
    frame = frame_of(&world, 3, THREAD_TERMINATED);
    assert_int_equal(frame.address.value, FRAME(3));
    assert_false(frame.has_rip);
    assert_int_equal(frame.entered, ENTERED_NOT);
    close_world(&world);
}

/* The frame of its last system call is still there when a thread runs in user mode. */
static void running_thread_is_where_its_processor_is(void **state) {
    (void)state;
    for (unsigned in_user = 0; in_user < 2; in_user++) {
        struct world world = make_world();
        set(&world, NT_PRCB, "_KPRCB", "CurrentThread", thread(0), 8);
        set(&world, NT_PRCB, "_KPRCB", "ProcessorState.ContextFrame.SegCs",
            in_user ? USER_CS : KERNEL_CS, 2);
        open_world(&world);
        assert_int_equal(frame_of(&world, 0, THREAD_RUNNING).entered,
                         in_user ? ENTERED_NOT : ENTERED_SERVICE);
        assert_int_equal(frame_of(&world, 1, THREAD_RUNNING).entered, ENTERED_SERVICE);
        close_world(&world);
    }
}

/* ---- 32 bit, where the user's stack has the number ---- */

/* Virtual 0x80000000 + n is physical n, and so is n itself: user memory. */
enum { DIRECTORY = 1, TABLE = 2, SHARED = 3, FRAMES = 32 };
#define X86_THREAD 0x80010000u
#define X86_FRAME  0x80011000u
#define X86_STACK  0x00012000u
#define X86_STUB   0x00013000u
#define X86_RETURN 0x7c90eb94u /* ntdll!KiFastSystemCallRet */
#define X86_INT_2E 0x7c90eba5u /* ntdll!KiIntSystemCall, which is 6 bytes to behind its int 2Eh */

static void put_at(struct small_dump *dump, uint32_t address, uint64_t value, size_t width) {
    put(dump, dump->first_page + (address & 0xfffff), value, width);
}

static void put_x86(struct small_dump *dump, const struct symbols *symbols, uint32_t object,
                    const char *type, const char *path, uint64_t value, size_t width) {
    put_at(dump, object + offset_of(symbols, type, path), value, width);
}

static struct small_dump x86_machine(const struct symbols *symbols, uint32_t eip) {
    static const uint8_t stub[] = {0xb8, 0x19, 1, 0, 0, 0xba, 0, 3, 0xfe, 0x7f, 0xff, 0x12, 0xc2};
    const struct small_run run = {0, FRAMES};
    struct small_dump dump = small_full32(&run, 1, 1);
    memset(dump.bytes + dump.first_page, 0, FRAMES * PAGE);
    put(&dump, dump.first_page + DIRECTORY * PAGE + 0x200 * 4, 0xe3, 4);
    put(&dump, dump.first_page + DIRECTORY * PAGE, 0xe7, 4);
    put_at(&dump, DIRECTORY * PAGE + 0x3ff * 4, TABLE * PAGE | 0x63, 4); /* 0xffdf0000 */
    put_at(&dump, TABLE * PAGE + 0x1f0 * 4, SHARED * PAGE | 0x63, 4);
    put_at(&dump, SHARED * PAGE + 0x300, X86_INT_2E, 4); /* SystemCall, SystemCallReturn */
    put_at(&dump, SHARED * PAGE + 0x304, X86_RETURN, 4);
    put(&dump, 0x10, DIRECTORY * PAGE, 4);
    put(&dump, 0x18, 0, 4);
    put(&dump, 0x24, 0, 4); /* NumberProcessors */
    put(&dump, 0x60, 0, 4);
    put_x86(&dump, symbols, X86_THREAD, "_ETHREAD", "Tcb.TrapFrame", X86_FRAME, 4);
    put_x86(&dump, symbols, X86_FRAME, "_KTRAP_FRAME", "Eip", eip, 4);
    put_x86(&dump, symbols, X86_FRAME, "_KTRAP_FRAME", "SegCs", 0x1b, 4);
    put_x86(&dump, symbols, X86_FRAME, "_KTRAP_FRAME", "HardwareEsp", X86_STACK, 4);
    put_at(&dump, X86_STACK, X86_STUB + 12, 4);
    put_at(&dump, X86_STACK + 8, 0x1c0, 4);
    for (size_t i = 0; i < sizeof stub; i++)
        put_at(&dump, X86_STUB + (uint32_t)i, stub[i], 1);
    return dump;
}

struct x86 {
    struct small_dump dump;
    struct target *target;
    struct thread_reader reader;
};

static void open_x86(struct x86 *x86) {
    struct error err = {.message = ""};
    if (target_open_bytes(&err, "machine", x86->dump.bytes, x86->dump.size, &x86->target))
        fail_msg("%s", err.message);
    x86->target->symbols = builtin_symbols("nt-2600-x86");
    x86->target->match = MATCH_PROVED;
    thread_reader_init(&x86->reader, x86->target);
}

static void close_x86(struct x86 *x86) {
    thread_reader_deinit(&x86->reader);
    target_close(x86->target);
    small_free(&x86->dump);
}

static void stub_gives_the_number(void **state) {
    (void)state;
    struct symbols *symbols = builtin_symbols("nt-2600-x86");
    const uint32_t places[] = {X86_RETURN, X86_INT_2E + 6};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct x86 x86 = {.dump = x86_machine(symbols, places[i])};
        open_x86(&x86);
        struct thread_frame frame = thread_frame_read(&x86.reader, X86_THREAD, 5);
        assert_int_equal(frame.rip.value, places[i]);
        assert_int_equal(frame.entered, ENTERED_SERVICE);
        struct thread_call call = thread_call_read(&x86.reader, X86_THREAD, &frame, x86.target->vm);
        assert_int_equal(call.number.state, READ_PRESENT);
        assert_int_equal(call.number.value, 0x119);
        assert_int_equal(call.first_argument.value, 0x1c0);
        /* Without user memory nothing is known, and it is said why. */
        call = thread_call_read(&x86.reader, X86_THREAD, &frame, NULL);
        assert_false(call.number.absent);
        assert_int_equal(call.number.state, READ_NOT_IN_DUMP);
        assert_int_equal(call.first_argument.state, READ_NOT_IN_DUMP);
        close_x86(&x86);
    }
    symbols_free(symbols);
}

static void other_code_gives_none(void **state) {
    (void)state;
    struct symbols *symbols = builtin_symbols("nt-2600-x86");
    struct x86 x86 = {.dump = x86_machine(symbols, X86_RETURN)};
    put_at(&x86.dump, X86_STUB + 10, 0xe8, 1);
    open_x86(&x86);
    struct thread_frame frame = thread_frame_read(&x86.reader, X86_THREAD, 5);
    struct thread_call call = thread_call_read(&x86.reader, X86_THREAD, &frame, x86.target->vm);
    assert_int_equal(call.number.state, READ_BAD_VALUE);
    close_x86(&x86);
    x86.dump = x86_machine(symbols, X86_STUB); /* somewhere else in user mode */
    open_x86(&x86);
    assert_int_equal(thread_frame_read(&x86.reader, X86_THREAD, 1).entered, ENTERED_OTHER);
    close_x86(&x86);
    x86.dump = x86_machine(symbols, X86_STUB);
    put_at(&x86.dump, TABLE * PAGE + 0x1f0 * 4, 0, 4); /* no shared page */
    open_x86(&x86);
    assert_int_equal(thread_frame_read(&x86.reader, X86_THREAD, 1).entered, ENTERED_UNKNOWN);
    close_x86(&x86);
    symbols_free(symbols);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_come_in_the_executives_order),
        cmocka_unit_test(each_list_has_threads_of_its_own),
        cmocka_unit_test(lists_that_lie_end),
        cmocka_unit_test(service_frame_gives_the_call),
        cmocka_unit_test(other_frames_are_no_calls),
        cmocka_unit_test(kernel_frame_leads_to_the_users),
        cmocka_unit_test(threads_without_a_frame),
        cmocka_unit_test(running_thread_is_where_its_processor_is),
        cmocka_unit_test(stub_gives_the_number),
        cmocka_unit_test(other_code_gives_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
