/* executable.c - the first inputs of the executable target: an ntdll.dll, kernels of each form. The
 * end-to-end tests read them too. */
#include <errno.h>
#include <sys/stat.h>

#include "small_pe.h"

static int write_seed(const char *folder, const char *name, struct small_pe *pe) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    int failed = !file || fwrite(pe->bytes, 1, pe->size, file) != pe->size;
    free(pe);
    return (file && fclose(file)) || failed;
}

int main(int argc, char **argv) {
    if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    return write_seed(argv[1], "ntdll.dll", pe_ntdll()) ||
           write_seed(argv[1], "ntoskrnl-pointers.exe", pe_kernel(true, true)) ||
           write_seed(argv[1], "ntoskrnl-rvas.exe", pe_kernel(true, false)) ||
           write_seed(argv[1], "ntoskrnl-x86.exe", pe_kernel(false, true));
}
