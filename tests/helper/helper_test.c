/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that need neither packet nor map, called directly. */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "helper/table.h"
#include "pkt/pkt.h"
#include "prog/run.h"
#include "tests/tap.h"

#define CALL(name, ...) call(HELPER_##name, (const u64[5]){ __VA_ARGS__ })
#define P(p)		ptr_to_u64(p)

struct seen {
	char text[2048];
	size_t len;
	u32 cnt;
	u64 sum;
	u32 stop_at;
};

static struct run run;
static struct seen seen;

static void trace(struct run *r, const char *text, size_t len)
{
	struct seen *s = r->owner;

	memcpy(s->text, text, len);
	s->text[len] = 0;
	s->len = len;
	s->cnt++;
}

static u64 callback(struct run *r, u64 fn, const u64 args[5])
{
	struct seen *s = r->owner;

	s->cnt++;
	s->sum += args[0] + fn + args[1];
	if (s->stop_at == ~0u)
		r->fault.kind = FAULT_BUDGET;
	return s->stop_at == s->cnt;
}

static u64 fixed_clock(struct run *r, s32 id)
{
	(void)r;
	return id == CLOCK_MONOTONIC ? 1000 : 2000;
}

static const struct run_ops ops = { .callback = callback, .trace = trace };
static const struct run_ops clock_ops = { .clock_ns = fixed_clock };

static u64 call(enum helper_id id, const u64 a[5])
{
	return helper_function(id)(a[0], a[1], a[2], a[3], a[4], &run);
}

static const char *print(const char *fmt, u64 a, u64 b, u64 c)
{
	s64 ret;

	memset(&seen, 0, sizeof(seen));
	ret = (s64)CALL(trace_printk, P(fmt), strlen(fmt) + 1, a, b, c);
	if (ret < 0)
		return ret == -EINVAL ? "EINVAL" : ret == -ENOSPC ? "ENOSPC" : "error";
	return seen.text;
}

static void test_print(void)
{
	static const u8 v4[4] = { 10, 0, 0, 255 };
	static const u8 v6[16] = { 0xfe, 0x80, [15] = 1 };
	static char text[600];

	run.extents[0] = (struct extent){ .base = P(v4), .size_bytes = 4, .perm = EXTENT_READ };
	run.extents[1] = (struct extent){ .base = P(v6), .size_bytes = 16, .perm = EXTENT_READ };
	run.extents[2] = (struct extent){ .base = P(text), .size_bytes = sizeof(text),
					  .perm = EXTENT_READ };
	run.extent_cnt = 3;
	memcpy(text, "hello", sizeof("hello"));
	tap_str(print("plain\n", 0, 0, 0), "plain\n", "text alone");
	tap_str(print("%d %u %x", (u64)-1, (u64)-1, 0xabc), "-1 4294967295 abc", "32 bits");
	tap_str(print("%ld %llu %lX", (u64)-1, (u64)-1, 0xabcULL << 32),
		"-1 18446744073709551615 ABC00000000", "64 bits");
	tap_str(print("[%5d|%-5d|%05d]", 42, 42, (u64)-42), "[   42|42   |-0042]", "width");
	tap_str(print("[%+d|% d|%i]", 42, 42, 7), "[+42| 42|7]", "sign");
	tap_str(print("%s!", P(text), 0, 0), "hello!", "string");
	tap_str(print("[%8s|%-8s|%c]", P(text), P(text), 'x'), "[   hello|hello   |x]",
		"padded strings");
	tap_str(print("%s.", 16, 0, 0), ".", "string at an address that is nobody's");
	tap_str(print("%pks %pus", P(text), P(text), 0), "hello hello", "kernel and user strings");
	tap_str(print("%p", 0x1234, 0, 0), "0000000000001234", "address");
	tap_str(print("%px-%pK", 1, 2, 0), "0000000000000001-0000000000000002", "raw address");
	tap_str(print("%pS %pB", 0x1234, 0x12, 0), "0x1234 0x12", "no symbols");
	tap_str(print("%pI4 %pi4", P(v4), P(v4), 0), "10.0.0.255 010.000.000.255", "IPv4");
	tap_str(print("%pI6", P(v6), 0, 0), "fe80:0000:0000:0000:0000:0000:0000:0001", "IPv6");
	tap_str(print("%pi6", P(v6), 0, 0), "fe800000000000000000000000000001", "IPv6, bare");
	tap_str(print("%pI4", 8, 0, 0), "0.0.0.0", "IPv4 at an address that is nobody's");
	tap_str(print("100%%", 0, 0, 0), "100%", "percent");
	tap_str(print("%pxabc.", 5, 0, 0), "0000000000000005.", "letters after an address vanish");
	tap_str(print("%d %d %d %d", 1, 2, 3), "EINVAL", "more conversions than arguments");
	tap_str(print("%f", 0, 0, 0), "EINVAL", "no floats");
	tap_str(print("%hd", 0, 0, 0), "EINVAL", "no halves");
	tap_str(print("%.3d", 0, 0, 0), "EINVAL", "no precision");
	tap_str(print("%*d", 0, 0, 0), "EINVAL", "no star");
	tap_str(print("%", 0, 0, 0), "EINVAL", "nothing after the percent");
	tap_str(print("%sx", P(text), 0, 0), "EINVAL", "letter after a string");
	tap_str(print("a\001b", 0, 0, 0), "EINVAL", "control character");
	tap_str(print("gr\xc3\xbc\xc3\x9f", 0, 0, 0), "gr\xc3\xbc\xc3\x9f", "UTF-8");
	tap_eq(CALL(trace_printk, P("abc"), 2), (u64)-EINVAL, "no NUL within the size");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	tap_eq(strlen(print("%s", P(text), 0, 0)), 511, "strings are cut at 512 bytes");
	tap_str(print("%s%d", P(text), 1, 0), "ENOSPC", "and leave room for nothing else");
	tap_eq(CALL(trace_printk, P("%2000d"), 7, 5), 2000, "the length before it was cut");
	tap_eq(seen.len, 1023, "a message is at most 1023 long");
}

static void test_vprint(void)
{
	u64 args[13] = { 1, 2, 3, 4, 5 };
	char out[16];

	memset(&seen, 0, sizeof(seen));
	tap_eq(CALL(trace_vprintk, P("%d%d%d%d%d"), 11, P(args), 40), 5, "five arguments");
	tap_str(seen.text, "12345", "printed");
	tap_eq(CALL(trace_vprintk, P("%d"), 3, P(args), 7), (u64)-EINVAL, "half an argument");
	tap_eq(CALL(trace_vprintk, P("%d"), 3, P(args), 104), (u64)-EINVAL, "13 arguments");
	tap_eq(CALL(trace_vprintk, P("%d"), 3, 0, 8), (u64)-EINVAL, "none, but a size");
	tap_eq(CALL(trace_vprintk, P("x"), 2, 0, 0), 1, "none at all");
	memset(out, '#', sizeof(out));
	tap_eq(CALL(snprintf, P(out), 4, P("%d-%d"), P(args), 16), 4, "exactly fits");
	tap_str(out, "1-2", "with its NUL");
	tap_eq(CALL(snprintf, P(out), 3, P("%d-%d"), P(args), 16), 4, "wants one more");
	tap_ok(!strcmp(out, "1-") && out[4] == '#', "cut, and nothing behind it touched");
	tap_eq(CALL(snprintf, 0, 0, P("%d-%d"), P(args), 16), 4, "asks for the size alone");
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		u32 base;
		s64 ret, value;
	} rows[] = {
		{ "42", 10, 2, 42 },	       { "42x", 10, 2, 42 },
		{ "  -42", 0, 5, -42 },	       { "0x1f", 0, 4, 31 },
		{ "0x1f", 16, 4, 31 },	       { "1F", 16, 2, 31 },
		{ "017", 0, 3, 15 },	       { "08", 0, 1, 0 },
		{ "0x", 0, 1, 0 },	       { "0xg", 0, 1, 0 },
		{ "0x", 16, -EINVAL, 0 },      { "", 10, -EINVAL, 0 },
		{ "-", 10, -EINVAL, 0 },       { "+1", 10, -EINVAL, 0 },
		{ "1", 2, -EINVAL, 0 },	       { "1", 32, -EINVAL, 0 },
		{ "9223372036854775807", 10, 19, INT64_MAX },
		{ "9223372036854775808", 10, -ERANGE, 0 },
		{ "-9223372036854775808", 10, 20, INT64_MIN },
		{ "-9223372036854775809", 10, -ERANGE, 0 },
		{ "99999999999999999999", 10, -ERANGE, 0 },
		{ "777", 8, 3, 511 },	       { "\t\n 7", 10, 4, 7 },
	};
	u32 i;
	u64 v;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		v = 77;
		tap_eq(CALL(strtol, P(rows[i].text), strlen(rows[i].text), rows[i].base, P(&v)),
		       (u64)rows[i].ret, "strtol, row %u, base %u", i, rows[i].base);
		tap_eq(v, (u64)rows[i].value, "its value");
	}
	tap_eq(CALL(strtoul, P("-1"), 2, 10, P(&v)), (u64)-EINVAL, "strtoul: no sign");
	tap_eq(CALL(strtoul, P("18446744073709551615"), 20, 10, P(&v)), 20, "strtoul: greatest");
	tap_eq(v, UINT64_MAX, "its value");
	tap_eq(CALL(strtoul, P("1234"), 2, 10, P(&v)), 2, "no further than its size");
	tap_eq(v, 12, "its value");
	tap_eq(CALL(strncmp, P("abc"), 4, P("abc")), 0, "equal");
	tap_eq(CALL(strncmp, P("abc"), 2, P("abd")), 0, "equal so far");
	tap_eq(CALL(strncmp, P("abc"), 3, P("abd")), (u64)-1, "less");
	tap_eq(CALL(strncmp, P("b\0x"), 3, P("a")), 1, "greater");
	tap_eq(CALL(strncmp, P("a\0x"), 3, P("a\0y")), 0, "nothing after the NUL counts");
}

static void test_loop(void)
{
	memset(&seen, 0, sizeof(seen));
	tap_eq(CALL(loop, 10, 1000, 5), 10, "ten rounds");
	tap_eq(seen.sum, 45 + 10 * 1005, "each with its number and the context");
	memset(&seen, 0, sizeof(seen));
	seen.stop_at = 4;
	tap_eq(CALL(loop, 10, 0, 0), 4, "stopped by the fourth");
	tap_eq(CALL(loop, 10, 0, 0, 1), (u64)-EINVAL, "no flags");
	tap_eq(CALL(loop, (1 << 23) + 1, 0, 0), (u64)-E2BIG, "2^23 at most");
	tap_eq(CALL(loop, 0, 0, 0), 0, "none");
	memset(&seen, 0, sizeof(seen));
	seen.stop_at = ~0u;
	CALL(loop, 10, 0, 0);
	tap_eq(seen.cnt, 1, "a fault in the callback ends it");
	run.fault.kind = FAULT_NONE;
}

static void test_probe(void)
{
	char dst[8] = "#######";
	static char src[6] = "abc";
	static const char open_end[3] = { 'x', 'y', 'z' };

	run.extents[0] = (struct extent){ .base = P(src), .size_bytes = 6, .perm = EXTENT_READ };
	run.extents[1] = (struct extent){ .base = P(open_end), .size_bytes = 3,
					  .perm = EXTENT_READ };
	run.extent_cnt = 2;
	tap_eq(CALL(probe_read_kernel, P(dst), 4, P(src)), 0, "memory of the run");
	tap_str(dst, "abc", "is read");
	tap_eq(CALL(probe_read_kernel, P(dst), 7, P(src)), (u64)-EFAULT, "more than there is");
	tap_ok(!memcmp(dst, "\0\0\0\0\0\0\0", 7), "zeroes the buffer");
	memset(dst, '#', sizeof(dst));
	tap_eq(CALL(probe_read_user, P(dst), 4, P(dst)), (u64)-EFAULT,
	       "memory of the process that is not the run's");
	tap_ok(!memcmp(dst, "\0\0\0\0####", 8), "zeroes as much as was asked");
	tap_eq(CALL(probe_read, P(dst), 0, 12), 0, "nothing from nowhere");
	tap_eq(CALL(probe_read_kernel_str, P(dst), 8, P(src)), 4, "a string with its NUL");
	tap_eq(CALL(probe_read_kernel_str, P(dst), 2, P(src)), 2, "a string that is cut");
	tap_str(dst, "a", "still ends");
	tap_eq(CALL(probe_read_user_str, P(dst), 8, P(open_end)), (u64)-EFAULT,
	       "a string that runs out of its object");
	tap_eq(CALL(probe_read_str, P(dst), 0, P(src)), 0, "no room, nothing read");
}

static void test_task(void)
{
	char comm[16] = "################", name[16];
	struct { u32 pid, tgid; } ids = { 1, 1 };
	struct stat st;

	tap_eq(CALL(get_current_pid_tgid), (u64)getpid() << 32 | (u32)gettid(), "pid and tid");
	tap_eq(CALL(get_current_uid_gid), (u64)getegid() << 32 | geteuid(), "uid and gid");
	prctl(PR_GET_NAME, name);
	tap_eq(CALL(get_current_comm, P(comm), 16), 0, "name of the thread");
	tap_str(comm, name, "is right");
	tap_eq(CALL(get_current_comm, P(comm), 3), 0, "cut to three bytes");
	tap_ok(comm[2] == 0 && !memcmp(comm, name, 2), "with a NUL");
	tap_ok(!stat("/proc/self/ns/pid", &st), "namespace of pids");
	tap_eq(CALL(get_ns_current_pid_tgid, st.st_dev, st.st_ino, P(&ids), 8), 0, "in it");
	tap_ok(ids.pid == (u32)gettid() && ids.tgid == (u32)getpid(), "ids");
	tap_eq(CALL(get_ns_current_pid_tgid, st.st_dev, st.st_ino + 1, P(&ids), 8), (u64)-EINVAL,
	       "another namespace");
	tap_ok(!ids.pid && !ids.tgid, "gives zeros");
}

/* As sched_cls programs of 6.18 get it by BPF_PROG_TEST_RUN, where no socket is needed for it. */
static void test_owner(void)
{
	u8 buf[28];

	memset(buf, 0x11, sizeof(buf));
	tap_eq(CALL(skb_get_tunnel_key, 0, P(buf), 28, 0), (u64)-EINVAL, "no tunnel");
	tap_ok(!buf[0] && !buf[27], "its key is zeroed");
	memset(buf, 0x11, sizeof(buf));
	tap_eq(CALL(skb_get_tunnel_opt, 0, P(buf), 16), (u64)-ENOENT, "no tunnel options");
	tap_ok(!buf[15] && buf[16] == 0x11, "as many zeros as asked");
	tap_eq(CALL(skb_get_xfrm_state, 0, 0, P(buf), 28), (u64)-EINVAL, "no IPsec state");
	tap_eq(CALL(get_socket_uid), 65534, "nobody's packet");
	tap_eq(CALL(get_socket_cookie) | CALL(get_cgroup_classid) | CALL(skb_cgroup_id) |
		       CALL(skb_cgroup_classid) | CALL(get_route_realm) |
		       CALL(skb_ancestor_cgroup_id), 0, "no socket, class, cgroup, realm");
	tap_ok(CALL(get_netns_cookie), "a network namespace");
}

static void test_clock_and_cpu(void)
{
	u64 a = CALL(ktime_get_ns), b = CALL(ktime_get_ns), first, i, same = 0;

	tap_ok(a && b >= a && CALL(ktime_get_boot_ns) >= a && CALL(ktime_get_tai_ns) > a, "clocks");
	tap_ok(CALL(ktime_get_coarse_ns) <= CALL(ktime_get_ns), "the coarse one lags");
	tap_ok(CALL(jiffies64) >= 0xfffb6c20, "jiffies start five minutes before they wrap");
	run.ops = &clock_ops;
	tap_eq(CALL(ktime_get_ns), 1000, "the instance's clock");
	tap_eq(CALL(ktime_get_boot_ns), 2000, "any of its clocks");
	run.ops = &ops;
	run.cpu = 3;
	tap_eq(CALL(get_smp_processor_id), 3, "the slot is the CPU");
	run.rand_state[0] = 1;
	run.rand_state[1] = 2;
	run.rand_state[2] = 3;
	run.rand_state[3] = 4;
	/* xoshiro256** from state 1, 2, 3, 4: 11520, 0, 1509978240, 1215971899390074240 */
	tap_eq(CALL(get_prandom_u32), 11520ULL >> 32, "random: upper half of the first number");
	CALL(get_prandom_u32);
	CALL(get_prandom_u32);
	tap_eq(CALL(get_prandom_u32), 1215971899390074240ULL >> 32, "… and of the fourth");
	first = CALL(get_prandom_u32);
	for (i = 0; i < 1000; i++)
		same += CALL(get_prandom_u32) == first;
	tap_ok(same < 3, "numbers differ");
}

/*
 * A packet whose checksum starts in front of the network header may be cut before it: nothing can
 * be read from there then (fault: relative-header-cut-off).
 */
static void test_header_cut_off(void)
{
	u8 bytes[60] = { [12] = 8, [14] = 0x45 }, to[8];
	struct pkt pkt;

	if (pkt_init(&pkt, sizeof(bytes)) || pkt_load(&pkt, bytes, sizeof(bytes), sizeof(bytes)))
		return (void)tap_ok(false, "a packet");
	pkt_parse_eth(&pkt);
	pkt.csum_start = pkt.data + 2;
	tap_eq(CALL(skb_change_tail, P(&pkt), 4), 0, "cut within the Ethernet header");
	tap_eq(CALL(skb_load_bytes_relative, P(&pkt), 0, P(to), sizeof(to), 1), (u64)-EFAULT,
	       "relative-header-cut-off: no bytes at the network header");
	tap_eq(CALL(skb_ecn_set_ce, P(&pkt)), 0, "and none to mark");
	pkt_fini(&pkt);
}

int main(void)
{
	run.ops = &ops;
	run.owner = &seen;
	test_print();
	test_vprint();
	test_numbers();
	test_loop();
	test_probe();
	test_task();
	test_owner();
	test_clock_and_cpu();
	test_header_cut_off();
	return tap_done();
}
