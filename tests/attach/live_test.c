/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live interfaces: virtual Ethernet pairs in a network namespace of our own. A bridge forwards and
 * really drops, tags come back, offloaded TCP survives, TAP works both ways, and what cannot be
 * opened says why. Without the right to make namespaces and interfaces it skips.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/session.h"
#include "base/err.h"
#include "both.h"
#include "tests/tap.h"

#define WAIT_MS	  3000
#define QUIET_MS  100 /* how long nothing must come for a drop */
#define FRAME_LEN 100
#define TCP_BYTES (2u << 20)

extern char **environ;

/* posix_spawn's argv is not const by history only. */
static bool spawn(const char *const *words, size_t cnt)
{
	posix_spawn_file_actions_t quiet;
	char *argv[16] = { NULL };
	int status = -1;
	pid_t pid;

	memcpy(argv, words, cnt * sizeof(argv[0]));
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	if (!posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ))
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&quiet);
	return status == 0;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__ })
#define IP(...)	   spawn(WORDS("ip", __VA_ARGS__), ARRAY_SIZE(WORDS("ip", __VA_ARGS__)))

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		tap_diag("cannot write %s", path);
	close(fd);
}

static bool set_up(void)
{
	if (unshare(CLONE_NEWNET))
		return false;
	/* Nothing but the test's own frames on the wires. */
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	return IP("link", "add", "a0", "type", "veth", "peer", "name", "a1") &&
	       IP("link", "add", "b0", "type", "veth", "peer", "name", "b1") &&
	       IP("link", "set", "a0", "up") && IP("link", "set", "a1", "up") &&
	       IP("link", "set", "b0", "up") && IP("link", "set", "b1", "up");
}

/* XDP: the last byte of the frame is the verdict, wherever tags moved it; 5: pass if tagged. */
static struct prog *verdict_prog(void)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;

	both_load(&c, 4, 2, 1, 0);
	both_load(&c, 4, 3, 1, 4);
	both_mov(&c, 4, 2);
	both_emit(&c, BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 60);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS);
	both_emit(&c, BPF_JMP | BPF_JGT | BPF_X, 4, 3, 7, 0);
	both_load(&c, 1, 0, 3, -1);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 5, 5);
	both_load(&c, 1, 4, 2, 12); /* only a frame with its tag in place may pass */
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DROP);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 1, 0x81);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS);
	both_exit(&c);
	both_exit(&c);
	c.insns[7].off = 5;
	c.insns[10].off = 1;
	if (both_prog(PROG_TYPE_XDP, &c, &prog))
		abort();
	return prog;
}

static struct pkt_dev *must_open(const char *spec)
{
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	int err = pkt_dev_open(spec, PKT_DEV_PROMISC, &dev, &why);

	if (err)
		tap_diag("%s: %d %s", spec, err, str_c(&why));
	str_fini(&why);
	return dev;
}

/* A session on its own thread. */
struct bridge {
	pthread_t thread;
	struct pkt_dev *inputs[2];
	const struct prog *progs[1];
	struct session_opts opts;
	struct session_stats stats;
	_Atomic bool stop;
	struct str why;
	int err;
};

static void *bridge_main(void *arg)
{
	struct bridge *b = arg;
	struct run run;

	b->err = run_begin(&run, NULL);
	b->opts.run = &run;
	if (!b->err)
		b->err = session_run(&b->opts, &b->stats, &b->why);
	run_end(&run);
	return NULL;
}

static bool bridge_start(struct bridge *b, const char *one, const char *two, struct prog *prog)
{
	memset(b, 0, sizeof(*b));
	b->inputs[0] = must_open(one);
	b->inputs[1] = two ? must_open(two) : NULL;
	b->progs[0] = prog;
	b->opts = (struct session_opts){
		.progs = b->progs,
		.prog_cnt = 1,
		.inputs = b->inputs,
		.input_cnt = two ? 2 : 1,
		.budget_insns = 10000,
		.stop = &b->stop,
	};
	if (!b->inputs[0] || (two && !b->inputs[1]))
		return false;
	return !pthread_create(&b->thread, NULL, bridge_main, b);
}

static void bridge_stop(struct bridge *b)
{
	atomic_store(&b->stop, true);
	pthread_join(b->thread, NULL);
	pkt_dev_close(b->inputs[0]);
	pkt_dev_close(b->inputs[1]);
}

static void send_frame(struct pkt_dev *dev, u8 verdict, u8 mark, bool tag)
{
	struct pkt pkt;
	int err = pkt_init(&pkt, FRAME_LEN);

	if (!err)
		err = pkt_load_room(&pkt, FRAME_LEN, FRAME_LEN);
	if (!err) {
		memset(pkt.data, 0, FRAME_LEN);
		memcpy(pkt.data, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5", 14);
		if (tag)
			memcpy(pkt.data + 12, "\x81\x00\x60\x07\x88\xb5", 6);
		pkt.data[50] = mark;
		pkt.data[FRAME_LEN - 1] = verdict;
		err = dev->ops->send(dev, &pkt);
	}
	if (err)
		tap_diag("send: %d", err);
	pkt_fini(&pkt);
}

/* The next frame of ours on @dev into @pkt, within @ms. */
static bool wait_frame(struct pkt_dev *dev, struct pkt *pkt, int ms)
{
	struct pollfd fd = { .fd = dev->fd, .events = POLLIN };
	int turns;

	for (turns = 0; turns < 100; turns++) {
		while (dev->ops->recv(dev, pkt) == 1)
			if (pkt_caplen(pkt) == FRAME_LEN && pkt->data[1] == 0)
				return true;
		if (poll(&fd, 1, ms) <= 0)
			return false;
	}
	return false;
}

static void check_bridge(void)
{
	struct prog *prog = verdict_prog();
	struct pkt_dev *a = must_open("a0"), *z = must_open("b0");
	struct bridge b;
	struct pkt pkt;

	if (!tap_ok(a && z && bridge_start(&b, "a1", "b1", prog), "bridge: starts") ||
	    pkt_init(&pkt, 2000))
		return;
	send_frame(a, XDP_DROP, 1, false);
	send_frame(a, XDP_PASS, 2, false);
	tap_ok(wait_frame(z, &pkt, WAIT_MS), "bridge: a frame crosses");
	tap_eq(pkt.data[50], 2, "bridge: not the one that was dropped");
	send_frame(z, XDP_PASS, 3, false);
	tap_ok(wait_frame(a, &pkt, WAIT_MS) && pkt.data[50] == 3, "bridge: and back");
	send_frame(a, XDP_TX, 4, false);
	tap_ok(wait_frame(a, &pkt, WAIT_MS) && pkt.data[50] == 4, "bridge: sent back");
	send_frame(a, 5, 5, true);
	tap_ok(wait_frame(z, &pkt, WAIT_MS) && pkt.data[50] == 5, "bridge: XDP saw the tag inline");
	tap_ok(!memcmp(pkt.data + 12, "\x81\x00\x60\x07\x88\xb5", 6), "bridge: and it is kept");
	send_frame(a, XDP_DROP, 6, false);
	tap_ok(!wait_frame(z, &pkt, QUIET_MS), "bridge: a drop drops");
	bridge_stop(&b);
	tap_eq(b.err, 0, "bridge: ends in good order");
	tap_eq(b.stats.actions[HOOK_DROP], 2, "bridge: drops are counted");
	tap_eq(b.stats.actions[HOOK_PASS], 3, "bridge: passes are counted");
	tap_eq(b.stats.actions[HOOK_TX], 1, "bridge: sent back is counted");
	str_fini(&b.why);
	pkt_fini(&pkt);
	pkt_dev_close(a);
	pkt_dev_close(z);
	prog_put(prog);
}

static void check_observer(void)
{
	struct prog *prog = verdict_prog();
	struct pkt_dev *a = must_open("a0"), *z = must_open("a1");
	struct bridge b;
	struct pkt pkt;

	if (!tap_ok(a && z && bridge_start(&b, "a1", NULL, prog), "observer: starts") ||
	    pkt_init(&pkt, 2000))
		return;
	tap_ok(session_observes_only(&b.opts), "observer: knows that it only observes");
	send_frame(a, XDP_DROP, 1, false);
	tap_ok(wait_frame(z, &pkt, WAIT_MS), "observer: the host sees what it drops");
	send_frame(a, XDP_PASS, 2, false);
	tap_ok(wait_frame(z, &pkt, WAIT_MS), "observer: and what it passes");
	tap_ok(!wait_frame(a, &pkt, QUIET_MS), "observer: nothing is sent");
	bridge_stop(&b);
	tap_eq(b.stats.packets, 2, "observer: both were seen");
	str_fini(&b.why);
	pkt_fini(&pkt);
	pkt_dev_close(a);
	pkt_dev_close(z);
	prog_put(prog);
}

/* In a namespace of its own with one end of the wire; the byte on @ready says that it is there. */
static pid_t end_point(int ready[2], int go[2], int (*work)(void))
{
	pid_t pid = fork();
	char c = 0;

	if (pid)
		return pid;
	if (unshare(CLONE_NEWNET) || write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
		_exit(2);
	_exit(work());
}

static int tcp_receive(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7000) };
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1, c;
	static u8 buf[65536];
	u32 got = 0, i;
	ssize_t n;

	if (!IP("addr", "add", "10.9.0.2/24", "dev", "b0") || !IP("link", "set", "b0", "up"))
		return 3;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)(void *)&addr, sizeof(addr)) || listen(s, 1))
		return 4;
	alarm(20);
	c = accept(s, NULL, NULL);
	while ((n = read(c, buf, sizeof(buf))) > 0)
		for (i = 0; i < (u32)n; i++, got++)
			if (buf[i] != (u8)(got * 2654435761u >> 24))
				return 5;
	return got == TCP_BYTES ? 0 : 6;
}

static int tcp_send(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7000),
				    .sin_addr.s_addr = htonl(0x0a090002) };
	static u8 data[TCP_BYTES];
	size_t sent = 0;
	ssize_t n;
	u32 i;
	int s = -1, err = -1;

	for (i = 0; i < TCP_BYTES; i++)
		data[i] = (u8)(i * 2654435761u >> 24);
	if (!IP("addr", "add", "10.9.0.1/24", "dev", "a0") || !IP("link", "set", "a0", "up"))
		return 3;
	alarm(20);
	for (i = 0; i < 50 && err; i++) { /* until the other side listens */
		s = socket(AF_INET, SOCK_STREAM, 0);
		err = connect(s, (struct sockaddr *)(void *)&addr, sizeof(addr));
		if (err) {
			close(s);
			poll(NULL, 0, 100);
		}
	}
	while (!err && sent < sizeof(data)) {
		n = write(s, data + sent, sizeof(data) - sent);
		if (n <= 0)
			return 4;
		sent += (size_t)n;
	}
	return err ? 5 : 0;
}

/*
 * TCP between two namespaces over the bridge: senders on virtual interfaces leave checksums and
 * segmentation to the device, so this only works when both are handed on.
 */
static void check_tcp(void)
{
	struct both_code c_pass = { 0 };
	struct prog *prog = NULL;
	int ready[2], go[2], st1 = -1, st2 = -1;
	struct bridge b = { 0 };
	char pid1[16], pid2[16], c = 0;
	pid_t p1, p2;

	both_emit(&c_pass, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS);
	both_exit(&c_pass);
	if (pipe(ready) || pipe(go) || both_prog(PROG_TYPE_XDP, &c_pass, &prog))
		return;
	p1 = end_point(ready, go, tcp_send);
	p2 = end_point(ready, go, tcp_receive);
	snprintf(pid1, sizeof(pid1), "%d", p1);
	snprintf(pid2, sizeof(pid2), "%d", p2);
	if (read(ready[0], &c, 1) != 1 || read(ready[0], &c, 1) != 1 ||
	    !IP("link", "set", "a0", "netns", pid1) || !IP("link", "set", "b0", "netns", pid2)) {
		tap_skip("cannot move interfaces between namespaces");
		kill(p1, SIGKILL);
		kill(p2, SIGKILL);
	} else if (!tap_ok(bridge_start(&b, "a1", "b1", prog), "tcp: bridge starts")) {
		kill(p1, SIGKILL);
		kill(p2, SIGKILL);
	} else {
		if (write(go[1], "gg", 2) != 2)
			tap_diag("cannot start the end points");
		waitpid(p1, &st1, 0);
		waitpid(p2, &st2, 0);
		bridge_stop(&b);
		tap_eq(st1, 0, "tcp: all was sent");
		tap_eq(st2, 0, "tcp: all arrived, in order and unchanged");
		tap_eq(b.stats.send_failed, 0, "tcp: no frame was refused");
		tap_diag("%llu packets, %llu bytes", (unsigned long long)b.stats.packets,
			 (unsigned long long)b.stats.bytes);
	}
	str_fini(&b.why);
	prog_put(prog);
}

static void check_tap(void)
{
	struct pkt_dev *tap = must_open("tap:skt0"), *host = must_open("skt0");
	struct pkt pkt;

	if (!tap || !host) {
		tap_skip("no TAP interfaces here");
		pkt_dev_close(tap);
		pkt_dev_close(host);
		return;
	}
	if (pkt_init(&pkt, 2000))
		return;
	send_frame(host, XDP_PASS, 1, false);
	tap_ok(wait_frame(tap, &pkt, WAIT_MS) && pkt.data[50] == 1, "tap: what the host sends");
	tap_eq(pkt.ifindex, tap->ifindex, "tap: with its interface");
	send_frame(tap, XDP_PASS, 2, true);
	tap_ok(wait_frame(host, &pkt, WAIT_MS) && pkt.data[50] == 2, "tap: what the host gets");
	tap_ok(!memcmp(pkt.data + 12, "\x81\x00\x60\x07", 4), "tap: with its tag put back");
	tap_ok(!session_observes_only(&(struct session_opts){ .inputs = &tap, .input_cnt = 1 }),
	       "tap: what is not passed on is dropped");
	pkt_fini(&pkt);
	pkt_dev_close(host);
	pkt_dev_close(tap);
	tap_ok(!IP("link", "show", "skt0"), "tap: gone when closed");
}

static void check_gone(void)
{
	struct prog *prog = verdict_prog();
	struct bridge b;

	if (!IP("link", "add", "c0", "type", "veth", "peer", "name", "c1") ||
	    !IP("link", "set", "c0", "up") || !IP("link", "set", "c1", "up"))
		return;
	if (!tap_ok(bridge_start(&b, "c1", NULL, prog), "gone: starts"))
		return;
	tap_ok(IP("link", "del", "c0"), "gone: the interface is deleted");
	pthread_join(b.thread, NULL);
	tap_ok(b.err == -ENETDOWN || b.err == -ENODEV, "gone: the session ends");
	tap_ok(strstr(str_c(&b.why), "c1: the interface went away"), "gone: %s", str_c(&b.why));
	pkt_dev_close(b.inputs[0]);
	str_fini(&b.why);
	prog_put(prog);
}

static void check_refused(const char *spec, int want, const char *words)
{
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	int err = pkt_dev_open(spec, 0, &dev, &why);

	tap_ok(err == want && strstr(str_c(&why), words), "%s: \"%s\"", spec, str_c(&why));
	if (err != want)
		tap_diag("got %d, want %d", err, want);
	pkt_dev_close(dev);
	str_fini(&why);
}

/* As nobody: 0 when both are refused with their names. */
static int refused_as_nobody(void)
{
	static const char *const specs[] = { "lo", "tap:skt1" };
	u32 i, good = 0;

	if (setgid(65534) || setuid(65534))
		return 2;
	for (i = 0; i < ARRAY_SIZE(specs); i++) {
		struct str why = STR_INIT;
		struct pkt_dev *dev = NULL;
		int err = pkt_dev_open(specs[i], 0, &dev, &why);

		good += (err == -EPERM || err == -EACCES) && strstr(str_c(&why), "run as root") &&
			strstr(str_c(&why), i ? "skt1" : "lo");
		str_fini(&why);
	}
	return good == ARRAY_SIZE(specs) ? 0 : 1;
}

static void check_refusals(void)
{
	int status = -1;
	pid_t pid;

	check_refused("nosuch0", -ENODEV, "nosuch0: no such interface");
	check_refused("lo", -ENETDOWN, "lo: the interface is down");
	check_refused("tap:", -EINVAL, "1 to 15 characters");
	check_refused("tap:a-name-that-is-too-long", -EINVAL, "1 to 15 characters");
	check_refused("tap:a1", -EINVAL, "a1: exists and is no TAP interface");
	pid = fork();
	if (!pid)
		_exit(refused_as_nobody());
	waitpid(pid, &status, 0);
	tap_eq(status, 0, "without the right: refused, naming the interface");
}

/* User-mode emulators do not know the ring's socket options. */
static bool have_ring(void)
{
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	int err = pkt_dev_open("a0", 0, &dev, &why);

	pkt_dev_close(dev);
	str_fini(&why);
	return err != -ENOPROTOOPT;
}

int main(void)
{
	if (!set_up())
		return tap_skip_all("no network namespace or veth interfaces here");
	if (!have_ring())
		return tap_skip_all("no packet ring here, as under an emulator");
	check_refusals();
	check_bridge();
	check_observer();
	check_tap();
	check_gone();
	check_tcp();
	return tap_done();
}
