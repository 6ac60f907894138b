/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of packet hooks, and the step between XDP's view of a packet and the stack's. */
#include "attach/hook.h"

const struct hook *hook_of(enum prog_type type)
{
	static const struct hook *const hooks[] = {
		&hook_xdp,
		&hook_sched_cls,
		&hook_sched_act,
		&hook_socket_filter,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i]->type == type)
			return hooks[i];
	return NULL;
}

const char *hook_action_name(enum hook_action action)
{
	static const char *const names[HOOK_ACTION_CNT] = {
		[HOOK_PASS] = "passed",	     [HOOK_NEXT] = "passed", [HOOK_DROP] = "dropped",
		[HOOK_ABORT] = "aborted",    [HOOK_STOLEN] = "stolen", [HOOK_TX] = "sent back",
		[HOOK_REDIRECT] = "redirected",
	};

	return names[action];
}

/*
 * netif_receive_skb moves the outer tag out of the bytes before tc and sockets see the packet; XDP
 * comes earlier and sees it inline.
 */
int hook_prepare(const struct hook *hook, struct pkt *pkt)
{
	if (!hook->skb)
		return pkt_vlan_tag(pkt);
	if (!pkt->mac && pkt->link == PKT_LINK_ETHERNET)
		pkt_parse_eth(pkt);
	else if (pkt->link == PKT_LINK_RAW)
		pkt_parse_raw(pkt);
	if (pkt->mac)
		pkt_vlan_untag(pkt);
	return 0;
}
