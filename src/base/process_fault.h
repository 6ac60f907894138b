/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process's signal handlers for faults in registered code (base/process_code.h says what they
 * do). Private to that file.
 */
#ifndef SKEP_BASE_PROCESS_FAULT_H
#define SKEP_BASE_PROCESS_FAULT_H

#include "base/types.h"

/* Installs the handlers unless it was done before. 0 or -errno. Thread-safe. */
int process_fault_catch(void) must_check;

#endif
