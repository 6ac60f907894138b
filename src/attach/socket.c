/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket filter, extended or converted from classic: it returns how many bytes the socket
 * keeps, 0 for none (sk_filter_trim_cap and packet_rcv). The packet is then as long as before on
 * the wire, with fewer bytes of it there.
 */
#include "attach/hook.h"

#include "pkt/classic.h"

static const char *socket_verdict_name(u32 retval)
{
	return retval ? NULL : "drop";
}

/* The context of a converted classic program is a view of the packet (core/classic.h). */
static int socket_enter(struct run *run, const struct prog *prog, struct pkt *pkt, u64 *ret_r0)
{
	struct cbpf_view view;

	if (!prog->classic)
		return prog_run(run, prog, pkt, ret_r0);
	pkt_classic_view(pkt, run->cpu, run->rand_state[0] ^ pkt->number << 20, &view);
	return prog_run(run, prog, &view, ret_r0);
}

static int socket_run(struct run *run, const struct prog *prog, struct pkt *pkt,
		      struct hook_result *ret_result)
{
	u64 r0 = 0;
	int err = socket_enter(run, prog, pkt, &r0);

	ret_result->retval = (u32)r0;
	ret_result->unknown = false;
	if (err) {
		ret_result->action = HOOK_ABORT;
		return err;
	}
	ret_result->action = (u32)r0 ? HOOK_PASS : HOOK_DROP;
	if ((u32)r0 && (u32)r0 < pkt_caplen(pkt))
		pkt->data_end = pkt->data + (u32)r0;
	return 0;
}

const struct hook hook_socket_filter = {
	.type = PROG_TYPE_SOCKET_FILTER,
	.skb = true,
	.run = socket_run,
	.verdict_name = socket_verdict_name,
	.unnamed = "kept",
};
