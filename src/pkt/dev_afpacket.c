/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A live interface through an AF_PACKET socket: reception from a TPACKET_V3 ring that the kernel
 * fills block by block, sending with sendmsg on the same socket.
 *
 * Two things that the kernel took off a frame are put back. The VLAN tag, which stands beside the
 * bytes in the ring, goes into them. And where a sender on this host left checksum or segmentation
 * to the device, the virtio header of PACKET_VNET_HDR tells so: struct pkt keeps it (csum_start,
 * gso_*) and sending hands it on, so that a bridge between virtual interfaces does not break TCP.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "pkt/dev.h"

#define BLOCK_BYTES   (1u << 18) /* several frames of the largest size that GRO makes */
#define BLOCK_CNT     32u
#define FRAME_BYTES   2048u
#define RETIRE_MS     1u /* a block that is not full is handed over after this time */
#define ADDRS_BYTES   12u
#define LIVE_SNAPLEN  PKT_BYTES_MAX

struct afpacket {
	struct pkt_dev dev;
	u8 *ring;
	u32 block;	      /* that we read now */
	u32 left;	      /* packets of it not yet read */
	struct tpacket3_hdr *next;
	u16 hatype;
	u64 rx, tx, rx_lost, tx_refused;
};

static struct afpacket *afpacket_of(struct pkt_dev *dev)
{
	return container_of(dev, struct afpacket, dev);
}

static struct tpacket_block_desc *block_at(const struct afpacket *a, u32 block)
{
	return (struct tpacket_block_desc *)(void *)(a->ring + (size_t)block * BLOCK_BYTES);
}

static void block_give_back(struct afpacket *a)
{
	__atomic_store_n(&block_at(a, a->block)->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	a->block = (a->block + 1) % BLOCK_CNT;
}

/* Takes the next block that the kernel has handed over; false when there is none. */
static bool block_take(struct afpacket *a)
{
	struct tpacket_block_desc *b = block_at(a, a->block);

	/* Pairs with the kernel's store of the status after the block's contents. */
	while (__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) {
		a->left = b->hdr.bh1.num_pkts;
		a->next = (struct tpacket3_hdr *)(void *)((u8 *)b +
							  b->hdr.bh1.offset_to_first_pkt);
		if (a->left)
			return true;
		block_give_back(a);
		b = block_at(a, a->block);
	}
	return false;
}

/* The next frame in the ring, NULL when there is none. */
static struct tpacket3_hdr *ring_next(struct afpacket *a)
{
	struct tpacket3_hdr *hdr;

	if (!a->left && !block_take(a))
		return NULL;
	hdr = a->next;
	a->next = (struct tpacket3_hdr *)(void *)((u8 *)hdr + hdr->tp_next_offset);
	return hdr;
}

/* Done with the frame that ring_next gave: the block goes back after its last one. */
static void ring_done(struct afpacket *a)
{
	if (!--a->left)
		block_give_back(a);
}

/* Who sent it, behind the frame's header in the ring. */
static const struct sockaddr_ll *frame_from(const struct tpacket3_hdr *hdr)
{
	return (const void *)((const u8 *)hdr + align_up(sizeof(*hdr), TPACKET_ALIGNMENT));
}

/* virtio_net_hdr_from_skb's fields; offsets count from the frame without its tag. */
static void take_offload(struct pkt *pkt, const struct virtio_net_hdr *vnet, u32 tag_bytes)
{
	u8 *start = pkt->data + tag_bytes + vnet->csum_start;

	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    start + vnet->csum_offset + 2 <= pkt->data_end) {
		pkt->csum_start = start;
		pkt->csum_off = vnet->csum_offset;
	}
	if (vnet->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return;
	pkt->gso_type = vnet->gso_type;
	pkt->gso_size = vnet->gso_size;
	if (vnet->gso_size)
		pkt->gso_segs = (u16)((pkt->len - vnet->hdr_len + vnet->gso_size - 1u) /
				      vnet->gso_size);
}

static int load_frame(struct afpacket *a, struct pkt *pkt, const struct tpacket3_hdr *hdr)
{
	const u8 *frame = (const u8 *)hdr + hdr->tp_mac;
	bool tagged = hdr->tp_status & TP_STATUS_VLAN_VALID && hdr->tp_snaplen >= ADDRS_BYTES;
	u32 tag_bytes = tagged ? PKT_VLAN_HLEN : 0, head = tagged ? ADDRS_BYTES : 0;
	struct virtio_net_hdr vnet;
	int err = pkt_load_room(pkt, hdr->tp_snaplen + tag_bytes, hdr->tp_len + tag_bytes);

	if (err)
		return err;
	memcpy(pkt->data, frame, head);
	if (tagged) {
		u16 tpid = hdr->tp_status & TP_STATUS_VLAN_TPID_VALID ? hdr->hv1.tp_vlan_tpid
								      : ETH_P_8021Q;
		store_be16(pkt->data + ADDRS_BYTES, tpid);
		store_be16(pkt->data + ADDRS_BYTES + 2, (u16)hdr->hv1.tp_vlan_tci);
	}
	memcpy(pkt->data + head + tag_bytes, frame + head, hdr->tp_snaplen - head);
	memcpy(&vnet, frame - sizeof(vnet), sizeof(vnet));
	take_offload(pkt, &vnet, tag_bytes);
	pkt->time_ns = (u64)hdr->tp_sec * 1000000000u + hdr->tp_nsec;
	pkt->link = a->dev.link;
	pkt->ifindex = a->dev.ifindex;
	pkt->ingress_ifindex = a->dev.ifindex;
	pkt->hatype = a->hatype;
	pkt->pkt_type = frame_from(hdr)->sll_pkttype;
	return 0;
}

/* Nothing in the ring: is the interface still there? */
static int afpacket_health(struct pkt_dev *dev)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(dev->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	if (err) {
		str_reset(&dev->why);
		str_addf(&dev->why, "the interface went away: %s", strerror(err));
	}
	return -err;
}

static int afpacket_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	struct afpacket *a = afpacket_of(dev);
	struct tpacket3_hdr *hdr = ring_next(a);
	int err;

	while (hdr && frame_from(hdr)->sll_pkttype == PACKET_OUTGOING) {
		ring_done(a);
		hdr = ring_next(a);
	}
	if (!hdr)
		return afpacket_health(dev);
	err = load_frame(a, pkt, hdr);
	ring_done(a);
	if (err)
		return err;
	a->rx++;
	return 1;
}

/* The virtio header that hands on what take_offload kept. */
static struct virtio_net_hdr give_offload(const struct pkt *pkt)
{
	struct virtio_net_hdr vnet = { .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	const u8 *field = pkt->csum_start + pkt->csum_off;

	if (!pkt->csum_start || pkt->csum_start < pkt->data || field + 2 > pkt->data_end)
		return vnet;
	vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet.csum_start = (u16)(pkt->csum_start - pkt->data);
	vnet.csum_offset = pkt->csum_off;
	if (!pkt->gso_type || !pkt->gso_size)
		return vnet;
	vnet.gso_type = pkt->gso_type;
	vnet.gso_size = pkt->gso_size;
	vnet.hdr_len = vnet.csum_start;
	return vnet;
}

static int afpacket_send(struct pkt_dev *dev, struct pkt *pkt)
{
	struct afpacket *a = afpacket_of(dev);
	struct virtio_net_hdr vnet = give_offload(pkt);
	struct iovec iov[] = {
		{ .iov_base = &vnet, .iov_len = sizeof(vnet) },
		{ .iov_base = pkt->data, .iov_len = pkt_caplen(pkt) },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };
	int err = -EMSGSIZE;

	if (pkt_caplen(pkt) == pkt->len) /* part of a frame is no frame */
		err = sendmsg(dev->fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
	switch (err) {
	case 0:
		a->tx++;
		return 0;
	case -ENOBUFS:
	case -EAGAIN:
	case -EMSGSIZE:
	case -EINVAL: /* a frame shorter than an Ethernet header, an offload that does not fit */
		a->tx_refused++;
		return -EMSGSIZE;
	}
	return err;
}

static void afpacket_stats(struct pkt_dev *dev, struct pkt_dev_stats *ret_stats)
{
	struct afpacket *a = afpacket_of(dev);
	struct tpacket_stats_v3 st;
	socklen_t len = sizeof(st);

	if (!getsockopt(dev->fd, SOL_PACKET, PACKET_STATISTICS, &st, &len))
		a->rx_lost += st.tp_drops; /* the kernel starts from 0 again */
	*ret_stats = (struct pkt_dev_stats){
		.rx = a->rx, .tx = a->tx, .rx_lost = a->rx_lost, .tx_refused = a->tx_refused };
}

static void afpacket_close(struct pkt_dev *dev)
{
	struct afpacket *a = afpacket_of(dev);

	if (a->ring)
		munmap(a->ring, (size_t)BLOCK_BYTES * BLOCK_CNT);
	if (dev->fd >= 0)
		close(dev->fd);
	pkt_dev_fini(dev);
	mem_free(a);
}

static const struct pkt_dev_ops afpacket_ops = {
	.recv = afpacket_recv,
	.send = afpacket_send,
	.stats = afpacket_stats,
	.close = afpacket_close,
};

static int set_option(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, option, value, len) ? -errno : 0;
}

static int ring_open(struct afpacket *a)
{
	const int version = TPACKET_V3, one = 1;
	const struct tpacket_req3 req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCK_CNT,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = BLOCK_BYTES / FRAME_BYTES * BLOCK_CNT,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	void *ring;
	int err = set_option(a->dev.fd, PACKET_VERSION, &version, sizeof(version));

	if (!err)
		err = set_option(a->dev.fd, PACKET_VNET_HDR, &one, sizeof(one));
	if (!err)
		err = set_option(a->dev.fd, PACKET_RX_RING, &req, sizeof(req));
	if (err)
		return err;
	ring = mmap(NULL, (size_t)BLOCK_BYTES * BLOCK_CNT, PROT_READ | PROT_WRITE, MAP_SHARED,
		    a->dev.fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	a->ring = ring;
	return 0;
}

static int iface_bind(struct afpacket *a, u32 flags)
{
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = be_to_host16(ETH_P_ALL),
		.sll_ifindex = (int)a->dev.ifindex,
	};
	const struct packet_mreq promisc = {
		.mr_ifindex = (int)a->dev.ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	const int one = 1;

	/* Kernels before 4.20 do not know this one: afpacket_recv skips such frames too. */
	if (set_option(a->dev.fd, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) == -ENOMEM)
		return -ENOMEM;
	if (bind(a->dev.fd, (const struct sockaddr *)(const void *)&addr, sizeof(addr)))
		return -errno;
	if (!(flags & PKT_DEV_PROMISC))
		return 0;
	return set_option(a->dev.fd, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc));
}

/* Ethernet only (the loopback device counts as that), and up. */
static int iface_check(struct afpacket *a, struct str *why)
{
	struct ifreq req = { 0 };

	memcpy(req.ifr_name, a->dev.name, strnlen(a->dev.name, IFNAMSIZ - 1));
	if (ioctl(a->dev.fd, SIOCGIFHWADDR, &req))
		return pkt_dev_refuse(a->dev.name, -errno, NULL, why);
	a->hatype = req.ifr_hwaddr.sa_family;
	if (a->hatype != ARPHRD_ETHER && a->hatype != ARPHRD_LOOPBACK)
		return pkt_dev_refuse(a->dev.name, -EOPNOTSUPP, "is not an Ethernet interface",
				      why);
	if (ioctl(a->dev.fd, SIOCGIFFLAGS, &req))
		return pkt_dev_refuse(a->dev.name, -errno, NULL, why);
	if (!(req.ifr_flags & IFF_UP))
		return pkt_dev_refuse(a->dev.name, -ENETDOWN,
				      "the interface is down (ip link set up)", why);
	return 0;
}

static int iface_open(struct afpacket *a, u32 flags, struct str *why)
{
	int err;

	a->dev.ifindex = if_nametoindex(a->dev.name);
	if (!a->dev.ifindex)
		return pkt_dev_refuse(a->dev.name, -ENODEV, NULL, why);
	a->dev.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (a->dev.fd < 0)
		return pkt_dev_refuse(a->dev.name, -errno, NULL, why);
	err = iface_check(a, why);
	if (err)
		return err;
	err = ring_open(a);
	if (err == -ENOPROTOOPT)
		return pkt_dev_refuse(a->dev.name, err, "this system has no TPACKET_V3 ring", why);
	if (!err)
		err = iface_bind(a, flags);
	return err ? pkt_dev_refuse(a->dev.name, err, NULL, why) : 0;
}

int pkt_dev_open_iface(const char *name, u32 flags, struct pkt_dev **ret_dev, struct str *why)
{
	struct afpacket *a = mem_zalloc(sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	err = pkt_dev_init(&a->dev, name, &afpacket_ops);
	if (!err)
		err = iface_open(a, flags, why);
	if (err) {
		afpacket_close(&a->dev);
		return err;
	}
	a->dev.live = true;
	a->dev.link = PKT_LINK_ETHERNET;
	a->dev.snaplen = LIVE_SNAPLEN;
	*ret_dev = &a->dev;
	return 0;
}
