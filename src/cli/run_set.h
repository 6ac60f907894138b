/* SPDX-License-Identifier: BSD-2-Clause */
/* `skep run --set MAP[KEY]=VALUE`: filling maps before the packets, as a control plane would. */
#ifndef SKEP_CLI_RUN_SET_H
#define SKEP_CLI_RUN_SET_H

#include "object/object.h"

/*
 * Carries out one --set. Keys and values are numbers (host order, as wide as the map says), IPv4
 * addresses (network order), hex:0011aa… (as they stand); values are also names: of an interface
 * (its index), or of a program or map of the object where the map holds such. CLI_OK, or an exit
 * code after a message.
 */
int run_set(struct object *object, const char *arg);

/* The VALUE in @arg, "" when it has none. */
const char *run_set_value(const char *arg);

#endif
