/* object_place.c - to which session a name belongs. */
#include "test.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/object_place.h"

#define SID "S-1-5-21-1180699209-877415012-3182924384-1001"

static const struct {
    const char *type, *name;
    enum object_scope scope;
    uint32_t number;
    const char *user;
} places[] = {
    {"Event", "\\BaseNamedObjects\\Ready", SCOPE_GLOBAL, 0, NULL},
    {"Event", "\\KernelObjects\\LowMemoryCondition", SCOPE_GLOBAL, 0, NULL},
    {"ALPC Port", "\\RPC Control\\ntsvcs", SCOPE_GLOBAL, 0, NULL},
    {"Section", "\\Sessions\\1\\BaseNamedObjects\\x", SCOPE_SESSION, 1, NULL},
    {"Section", "\\sessions\\4294967295\\x", SCOPE_SESSION, UINT32_MAX, NULL},
    {"Section", "\\Sessions\\4294967296\\x", SCOPE_GLOBAL, 0, NULL}, /* no id has as many bits */
    {"Section", "\\Sessions\\BNOLINKS\\1", SCOPE_GLOBAL, 0, NULL},
    {"Section", "\\Sessions\\1x\\y", SCOPE_GLOBAL, 0, NULL},
    {"Section", "\\Sessions\\", SCOPE_GLOBAL, 0, NULL},
    {"Mutant", "\\Sessions\\0\\DosDevices\\x", SCOPE_SESSION, 0, NULL},
    {"Mutant", "\\...\\Cor_SxSPublic_IPCBlock", SCOPE_PRIVATE, 0, NULL},
    {"Mutant", "\\...x\\y", SCOPE_GLOBAL, 0, NULL},
    {"Mutant", "orphan", SCOPE_MACHINE, 0, NULL},
    {"Event", "\\Silos\\1204\\BaseNamedObjects\\x", SCOPE_SILO, 1204, NULL},
    {"Event", "\\Silos\\1204\\Sessions\\3\\BaseNamedObjects\\x", SCOPE_SESSION, 3, NULL},
    {"Event", "\\Silos\\all\\x", SCOPE_GLOBAL, 0, NULL},
    {"File", "\\Device\\HarddiskVolume2\\Sessions\\1\\x", SCOPE_MACHINE, 0, NULL},
    {"File", "\\Device\\NamedPipe\\wkssvc", SCOPE_MACHINE, 0, NULL},
    {"File", "\\Device\\NamedPipe\\Sessions\\2\\AppContainerNamedObjects\\S-1-15-2-1\\x",
     SCOPE_SESSION, 2, NULL},
    {"File", "\\Sessions\\1\\x", SCOPE_MACHINE, 0, NULL}, /* a file without its device */
    {"Key", "\\REGISTRY\\MACHINE\\SOFTWARE", SCOPE_MACHINE, 0, NULL},
    {"Key", "\\REGISTRY\\USER", SCOPE_MACHINE, 0, NULL},
    {"Key", "\\REGISTRY\\USER\\", SCOPE_MACHINE, 0, NULL},
    {"Key", "\\REGISTRY\\USER\\" SID, SCOPE_USER, 0, SID},
    {"Key", "\\Registry\\User\\" SID "\\Software", SCOPE_USER, 0, SID},
    {"Key", "\\REGISTRY\\USER\\" SID "_CLASSES\\CLSID", SCOPE_USER, 0, SID},
    {"Key", "\\REGISTRY\\USER\\.DEFAULT\\Control Panel", SCOPE_USER, 0, "S-1-5-18"},
    {"Key", "\\REGISTRY\\USER\\_Classes", SCOPE_USER, 0, "_Classes"},
    {"Key", "\\REGISTRY\\A\\{5C1B0C9B}", SCOPE_MACHINE, 0, NULL},
};

static void test_places(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct object_place place = object_place(places[i].type, places[i].name);
        if (place.scope != places[i].scope || place.number != places[i].number)
            fail_msg("%s: %s %u", places[i].name, object_scope_name(place.scope), place.number);
        const char *user = places[i].user;
        assert_int_equal(place.user_length, user ? strlen(user) : 0);
        if (user)
            assert_memory_equal(place.user, user, place.user_length);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
