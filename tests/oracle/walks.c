/* walks.c - both walks, step by step. */
#include "walks.h"

#include <inttypes.h>

const struct form forms[FORMS] = {
    {"x64",
     VM_X64,
     {ADDRXLAT_PTE_X86_64, 5, {12, 9, 9, 9, 9}},
     8,
     0x000ffffffffff000,
     0x000ffffffffff000,
     47},
    {"LA57",
     VM_X64_LA57,
     {ADDRXLAT_PTE_X86_64, 6, {12, 9, 9, 9, 9, 9}},
     8,
     0x000ffffffffff000,
     0x000ffffffffff000,
     56},
    {"x86", VM_X86, {ADDRXLAT_PTE_IA32, 3, {12, 10, 10}}, 4, 0xfffff000, 0xfffff000, 0},
    {"x86 PAE",
     VM_X86_PAE,
     {ADDRXLAT_PTE_IA32_PAE, 4, {12, 9, 9, 2}},
     8,
     0x000ffffffffff000,
     0xffffffe0,
     0},
};

unsigned levels_of(const struct form *form) {
    return form->oracle.nfields - 1;
}

const uint8_t *find_page(const struct memory *memory, uint64_t frame) {
    const uint8_t *page;
    if (!memory->frames) /* of a forged dump: the image is all there is */
        return image_page(memory->image, frame, &page) == READ_PRESENT ? page : NULL;
    for (size_t low = 0, high = memory->count; low < high;) {
        size_t middle = (low + high) / 2;
        if (memory->frames[middle] == frame)
            return memory->pages[middle];
        if (memory->frames[middle] < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static addrxlat_status get_page(const addrxlat_cb_t *callbacks, addrxlat_buffer_t *buffer) {
    struct memory *memory = callbacks->priv;
    const uint8_t *page = find_page(memory, buffer->addr.addr / PAGE);
    if (!page)
        return addrxlat_ctx_err(memory->context, ADDRXLAT_ERR_NODATA, "no page");
    buffer->addr.addr &= ~(uint64_t)(PAGE - 1);
    buffer->ptr = page;
    buffer->size = PAGE;
    buffer->byte_order = ADDRXLAT_LITTLE_ENDIAN;
    return ADDRXLAT_OK;
}

static unsigned long read_caps(const addrxlat_cb_t *callbacks) {
    (void)callbacks;
    return ADDRXLAT_CAPS(ADDRXLAT_MACHPHYSADDR);
}

void memory_start(struct memory *memory, const struct form *form) {
    memory->form = form;
    memory->context = addrxlat_ctx_new();
    assert_non_null(memory->context);
    addrxlat_cb_t *callbacks = addrxlat_ctx_add_cb(memory->context);
    assert_non_null(callbacks);
    callbacks->priv = memory;
    callbacks->get_page = get_page;
    callbacks->read_caps = read_caps;
}

uint64_t extend(const struct form *form, uint64_t address) {
    if (!form->sign || !(address >> form->sign & 1))
        return address;
    return address | ~(((uint64_t)1 << form->sign) - 1);
}

addrxlat_meth_t method_of(const struct form *form, uint64_t root) {
    addrxlat_meth_t method = {.kind = ADDRXLAT_PGT, .target_as = ADDRXLAT_MACHPHYSADDR};
    method.param.pgt.root =
        (addrxlat_fulladdr_t){.as = ADDRXLAT_MACHPHYSADDR, .addr = root & form->root_bits};
    method.param.pgt.pf = form->oracle;
    return method;
}

/* What of an oracle's walk is not in its step. */
struct oracle {
    bool transition;
    unsigned level; /* of the entry that maps the page */
};

/* libaddrxlat knows no transition PTEs, but its walk can be taken up behind one. The entries at the
 * top of PAE are no PTEs. Behind an entry that maps a large page it leaves the levels below out. */
static addrxlat_status oracle_walk(const struct form *form, addrxlat_step_t *step, uint64_t address,
                                   struct oracle *oracle) {
    addrxlat_status status = addrxlat_launch(step, address);
    *oracle = (struct oracle){.level = 1};
    while (status == ADDRXLAT_OK && step->remain) {
        unsigned before = step->remain;
        status = addrxlat_step(step);
        if (status == ADDRXLAT_OK && before - step->remain > 1)
            oracle->level = before - 1;
        bool is_pte = form->paging != VM_X86_PAE || step->remain < 3;
        if (status == ADDRXLAT_ERR_NOTPRESENT && is_pte && (step->raw.pte & 0xc01) == 0x800) {
            step->base.addr = step->raw.pte & form->address_bits;
            step->base.as = ADDRXLAT_MACHPHYSADDR;
            if (step->remain == 1)
                step->elemsz = 1;
            oracle->transition = true;
            status = ADDRXLAT_OK;
        }
    }
    return status;
}

static uint64_t page_size_of(const struct form *form, unsigned level) {
    unsigned shift = 0;
    for (unsigned field = 0; field < level; field++)
        shift += form->oracle.fieldsz[field];
    return (uint64_t)1 << shift;
}

enum outcome compare(struct memory *memory, struct vm *vm, const addrxlat_meth_t *method,
                     uint64_t address) {
    addrxlat_step_t step = {.ctx = memory->context, .sys = NULL, .meth = method};
    struct oracle oracle;
    addrxlat_status status = oracle_walk(memory->form, &step, address, &oracle);
    addrxlat_ctx_clear_err(memory->context);
    struct vm_translation walk = vm_translate(vm, address);
    switch (status) {
    case ADDRXLAT_OK:
        if (walk.state != READ_PRESENT || walk.physical != step.base.addr ||
            walk.entry != step.raw.pte || walk.transition != oracle.transition ||
            walk.page_size != page_size_of(memory->form, oracle.level))
            break;
        return oracle.transition ? IN_TRANSITION : TRANSLATED;
    case ADDRXLAT_ERR_NOTPRESENT:
        if (walk.state < READ_NOT_MAPPED || walk.state > READ_DEMAND_ZERO ||
            walk.entry != step.raw.pte || walk.entry_address != step.base.addr ||
            walk.level != step.remain)
            break;
        return STOPPED;
    case ADDRXLAT_ERR_NODATA:
        if (walk.state != READ_NOT_IN_DUMP || walk.physical != step.base.addr ||
            walk.page_size != 0)
            break;
        return TABLE_MISSING;
    case ADDRXLAT_ERR_INVALID:
        if (walk.state != READ_NON_CANONICAL)
            break;
        return NO_ADDRESS;
    default:
        break;
    }
    fail_msg("0x%" PRIx64 ": oracle %d, 0x%" PRIx64 ", entry 0x%" PRIx64 ", level %u; "
             "ours %s, 0x%" PRIx64 ", entry 0x%" PRIx64 ", level %u, page 0x%" PRIx64,
             address, (int)status, (uint64_t)step.base.addr, (uint64_t)step.raw.pte,
             status == ADDRXLAT_OK ? oracle.level : (unsigned)step.remain,
             read_state_name(walk.state), walk.physical, walk.entry, walk.level, walk.page_size);
    return OUTCOMES;
}

void print_outcomes(const char *name, const size_t outcomes[OUTCOMES]) {
    print_message("%s: %zu pages translated, %zu through transition PTEs, %zu stopped, %zu without "
                  "a table, %zu not canonical\n",
                  name, outcomes[TRANSLATED], outcomes[IN_TRANSITION], outcomes[STOPPED],
                  outcomes[TABLE_MISSING], outcomes[NO_ADDRESS]);
}
