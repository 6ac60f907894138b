/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_redirect, bpf_redirect_map and bpf_clone_redirect. The first two only note the target in the
 * run; whoever runs the program looks at it when the verdict says REDIRECT, as xdp_do_redirect and
 * skb_do_redirect do. Whether the target exists is not asked here: in the kernel, too, the packet
 * is then lost later.
 */
#include "base/bytes.h"
#include "base/err.h"
#include "helper/packet.h"
#include "map/map.h"
#include "pkt/pkt.h"
#include "pkt/verdict.h"
#include "prog/prog.h"

#define F_INGRESS	  1u
#define F_BROADCAST	  8u
#define F_EXCLUDE_INGRESS 16u
#define F_ACTION_MASK	  3u /* the verdict when the map has no such entry */

HELPER_FN(redirect)
{
	bool xdp = run->prog->type == PROG_TYPE_XDP;

	if (r2 & ~(u64)(xdp ? 0 : F_INGRESS))
		return xdp ? (u64)XDP_ABORTED : (u64)TC_ACT_SHOT;
	run->redirect = (struct run_redirect){ .ifindex = (u32)r1, .flags = r2 };
	return xdp ? (u64)XDP_REDIRECT : (u64)TC_ACT_REDIRECT;
}

/* The copy leaves at once; the verdict on the packet itself is still to come. */
HELPER_FN(clone_redirect)
{
	struct pkt *pkt = helper_pkt(r1);

	if (r3 & ~(u64)F_INGRESS || !pkt->clone)
		return helper_err(-EINVAL);
	return helper_err(pkt->clone(pkt->clone_cookie, pkt, (u32)r2, r3));
}

/* The entry's interface, 0 when the map has none. Both devmaps' values begin with the ifindex. */
static u32 redirect_entry(struct map *map, u32 cpu, u64 index)
{
	u32 key = (u32)index;
	const void *value;

	if (index > UINT32_MAX)
		return 0;
	value = map->ops->lookup(map, cpu, &key);
	return value ? load_u32(value) : 0;
}

HELPER_FN(redirect_map)
{
	struct map *map = u64_to_ptr(r1);
	u32 ifindex;

	if (r3 & ~(u64)(F_ACTION_MASK | F_BROADCAST | F_EXCLUDE_INGRESS))
		return XDP_ABORTED;
	if (map->attr.type != MAP_TYPE_DEVMAP && map->attr.type != MAP_TYPE_DEVMAP_HASH)
		return XDP_ABORTED; /* a verifier refuses such a program */
	ifindex = redirect_entry(map, run->cpu, r2);
	if (!ifindex && !(r3 & F_BROADCAST)) {
		run->redirect = (struct run_redirect){ 0 };
		return r3 & F_ACTION_MASK;
	}
	run->redirect = (struct run_redirect){
		.ifindex = r3 & F_BROADCAST ? 0 : ifindex,
		.flags = r3,
		.broadcast = r3 & F_BROADCAST,
		.map = map,
	};
	return XDP_REDIRECT;
}
