/*
 * handle_service.h - which system services take a handle as their first argument.
 *
 * Without it a small number (an information class, a count) reads like a handle that the process
 * happens to have. Services of win32k are not among them: their handles are not the Object
 * Manager's.
 */
#ifndef NTDRIFT_KERNEL_HANDLE_SERVICE_H
#define NTDRIFT_KERNEL_HANDLE_SERVICE_H

#include <stdbool.h>

/* `name` as in service tables: "NtReadFile". */
bool service_takes_handle(const char *name);

#endif
