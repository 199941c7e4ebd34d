/* system_images.c - the processes that Windows itself starts, by the name that EPROCESS keeps.
 *
 * Source: Windows Internals, Part 1, 7th edition (2017), chapters 2 ("System processes") and 5
 * ("Minimal and Pico processes"), and Microsoft's documentation of virtualization-based security
 * for Secure System. */
#include "differ/comparisons/process.h"

#include <string.h>

/* ImageFileName has 15 bytes with its NUL. */
#define IMAGE_NAME_LENGTH 14

/* `steady`: it runs as long as its session does, so that its absence says something. Idle always
 * runs, but is on no list before the Memory Manager's, which XP does not have. */
const struct system_image system_images[] = {
    {"Idle", false},          {"System", true},         {"Secure System", true},
    {"Registry", true},       {"MemCompression", true}, {"smss.exe", true},
    {"csrss.exe", true},      {"wininit.exe", true},    {"winlogon.exe", true},
    {"services.exe", true},   {"lsass.exe", true},      {"LsaIso.exe", true},
    {"lsm.exe", true},        {"svchost.exe", true},    {"fontdrvhost.exe", true},
    {"dwm.exe", true},        {"logonui.exe", false},   {"userinit.exe", false},
    {"explorer.exe", true},   {"sihost.exe", true},     {"taskhost.exe", true},
    {"taskhostex.exe", true}, {"taskhostw.exe", true},  {NULL, false},
};

bool system_image_is(const struct system_image *image, const char *name) {
    if (strlen(image->name) <= IMAGE_NAME_LENGTH)
        return strcmp(image->name, name) == 0;
    return strlen(name) >= IMAGE_NAME_LENGTH && strncmp(image->name, name, strlen(name)) == 0;
}
