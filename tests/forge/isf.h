/*
 * isf.h - symbol files for what was forged, as Volatility 3 reads them (ISF): of the kernel, with
 * the types of the layout, and of each image in user space.
 */
#ifndef FORGE_ISF_H
#define FORGE_ISF_H

#include "machine.h"

/* Writes FOLDER/NAME.pdb/GUID-AGE.json for each. */
void write_symbol_files(struct machine *machine, const char *folder);

#endif
