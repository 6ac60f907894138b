/* SPDX-License-Identifier: BSD-2-Clause */
#include "skep/skep.h"

const char *skep_version(void)
{
	return SKEP_VERSION;
}
