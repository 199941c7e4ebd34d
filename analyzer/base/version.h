/* version.h - the one place where the version stands. */
#ifndef NTDRIFT_BASE_VERSION_H
#define NTDRIFT_BASE_VERSION_H

#define NTDRIFT_VERSION "0.1.0"

#endif
