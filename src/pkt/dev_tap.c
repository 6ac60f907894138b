/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TAP interface: what the host sends into it is our input, what we send it receives. One frame
 * per read and write.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "pkt/csum.h"
#include "pkt/dev.h"

#define TAP_FRAME_MAX 65550u /* the largest MTU and an Ethernet header */
#define ARP_ETHER     1u     /* ARPHRD_ETHER */

struct tap {
	struct pkt_dev dev;
	u64 rx, tx, tx_refused;
};

static struct tap *tap_of(struct pkt_dev *dev)
{
	return container_of(dev, struct tap, dev);
}

static int tap_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	int err = pkt_load_room(pkt, TAP_FRAME_MAX, TAP_FRAME_MAX);
	ssize_t got;

	if (err)
		return err;
	got = read(dev->fd, pkt->data, TAP_FRAME_MAX);
	if (got < 0) {
		err = -errno;
		if (err == -EAGAIN || err == -EINTR)
			return 0;
		str_reset(&dev->why);
		str_addf(&dev->why, "cannot read: %s", strerror(-err));
		return err;
	}
	/* The bytes lie where they will stay; this only sets the bounds. */
	err = pkt_load_room(pkt, (u32)got, (u32)got);
	if (err)
		return err;
	pkt->time_ns = clock_real_ns();
	pkt->link = dev->link;
	pkt->ifindex = dev->ifindex;
	pkt->ingress_ifindex = dev->ifindex;
	pkt->hatype = ARP_ETHER;
	tap_of(dev)->rx++;
	return 1;
}

static int tap_send(struct pkt_dev *dev, struct pkt *pkt)
{
	struct tap *t = tap_of(dev);

	int err = -EMSGSIZE;

	pkt_csum_complete(pkt);
	if (pkt_caplen(pkt) == pkt->len) /* part of a frame is no frame */
		err = write(dev->fd, pkt->data, pkt_caplen(pkt)) < 0 ? -errno : 0;
	switch (err) {
	case 0:
		t->tx++;
		return 0;
	case -EAGAIN:
	case -ENOBUFS:
	case -EINVAL: /* shorter than an Ethernet header */
	case -EMSGSIZE:
		t->tx_refused++;
		return -EMSGSIZE;
	}
	return err;
}

static void tap_stats(struct pkt_dev *dev, struct pkt_dev_stats *ret_stats)
{
	const struct tap *t = tap_of(dev);

	*ret_stats = (struct pkt_dev_stats){ .rx = t->rx, .tx = t->tx,
					     .tx_refused = t->tx_refused };
}

static void tap_close(struct pkt_dev *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	pkt_dev_fini(dev);
	mem_free(tap_of(dev));
}

static const struct pkt_dev_ops tap_ops = {
	.recv = tap_recv,
	.send = tap_send,
	.stats = tap_stats,
	.close = tap_close,
};

/* Creates or joins it, and sets it up: an interface that is down has no packets. */
static int tap_attach(struct pkt_dev *dev)
{
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int control, err = 0;

	memcpy(req.ifr_name, dev->name, strnlen(dev->name, IFNAMSIZ - 1));
	dev->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	if (ioctl(dev->fd, TUNSETIFF, &req))
		return -errno;
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0)
		return -errno;
	if (ioctl(control, SIOCGIFFLAGS, &req)) {
		err = -errno;
	} else {
		req.ifr_flags |= IFF_UP;
		if (ioctl(control, SIOCSIFFLAGS, &req))
			err = -errno;
	}
	close(control);
	dev->ifindex = if_nametoindex(dev->name);
	return err;
}

int pkt_dev_open_tap(const char *name, struct pkt_dev **ret_dev, struct str *why)
{
	struct tap *t;
	int err;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return pkt_dev_refuse(name, -EINVAL, "a TAP's name has 1 to 15 characters", why);
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	err = pkt_dev_init(&t->dev, name, &tap_ops);
	if (!err)
		err = tap_attach(&t->dev);
	if (err) {
		tap_close(&t->dev);
		if (err == -EINVAL)
			return pkt_dev_refuse(name, err, "exists and is no TAP interface", why);
		return pkt_dev_refuse(name, err, NULL, why);
	}
	t->dev.live = true;
	t->dev.exclusive = true;
	t->dev.link = PKT_LINK_ETHERNET;
	t->dev.snaplen = TAP_FRAME_MAX;
	*ret_dev = &t->dev;
	return 0;
}
