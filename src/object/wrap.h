/* SPDX-License-Identifier: BSD-2-Clause */
/* libc's syscall() as our copy of libbpf sees it. Called by nobody in this tree by name. */
#ifndef SKEP_OBJECT_WRAP_H
#define SKEP_OBJECT_WRAP_H

#include <stdio.h>

long loader_syscall(long nr, ...);
/* The linker's name for it under --wrap=syscall; skep_enter() (include/skep/object.h) uses it. */
__attribute__((visibility("default"))) long __wrap_syscall(long nr, ...);

/* libc's stderr for that copy, whose code can only reach variables of its own library. */
extern FILE *loader_stderr;

#endif
