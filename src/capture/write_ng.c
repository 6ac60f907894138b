/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pcapng writer (draft-ietf-opsawg-pcapng): one section in host byte order, one interface with
 * nanosecond time stamps, then an Enhanced Packet Block per packet.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "capture/capture_int.h"

#define BLOCK_SHB	 0x0a0d0d0au
#define BLOCK_IDB	 1u
#define BLOCK_EPB	 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define OPT_TSRESOL	 9u
#define TSRESOL_NS	 9u /* 10 to the minus 9 */
#define EPB_HEAD_BYTES	 28u
#define BLOCK_TAIL_BYTES 4u

struct ng_writer {
	struct pkt_dev dev;
	FILE *file;
	u64 packets;
};

/* The blocks as they stand in the file; every field is naturally aligned. */
struct ng_shb {
	u32 type, total_len, magic;
	u16 major, minor;
	u64 section_len; /* all ones: not said */
	u32 total_len_again;
} __attribute__((packed));

struct ng_idb {
	u32 type, total_len;
	u16 link, reserved;
	u32 snaplen;
	u16 opt_code, opt_len;
	u8 tsresol, pad[3];
	u32 opt_end;
	u32 total_len_again;
} __attribute__((packed));

struct ng_epb {
	u32 type, total_len, iface, time_high, time_low, caplen, len;
} __attribute__((packed));

_Static_assert(sizeof(struct ng_shb) == 28, "section header block");
_Static_assert(sizeof(struct ng_idb) == 32, "interface description block");
_Static_assert(sizeof(struct ng_epb) == EPB_HEAD_BYTES, "enhanced packet block");

static struct ng_writer *ng_writer_of(struct pkt_dev *dev)
{
	return container_of(dev, struct ng_writer, dev);
}

static int ng_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	(void)dev;
	(void)pkt;
	return -ENODATA;
}

static int ng_error(struct pkt_dev *dev, int err)
{
	if (!err)
		err = -EIO;
	str_reset(&dev->why);
	str_addf(&dev->why, "cannot write: %s", strerror(-err));
	return err;
}

static bool ng_put(struct ng_writer *w, const void *data, size_t len)
{
	return !len || fwrite(data, len, 1, w->file) == 1;
}

static int ng_send(struct pkt_dev *dev, struct pkt *pkt)
{
	static const u8 zeros[4];
	struct ng_writer *w = ng_writer_of(dev);
	u32 caplen = MIN(pkt_caplen(pkt), dev->snaplen), pad = (4 - caplen % 4) % 4;
	const struct ng_epb epb = {
		.type = BLOCK_EPB,
		.total_len = EPB_HEAD_BYTES + caplen + pad + BLOCK_TAIL_BYTES,
		.time_high = (u32)(pkt->time_ns >> 32),
		.time_low = (u32)pkt->time_ns,
		.caplen = caplen,
		.len = pkt->len,
	};
	u32 total_len = epb.total_len;

	if (!ng_put(w, &epb, sizeof(epb)) || !ng_put(w, pkt->data, caplen) ||
	    !ng_put(w, zeros, pad) || !ng_put(w, &total_len, sizeof(total_len)))
		return ng_error(dev, -errno);
	w->packets++;
	return 0;
}

static int ng_flush(struct pkt_dev *dev)
{
	return fflush(ng_writer_of(dev)->file) ? ng_error(dev, -errno) : 0;
}

static void ng_stats(struct pkt_dev *dev, struct pkt_dev_stats *ret_stats)
{
	*ret_stats = (struct pkt_dev_stats){ .tx = ng_writer_of(dev)->packets };
}

static void ng_close(struct pkt_dev *dev)
{
	struct ng_writer *w = ng_writer_of(dev);

	if (w->file && w->file != stdout)
		fclose(w->file);
	else if (w->file)
		fflush(w->file);
	pkt_dev_fini(&w->dev);
	mem_free(w);
}

static const struct pkt_dev_ops ng_ops = {
	.recv = ng_recv,
	.send = ng_send,
	.flush = ng_flush,
	.stats = ng_stats,
	.close = ng_close,
};

/* Files hold LINKTYPE values: the same as DLT, but for the few that differ between systems. */
static u16 ng_linktype(u32 dlt)
{
	return dlt == PKT_LINK_RAW ? 101 : (u16)dlt;
}

static bool ng_begin(struct ng_writer *w)
{
	const struct ng_shb shb = {
		.type = BLOCK_SHB,
		.total_len = sizeof(shb),
		.magic = BYTE_ORDER_MAGIC,
		.major = 1,
		.section_len = UINT64_MAX,
		.total_len_again = sizeof(shb),
	};
	const struct ng_idb idb = {
		.type = BLOCK_IDB,
		.total_len = sizeof(idb),
		.link = ng_linktype(w->dev.link),
		.snaplen = w->dev.snaplen,
		.opt_code = OPT_TSRESOL,
		.opt_len = 1,
		.tsresol = TSRESOL_NS,
		.total_len_again = sizeof(idb),
	};

	return ng_put(w, &shb, sizeof(shb)) && ng_put(w, &idb, sizeof(idb));
}

int capture_create_ng(const char *path, const struct capture_out_opts *opts,
		      struct pkt_dev **ret_dev, struct str *why)
{
	struct ng_writer *w = mem_zalloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	err = pkt_dev_init(&w->dev, path, &ng_ops);
	if (err)
		goto fail;
	w->dev.link = opts->link;
	w->dev.snaplen = opts->snaplen;
	w->file = strcmp(path, "-") ? fopen(path, "wbe") : stdout;
	if (!w->file || !ng_begin(w)) {
		err = -errno;
		str_addf(why, "%s: %s", path, strerror(-err));
		goto fail;
	}
	*ret_dev = &w->dev;
	return 0;
fail:
	ng_close(&w->dev);
	return err;
}
