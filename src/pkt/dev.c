/* SPDX-License-Identifier: BSD-2-Clause */
/* What all packet devices share. */
#include "pkt/dev.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int pkt_dev_init(struct pkt_dev *dev, const char *name, const struct pkt_dev_ops *ops)
{
	memset(dev, 0, sizeof(*dev));
	dev->ops = ops;
	dev->fd = -1;
	dev->name = mem_strdup(name);
	return dev->name ? 0 : -ENOMEM;
}

void pkt_dev_fini(struct pkt_dev *dev)
{
	mem_free(dev->name);
	str_fini(&dev->why);
}

void pkt_dev_close(struct pkt_dev *dev)
{
	if (dev)
		dev->ops->close(dev);
}

int pkt_dev_refuse(const char *name, int err, const char *text, struct str *why)
{
	if (!text && (err == -EPERM || err == -EACCES))
		text = "not permitted: this needs CAP_NET_RAW and CAP_NET_ADMIN (run as root)";
	else if (!text && err == -ENODEV)
		text = "no such interface";
	else if (!text)
		text = strerror(-err);
	str_addf(why, "%s: %s", name, text);
	return err;
}

int pkt_dev_open(const char *spec, u32 flags, struct pkt_dev **ret_dev, struct str *why)
{
	static const char tap[] = "tap:";

	if (!strncmp(spec, tap, sizeof(tap) - 1))
		return pkt_dev_open_tap(spec + sizeof(tap) - 1, ret_dev, why);
	return pkt_dev_open_iface(spec, flags, ret_dev, why);
}

int pkt_ifindex(const char *name, u32 *ret_ifindex)
{
	unsigned long number;
	char *end;

	if (*name >= '0' && *name <= '9') {
		number = strtoul(name, &end, 10);
		if (*end || !number || number > INT32_MAX)
			return -ENODEV;
		*ret_ifindex = (u32)number;
		return 0;
	}
	*ret_ifindex = if_nametoindex(name);
	return *ret_ifindex ? 0 : -ENODEV;
}
