/* executable.c - fuzz target: any bytes as an executable file, with symbols for its services. */
#include "analyses/executable.h"
#include "symbols/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the seeds have their service table. */
static struct symbols *places(void) {
    static const char profile[] =
        "{\"arch\":\"x64\",\"build\":10240,\"name\":\"small\",\"origin\":\"a test\",\"pdb\":null,"
        "\"precision\":{\"enums\":true,\"kinds\":true,\"pointees\":true},\"revision\":null,"
        "\"schema\":\"ntdrift-profile/1\",\"symbols\":{\"KiArgumentTable\":\"0x4110\","
        "\"KiServiceLimit\":\"0x4100\",\"KiServiceTable\":\"0x4000\"},\"types\":{}}";
    struct symbols *symbols = NULL;
    symbols_parse(NULL, "small", profile, sizeof profile - 1, &symbols);
    return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target *target;
    struct text snapshot = TEXT_EMPTY;
    if (target_open_executable_bytes(NULL, "input", data, size, &target) != STATUS_OK)
        return 0;
    target->symbols = places();
    target->match = target->symbols ? MATCH_EXACT : MATCH_NONE;
    executable_assemble(target, &snapshot);
    text_deinit(&snapshot);
    target_close(target);
    return 0;
}
