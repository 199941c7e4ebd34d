/*
 * processor_threads.h - processors that KiProcessorBlock does not give, because its page is not in
 * the dump: a thread remembers the processor it waited on last (_KTHREAD.WaitPrcb).
 */
#ifndef NTDRIFT_KERNEL_PROCESSOR_THREADS_H
#define NTDRIFT_KERNEL_PROCESSOR_THREADS_H

#include "kernel/processor.h"

/* Fills the entries of `block` that could not be read from the threads of the processes on
 * ActiveProcessLinks; marks them `by_thread`. An address counts only where a _KPCR lies around it
 * that names itself and it. Looks at some thousand threads at the most. */
void processor_block_complete(const struct target *target, struct processor_block *block);

#endif
