/* assembly.c - machine code as a listing. */
#include "reports/assembly.h"

#include <Zydis/Zydis.h>
#include <inttypes.h>
#include <string.h>

/* Where Windows maps KUSER_SHARED_DATA in every process (ntddk.h). */
#define SHARED_USER_DATA      0x7ffe0000u
#define SHARED_USER_DATA_SIZE 0x1000u

#define BYTES_WIDTH 18 /* digits; the longest instruction of a known stub has 16 */

struct listing {
    struct text *out;
    uint8_t code[ASSEMBLY_MOST];
    size_t length;
    ZydisDecoder decoder;
    ZydisFormatter formatter;
};

static int digit(char character) {
    static const char digits[] = "0123456789abcdef";
    const char *found = character ? strchr(digits, character) : NULL;
    return found ? (int)(found - digits) : -1;
}

static bool read_bytes(struct listing *listing, const char *bytes) {
    for (listing->length = 0; *bytes; bytes += 2) {
        int high = digit(bytes[0]);
        int low = high < 0 ? -1 : digit(bytes[1]);
        if (low < 0 || listing->length == ASSEMBLY_MOST)
            return false;
        listing->code[listing->length++] = (uint8_t)(high << 4 | low);
    }
    return listing->length > 0;
}

static void set_up(struct listing *listing, bool is_64_bit) {
    ZydisDecoderInit(&listing->decoder,
                     is_64_bit ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     is_64_bit ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    static const struct {
        ZydisFormatterProperty property;
        ZyanUPointer value;
    } style[] = {
        {ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE},
        {ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED},
        {ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE, ZYDIS_PADDING_DISABLED},
        {ZYDIS_FORMATTER_PROP_ADDR_PADDING_RELATIVE, ZYDIS_PADDING_DISABLED},
    };
    ZydisFormatterInit(&listing->formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    for (size_t i = 0; i < sizeof style / sizeof *style; i++)
        ZydisFormatterSetProperty(&listing->formatter, style[i].property, style[i].value);
}

static void write_line(struct listing *listing, size_t offset, size_t length,
                       const char *instruction) {
    text_printf(listing->out, "+0x%02zx  ", offset);
    for (size_t i = 0; i < length; i++)
        text_printf(listing->out, "%02x", listing->code[offset + i]);
    int padding = 2 * length < BYTES_WIDTH ? (int)(BYTES_WIDTH - 2 * length) : 1;
    text_printf(listing->out, "%*s%s", padding, "", instruction);
}

/* What an operand's address means in every process. */
static void write_remark(struct listing *listing, const ZydisDecodedInstruction *instruction,
                         const ZydisDecodedOperand *operands) {
    for (size_t i = 0; i < instruction->operand_count_visible; i++) {
        uint64_t address = (uint64_t)operands[i].mem.disp.value;
        bool is_shared = operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                         address >= SHARED_USER_DATA &&
                         address < SHARED_USER_DATA + SHARED_USER_DATA_SIZE;
        if (is_shared)
            text_printf(listing->out, "  ; SharedUserData+0x%" PRIx64, address - SHARED_USER_DATA);
    }
}

/* Gives the length of what it listed. A jump's target is an offset in the stub, as the lines are.
 */
static size_t list_instruction(struct listing *listing, size_t offset) {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char words[128];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&listing->decoder, listing->code + offset,
                                             listing->length - offset, &instruction, operands)) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&listing->formatter, &instruction, operands,
                                                      instruction.operand_count_visible, words,
                                                      sizeof words, offset, NULL))) {
        write_line(listing, offset, 1, "db\n");
        return 1;
    }
    write_line(listing, offset, instruction.length, words);
    write_remark(listing, &instruction, operands);
    text_putc(listing->out, '\n');
    return instruction.length;
}

bool assembly_list(struct text *out, const char *bytes, bool is_64_bit) {
    struct listing listing = {.out = out};
    if (!read_bytes(&listing, bytes))
        return false;
    set_up(&listing, is_64_bit);
    for (size_t offset = 0; offset < listing.length;)
        offset += list_instruction(&listing, offset);
    return true;
}
