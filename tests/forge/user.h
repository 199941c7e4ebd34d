/*
 * user.h - addresses in user space that other parts write down too.
 */
#ifndef FORGE_USER_H
#define FORGE_USER_H

#include "machine.h"

#define WOW64_PEB 0x7efdf000ull

enum { MOST_USER_IMAGES = 16 };

uint64_t usual_peb(const struct machine *machine);
uint64_t main_image_base(const struct machine *machine, const struct process *process);

#endif
