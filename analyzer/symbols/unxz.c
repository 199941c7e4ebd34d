/* unxz.c - .xz by liblzma. */
#include "symbols/unxz.h"

#include <inttypes.h>
#include <lzma.h>
#include <string.h>

#include "base/memory.h"

/* A dictionary of 64 MiB is what `xz -9` makes, and takes 65 MiB to decompress (xz(1)). */
#define MEMORY_LIMIT ((uint64_t)96 << 20)

bool unxz_wanted(const char *bytes, size_t length) {
    /* The .xz File Format, 2.1.1.1 "Header Magic Bytes". */
    static const char magic[6] = {(char)0xfd, '7', 'z', 'X', 'Z', 0};
    return length >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

static const char *explain(lzma_ret result) {
    static const struct {
        lzma_ret result;
        const char *text;
    } texts[] = {
        {LZMA_MEMLIMIT_ERROR, "needs more than 96 MiB of memory"},
        {LZMA_FORMAT_ERROR, "not in the .xz format"},
        {LZMA_OPTIONS_ERROR, "uses options that liblzma does not know"},
        {LZMA_BUF_ERROR, "ends too early"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (texts[i].result == result)
            return texts[i].text;
    return "is damaged";
}

static enum status decode(struct error *err, lzma_stream *stream, size_t length, size_t limit,
                          struct text *content) {
    uint8_t block[1 << 16];
    lzma_ret result = LZMA_OK;
    while (result == LZMA_OK) {
        stream->next_out = block;
        stream->avail_out = sizeof block;
        result = lzma_code(stream, LZMA_FINISH);
        size_t got = sizeof block - stream->avail_out;
        if (got > limit - content->length)
            return fail(err, STATUS_FORMAT, "decompresses to more than %zu bytes", limit);
        text_append(content, (const char *)block, got);
    }
    if (result != LZMA_STREAM_END)
        return fail(err, STATUS_FORMAT, "compressed data %s (offset %" PRIu64 " of %zu)",
                    explain(result), stream->total_in, length);
    return STATUS_OK;
}

enum status unxz(struct error *err, const char *bytes, size_t length, size_t limit,
                 struct text *content) {
    lzma_stream stream AUTO(lzma_end) = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, MEMORY_LIMIT, LZMA_CONCATENATED) != LZMA_OK)
        return fail(err, STATUS_IO, "cannot start liblzma");
    stream.next_in = (const uint8_t *)bytes;
    stream.avail_in = length;
    text_init(content);
    enum status status = decode(err, &stream, length, limit, content);
    if (status)
        text_deinit(content);
    return status;
}
