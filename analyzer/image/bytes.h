/* bytes.h - little-endian integers out of bytes of any alignment. The caller checks bounds. */
#ifndef NTDRIFT_IMAGE_BYTES_H
#define NTDRIFT_IMAGE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t load_u16(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return le16toh(value);
}

static inline uint32_t load_u32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

static inline uint64_t load_u64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

/* An integer of `size` bytes: 1, 2, 4 or 8. */
static inline uint64_t load_integer(const uint8_t *bytes, unsigned size) {
    return size == 8 ? load_u64(bytes)
                     : (size == 4 ? load_u32(bytes) : (size == 2 ? load_u16(bytes) : *bytes));
}

#endif
