/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to the room: the writers behind capture_create, and what readers know of their file. */
#ifndef SKEP_CAPTURE_CAPTURE_INT_H
#define SKEP_CAPTURE_CAPTURE_INT_H

#include "capture/capture.h"

#define CAPTURE_SNAPLEN_MAX PKT_BYTES_MAX
#define NS_PER_SEC	    1000000000u
#define NS_PER_US	    1000u

/* False when @dev is no file that capture_open opened. */
bool capture_input_info(const struct pkt_dev *dev, enum capture_format *ret_format,
			bool *ret_nanoseconds);

/* Both take the settled link, snaplen and precision from @opts; `like` and AUTO are gone. */
int capture_create_pcap(const char *path, const struct capture_out_opts *opts,
			struct pkt_dev **ret_dev, struct str *why) must_check;
int capture_create_ng(const char *path, const struct capture_out_opts *opts,
		      struct pkt_dev **ret_dev, struct str *why) must_check;

#endif
