/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors below cli/ are 0 or -errno. The kernel has one number that libc does not know.
 */
#ifndef SKEP_BASE_ERR_H
#define SKEP_BASE_ERR_H

#include <errno.h>

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's internal "not supported", visible through bpf(2) */
#endif

#endif
