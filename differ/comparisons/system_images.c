/* system_images.c - the processes that Windows itself starts, by the name that EPROCESS keeps.
 *
 * Source: Windows Internals, Part 1, 7th edition (2017), chapters 2 ("System processes") and 5
 * ("Minimal and Pico processes"), and Microsoft's documentation of virtualization-based security
 * for Secure System. */
#include "differ/comparisons/process.h"

#include <string.h>

/* ImageFileName has 15 bytes with its NUL. */
#define IMAGE_NAME_LENGTH 14

/* Idle always runs, but is on no list before the Memory Manager's, which XP does not have. */
const struct system_image system_images[] = {
    {"Idle", false, false},           {"System", true, false},
    {"Secure System", true, false},   {"Registry", true, false},
    {"MemCompression", true, false},  {"smss.exe", true, false},
    {"csrss.exe", true, false},       {"wininit.exe", true, false},
    {"winlogon.exe", true, false},    {"services.exe", true, false},
    {"lsass.exe", true, false},       {"LsaIso.exe", true, false},
    {"lsm.exe", true, false},         {"svchost.exe", true, false},
    {"fontdrvhost.exe", true, false}, {"dwm.exe", true, false},
    {"logonui.exe", false, false},    {"userinit.exe", false, false},
    {"explorer.exe", true, false},    {"sihost.exe", true, false},
    {"taskhost.exe", true, true},     {"taskhostex.exe", true, true},
    {"taskhostw.exe", true, true},    {NULL, false, false},
};

bool system_image_is(const struct system_image *image, const char *name) {
    if (strlen(image->name) <= IMAGE_NAME_LENGTH)
        return strcmp(image->name, name) == 0;
    return strlen(name) >= IMAGE_NAME_LENGTH && strncmp(image->name, name, strlen(name)) == 0;
}

const struct system_image *system_image_find(const char *name) {
    for (const struct system_image *image = system_images; image->name; image++)
        if (system_image_is(image, name))
            return image;
    return NULL;
}
