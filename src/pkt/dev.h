/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where packets come from and go to: an interface, a TAP, a file. One door, so that the loop that
 * runs programs (attach/session.h) need not know which. Files are devices of capture/, a floor
 * higher, because they need libpcap.
 *
 * Frames cross this door as they are on the wire: VLAN tags inline. A device belongs to one
 * thread. Errors are -errno; openers also say in words what went wrong, naming the device.
 */
#ifndef SKEP_PKT_DEV_H
#define SKEP_PKT_DEV_H

#include "base/str.h"
#include "base/types.h"
#include "pkt/pkt.h"

struct pkt_dev;

struct pkt_dev_stats {
	u64 rx, tx;	/* packets that crossed the door */
	u64 rx_lost;	/* the kernel had no room for them in our ring */
	u64 tx_refused; /* could not be sent: too long for the device, its queue full… */
};

struct pkt_dev_ops {
	/*
	 * Loads the next packet. 1: here it is. 0: none waits now (live only). -ENODATA: the input
	 * has ended. Any other -errno: it is broken, and pkt_dev.why says how.
	 */
	int (*recv)(struct pkt_dev *dev, struct pkt *pkt);
	/* Sends or appends. 0; -EMSGSIZE, -ENOBUFS and -EAGAIN lose this packet only. */
	int (*send)(struct pkt_dev *dev, struct pkt *pkt);
	/* Pushes out what send keeps back. May be NULL. */
	int (*flush)(struct pkt_dev *dev);
	void (*stats)(struct pkt_dev *dev, struct pkt_dev_stats *ret_stats); /* may be NULL */
	void (*close)(struct pkt_dev *dev);
};

struct pkt_dev {
	const struct pkt_dev_ops *ops;
	char *name; /* interface or file */
	u32 ifindex;
	u32 link;    /* DLT_* */
	u32 snaplen; /* the most bytes of a frame that it yields or keeps */
	int fd;	     /* to poll for input; -1 for a file */
	bool live;
	bool exclusive; /* live, and nobody but us gets what it yields (a TAP) */
	struct str why; /* after an error */
};

/* Live interfaces; PKT_DEV_PROMISC sees frames for other hosts too. */
enum pkt_dev_flag { PKT_DEV_PROMISC = 1 };

/*
 * An existing interface through AF_PACKET, with a ring for reception. Frames that we or the host
 * send are not seen. 0; -ENODEV, -EPERM, -ENETDOWN, -EOPNOTSUPP (not Ethernet), -ENOMEM, with the
 * reason in *why.
 */
int pkt_dev_open_iface(const char *name, u32 flags, struct pkt_dev **ret_dev,
		       struct str *why) must_check;
/*
 * A TAP interface of that name, created if need be (it then disappears when closed) and set up. Its
 * packets are those that the host sends into it. Errors as above.
 */
int pkt_dev_open_tap(const char *name, struct pkt_dev **ret_dev, struct str *why) must_check;

/* "tap:NAME" or the name of an interface. */
int pkt_dev_open(const char *spec, u32 flags, struct pkt_dev **ret_dev, struct str *why) must_check;

/* NULL is allowed. */
void pkt_dev_close(struct pkt_dev *dev);

/* -errno with "NAME: TEXT" or, without @text, the error's own words in *why. Returns @err. */
int pkt_dev_refuse(const char *name, int err, const char *text, struct str *why) must_check;

/* For device rooms: the common part, zeroed and named; freed by pkt_dev_fini. */
int pkt_dev_init(struct pkt_dev *dev, const char *name, const struct pkt_dev_ops *ops) must_check;
void pkt_dev_fini(struct pkt_dev *dev);

/*
 * The index of interface @name; a plain number stands for itself, whether or not the host has such
 * an interface. 0 or -ENODEV.
 */
int pkt_ifindex(const char *name, u32 *ret_ifindex) must_check;

#endif
