/*
 * address.h - where kernel addresses begin on x64: the upper half of the canonical addresses
 * (Intel SDM volume 1, 3.3.7.1), all of which Windows keeps for the kernel.
 */
#ifndef NTDRIFT_KERNEL_ADDRESS_H
#define NTDRIFT_KERNEL_ADDRESS_H

#define FIRST_KERNEL_ADDRESS 0xffff800000000000

#endif
