/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet files as devices (pkt/dev.h): pcap and pcapng in through libpcap, pcap out through
 * libpcap, pcapng out by a small writer of ours, because libpcap has none.
 *
 * Time stamps are kept to the nanosecond wherever the format can: always in pcapng, and in pcap
 * when nanoseconds are asked for. "-" is standard input or output.
 */
#ifndef SKEP_CAPTURE_CAPTURE_H
#define SKEP_CAPTURE_CAPTURE_H

#include "base/str.h"
#include "base/types.h"
#include "pkt/dev.h"

enum capture_format { CAPTURE_AUTO, CAPTURE_PCAP, CAPTURE_PCAPNG };

/*
 * A file to read, in either format. Its end is a clean end; a packet cut off by the end of the
 * file is an error that names the packet's number. 0; -ENOENT, -EACCES…, -EBADMSG for what is no
 * capture, -EINVAL for one that cannot be meant (snap length 0), -ENOMEM; *why names the file.
 */
int capture_open(const char *path, struct pkt_dev **ret_dev, struct str *why) must_check;

struct capture_out_opts {
	enum capture_format format; /* AUTO: by the file's extension, else `like`'s, else pcap */
	const struct pkt_dev *like; /* NULL, or an input: its link type and precision */
	u32 link;		    /* without `like` */
	u32 snaplen;		    /* longer packets are cut; 0: no limit */
	bool nanoseconds;	    /* pcap: also when `like` has them */
};

/* Creates or overwrites. 0 or -errno with *why naming the file. */
int capture_create(const char *path, const struct capture_out_opts *opts,
		   struct pkt_dev **ret_dev, struct str *why) must_check;

/* How far a file that is read got, for progress: 0 to 1000 thousandths, -1 when unknown. */
int capture_permille(const struct pkt_dev *dev);

#endif
