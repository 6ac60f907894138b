/* SPDX-License-Identifier: BSD-2-Clause */
/* What a packet program returns: the UAPI's XDP_* and TC_ACT_*. */
#ifndef SKEP_PKT_VERDICT_H
#define SKEP_PKT_VERDICT_H

enum xdp_verdict {
#define XDP_VERDICT(id, value, name) XDP_##id = value,
#include "spec/xdp_verdicts.def"
#undef XDP_VERDICT
};

enum tc_verdict {
#define TC_VERDICT(id, value, name) TC_ACT_##id = value,
#include "spec/tc_verdicts.def"
#undef TC_VERDICT
};

#endif
