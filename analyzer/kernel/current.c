/* current.c - the copies of the current processor, thread and process, put in their places. */
#include "kernel/current.h"

#include "image/triage.h"
#include "kernel/address.h"

/* The little-endian integer at the offset that KDBG member `member` names. */
static bool read_at(const struct target *target, const struct triage_part *part, const char *member,
                    size_t size, uint64_t *value) {
    uint64_t offset;
    uint8_t bytes[8];
    if (!kdbg_value(&target->kdbg, member, &offset) || offset == 0 ||
        !triage_read(target->image, part, offset, bytes, size))
        return false;
    *value = 0;
    for (size_t i = size; i-- > 0;)
        *value = *value << 8 | bytes[i];
    return true;
}

static bool is_kernel(const struct target *target, uint64_t address) {
    return address >= first_kernel_address(target->vm);
}

static uint64_t prcb_address(const struct target *target, const struct triage_part *part) {
    uint64_t number, block, declared = 0, prcb = 0;
    image_header_value(target->image, "NumberProcessors", &declared);
    if (!read_at(target, part, "OffsetPrcbNumber", 4, &number) || number >= declared ||
        !kdbg_value(&target->kdbg, "KiProcessorBlock", &block) ||
        vm_read_u64(target->vm, block + 8 * number, &prcb) != READ_PRESENT ||
        !is_kernel(target, prcb))
        return 0;
    return prcb;
}

static uint64_t pointer_at(const struct target *target, const struct triage_part *part,
                           const char *member) {
    uint64_t address;
    return read_at(target, part, member, 8, &address) && is_kernel(target, address) ? address : 0;
}

/* As much of the copy as the structure is long. */
static void map(struct target *target, const struct triage_part *part, uint64_t address,
                const char *size_member) {
    uint64_t size = 0;
    if (address && kdbg_value(&target->kdbg, size_member, &size) && size)
        image_map(target->image, address, part->offset, size < part->size ? size : part->size);
}

void current_map(struct target *target) {
    const struct triage *triage = image_triage(target->image);
    if (!triage)
        return;
    struct current *current = &target->current;
    current->prcb = prcb_address(target, &triage->prcb);
    current->thread = pointer_at(target, &triage->prcb, "OffsetPrcbCurrentThread");
    current->process = pointer_at(target, &triage->thread, "OffsetKThreadApcProcess");
    map(target, &triage->prcb, current->prcb, "SizePrcb");
    map(target, &triage->thread, current->thread, "SizeEThread");
    map(target, &triage->process, current->process, "SizeEProcess");
}
