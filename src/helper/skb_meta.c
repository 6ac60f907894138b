/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that ask what hangs on an skb: a socket, a cgroup, a route, tunnel data, a security path.
 * A packet at the ingress of an interface, which ours are, has none of these; the answers are those
 * that net/core/filter.c gives then.
 */
#include <string.h>

#include "base/err.h"
#include "helper/packet.h"

#define OVERFLOW_UID	  65534u
#define NETNS_COOKIE_INIT 1u /* an instance has one network namespace */

HELPER_FN(get_route_realm)
{
	return 0;
}

HELPER_FN(get_cgroup_classid)
{
	return 0;
}

HELPER_FN(skb_cgroup_classid)
{
	return 0;
}

HELPER_FN(skb_cgroup_id)
{
	return 0;
}

HELPER_FN(skb_ancestor_cgroup_id)
{
	return 0;
}

HELPER_FN(get_socket_cookie)
{
	return 0;
}

HELPER_FN(get_socket_uid)
{
	return OVERFLOW_UID;
}

/* The program's buffer is always defined afterwards. */
static u64 not_there(u64 to, u32 size_bytes, int err)
{
	memset(u64_to_ptr(to), 0, size_bytes);
	return helper_err(err);
}

HELPER_FN(skb_get_tunnel_key)
{
	return not_there(r2, (u32)r3, -EINVAL);
}

HELPER_FN(skb_get_tunnel_opt)
{
	return not_there(r2, (u32)r3, -ENOENT);
}

HELPER_FN(skb_get_xfrm_state)
{
	return not_there(r3, (u32)r4, -EINVAL);
}

/* (ctx or NULL): never 0 in the kernel, either. */
HELPER_FN(get_netns_cookie)
{
	return NETNS_COOKIE_INIT;
}
