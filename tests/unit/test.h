/*
 * test.h - cmocka with the headers it wants before it. Its macro fail() gives way to
 * base/status.h; a test that fails without a condition says fail_msg().
 */
#ifndef NTDRIFT_TESTS_TEST_H
#define NTDRIFT_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail
#undef fail_msg
/* cmocka's own says fail(). */
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error("ERROR: " __VA_ARGS__);                                                        \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#endif
