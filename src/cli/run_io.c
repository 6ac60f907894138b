/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "capture/capture.h"
#include "cli/cli.h"

#define DATA_LINK_ETHERNET 1 /* DLT_EN10MB: what --data bytes are taken to be */

/* One packet from the command line, as a device. */
struct data_dev {
	struct pkt_dev dev;
	u8 *bytes;
	size_t len;
	bool done;
};

static int data_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	struct data_dev *d = container_of(dev, struct data_dev, dev);
	int err;

	if (d->done)
		return -ENODATA;
	d->done = true;
	err = pkt_load(pkt, d->bytes, (u32)d->len, (u32)d->len);
	if (err)
		return err;
	pkt->link = dev->link;
	pkt->number = 1;
	return 1;
}

static void data_close(struct pkt_dev *dev)
{
	struct data_dev *d = container_of(dev, struct data_dev, dev);

	mem_free(d->bytes);
	pkt_dev_fini(dev);
	mem_free(d);
}

static const struct pkt_dev_ops data_ops = { .recv = data_recv, .close = data_close };

static int open_data(const char *hex, struct pkt_dev **ret_dev)
{
	struct data_dev *d = mem_zalloc(sizeof(*d));
	const char *bad = NULL;
	int err;

	if (!d)
		return cli_error("out of memory");
	err = cli_parse_hex(hex, &d->bytes, &d->len, &bad);
	if (!err && d->len > PKT_BYTES_MAX)
		err = -EMSGSIZE;
	if (!err)
		err = pkt_dev_init(&d->dev, "--data", &data_ops);
	if (err) {
		mem_free(d->bytes);
		mem_free(d);
		if (err == -EINVAL)
			return cli_usage("--data takes pairs of hexadecimal digits; '%s' is none",
					 bad && *bad ? bad : "an odd digit at the end");
		return cli_error("--data: %s", strerror(-err));
	}
	d->dev.link = DATA_LINK_ETHERNET;
	d->dev.snaplen = PKT_BYTES_MAX;
	d->dev.fd = -1;
	*ret_dev = &d->dev;
	return CLI_OK;
}

static void add_source(struct run_io *io, const char *name)
{
	str_addf(&io->source, "%s%s", io->source.len ? ", " : "", name);
}

static int open_inputs(struct run_io *io, const struct run_args *a)
{
	struct str why = STR_INIT;
	int err = 0;

	for (u32 i = 0; i < a->file_cnt && !err; i++) {
		err = capture_open(a->files[i], &io->inputs[io->input_cnt], &why);
		io->input_cnt += !err;
		add_source(io, a->files[i]);
	}
	for (u32 i = 0; i < a->iface_cnt && !err; i++) {
		struct pkt_dev **dev = &io->inputs[io->input_cnt];

		err = a->tap ? pkt_dev_open_tap(a->ifaces[i], dev, &why)
			     : pkt_dev_open_iface(a->ifaces[i], PKT_DEV_PROMISC, dev, &why);
		io->input_cnt += !err;
		add_source(io, a->ifaces[i]);
	}
	if (err)
		cli_error("%s", why.len ? str_c(&why) : strerror(-err));
	str_fini(&why);
	if (!err && a->data_hex) {
		add_source(io, "--data");
		return open_data(a->data_hex, &io->inputs[io->input_cnt++]);
	}
	return err ? CLI_FAILED : CLI_OK;
}

/* "FILE", or "IFACE=FILE" where IFACE is a name or an index. */
static int open_output(struct run_io *io, const char *arg)
{
	struct session_output *out = &io->outputs[io->output_cnt];
	const struct capture_out_opts opts = { .like = io->inputs[0] };
	const char *eq = strchr(arg, '=');
	const char *path = arg;
	struct str why = STR_INIT;
	int err;

	if (eq) {
		char iface[32];

		snprintf(iface, sizeof(iface), "%.*s", (int)(eq - arg), arg);
		if (pkt_ifindex(iface, &out->ifindex))
			return cli_error("-w %s: no interface '%s' (a number stands for itself)",
					 arg, iface);
		path = eq + 1;
	}
	for (u32 i = 0; i < io->input_cnt; i++)
		if (!strcmp(io->inputs[i]->name, path) && strcmp(path, "-"))
			return cli_usage("-w %s would overwrite the input", path);
	err = capture_create(path, &opts, &out->dev, &why);
	if (err)
		cli_error("%s", why.len ? str_c(&why) : strerror(-err));
	io->output_cnt += !err;
	str_fini(&why);
	return err ? CLI_FAILED : CLI_OK;
}

int run_io_open(struct run_io *io, const struct run_args *args)
{
	int exit = open_inputs(io, args);

	io->files = args->file_cnt > 0;
	for (u32 i = 0; i < args->output_cnt && exit == CLI_OK; i++)
		exit = open_output(io, args->outputs[i]);
	return exit;
}

void run_io_finish(struct run_io *io, int *exit)
{
	for (u32 i = 0; i < io->output_cnt; i++) {
		struct pkt_dev *dev = io->outputs[i].dev;
		int err = dev->ops->flush ? dev->ops->flush(dev) : 0;

		if (err)
			*exit = cli_error("%s: %s", dev->name,
					  dev->why.len ? str_c(&dev->why) : strerror(-err));
	}
}

void run_io_close(struct run_io *io)
{
	for (u32 i = 0; i < io->input_cnt; i++)
		pkt_dev_close(io->inputs[i]);
	for (u32 i = 0; i < io->output_cnt; i++)
		pkt_dev_close(io->outputs[i].dev);
	str_fini(&io->source);
	io->input_cnt = io->output_cnt = 0;
}

/* One file tells how far it is read; anything else counts packets. */
static bool in_permille(const struct run_io *io)
{
	return io->files && io->input_cnt == 1 && capture_permille(io->inputs[0]) >= 0;
}

u64 run_io_done(const struct run_io *io, const struct session_stats *stats)
{
	return in_permille(io) ? (u64)capture_permille(io->inputs[0]) : stats->packets;
}

u64 run_io_total(const struct run_io *io)
{
	return in_permille(io) ? 1000 : 0;
}

const char *run_io_unit(const struct run_io *io)
{
	return in_permille(io) ? "‰ of the file" : "packets";
}
