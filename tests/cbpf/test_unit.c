/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF by hand: one refusal of each kind, text in and out, special offsets, ancillary data,
 * payload offsets, and what each target of the converter makes of a program.
 */
#include "attach/hook.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/classic.h"
#include "engines.h"
#include "tests/tap.h"

#define LD_H_ABS 0x28
#define LD_W_ABS 0x20
#define LD_B_ABS 0x30
#define LD_MEM	 0x60
#define ST	 0x02
#define LDX_IMM	 0x01
#define DIV_K	 0x34
#define DIV_X	 0x3c
#define LSH_K	 0x64
#define LSH_X	 0x6c
#define JA	 0x05
#define JEQ_K	 0x15
#define RET_K	 0x06
#define RET_A	 0x16
#define LD_IMM	 0x00
#define LD_LEN	 0x80
#define MOD_K	 0x94

struct refusal_case {
	const char *name;
	enum cbpf_mode mode;
	int want;
	u32 insn_idx;
	const char *reason;
	u32 len;
	struct cbpf_insn insns[4];
};

static const struct refusal_case refusal_cases[] = {
	{ "empty", CBPF_SOCKET, -EINVAL, 0, "the program is empty", 0, { { 0 } } },
	{ "ret", CBPF_SOCKET, 0, 0, NULL, 1, { { RET_K, 0, 0, 1 } } },
	{ "bad code", CBPF_SOCKET, -EINVAL, 0, "unknown instruction code", 2,
	  { { 0xff, 0, 0, 0 }, { RET_K, 0, 0, 1 } } },
	{ "ret x is none of Linux's", CBPF_SOCKET, -EINVAL, 0, "unknown instruction code", 1,
	  { { 0x0e, 0, 0, 0 } } },
	{ "no return", CBPF_SOCKET, -EINVAL, 0, "the last instruction does not return", 1,
	  { { LD_IMM, 0, 0, 1 } } },
	{ "division by 0", CBPF_SOCKET, -EINVAL, 0, "division by constant 0", 2,
	  { { DIV_K, 0, 0, 0 }, { RET_A, 0, 0, 0 } } },
	{ "shift by 32", CBPF_SOCKET, -EINVAL, 0, "shift by a constant of 32 or more", 2,
	  { { LSH_K, 0, 0, 32 }, { RET_A, 0, 0, 0 } } },
	{ "shift by 31", CBPF_SOCKET, 0, 0, NULL, 2, { { LSH_K, 0, 0, 31 }, { RET_A, 0, 0, 0 } } },
	{ "scratch word 16", CBPF_SOCKET, -EINVAL, 0,
	  "scratch memory has 16 words, M[0] to M[15]", 2,
	  { { ST, 0, 0, 16 }, { RET_A, 0, 0, 0 } } },
	{ "scratch word read unwritten", CBPF_SOCKET, -EINVAL, 0,
	  "reads a scratch word that was not written", 2,
	  { { LD_MEM, 0, 0, 3 }, { RET_A, 0, 0, 0 } } },
	{ "scratch word written on one path", CBPF_SOCKET, -EINVAL, 2,
	  "reads a scratch word that was not written", 4,
	  { { JEQ_K, 0, 1, 3 }, { ST, 0, 0, 3 }, { LD_MEM, 0, 0, 3 }, { RET_A, 0, 0, 0 } } },
	{ "the same in pcap mode", CBPF_PCAP, 0, 0, NULL, 4,
	  { { JEQ_K, 0, 1, 3 }, { ST, 0, 0, 3 }, { LD_MEM, 0, 0, 3 }, { RET_A, 0, 0, 0 } } },
	{ "jump over the end", CBPF_SOCKET, -EINVAL, 0, "jump out of the program", 2,
	  { { JA, 0, 0, 1 }, { RET_K, 0, 0, 1 } } },
	{ "jump back", CBPF_SOCKET, -EINVAL, 1, "jump out of the program", 3,
	  { { LD_IMM, 0, 0, 1 }, { JA, 0, 0, (u32)-2 }, { RET_K, 0, 0, 1 } } },
	{ "jump back in pcap mode", CBPF_PCAP, 0, 0, NULL, 3,
	  { { LD_IMM, 0, 0, 1 }, { JA, 0, 0, (u32)-2 }, { RET_K, 0, 0, 1 } } },
	{ "conditional jump over the end", CBPF_SOCKET, -EINVAL, 0, "jump out of the program", 2,
	  { { JEQ_K, 0, 1, 1 }, { RET_K, 0, 0, 1 } } },
	{ "unknown ancillary data", CBPF_SOCKET, -EINVAL, 0, "no ancillary data at this offset", 2,
	  { { LD_W_ABS, 0, 0, CBPF_OFF_AD + 1 }, { RET_A, 0, 0, 0 } } },
	{ "seccomp: a word", CBPF_SECCOMP, 0, 0, NULL, 2,
	  { { LD_W_ABS, 0, 0, 60 }, { RET_A, 0, 0, 0 } } },
	{ "seccomp: a word too far", CBPF_SECCOMP, -EINVAL, 0,
	  "a seccomp filter loads aligned words of struct seccomp_data (64 bytes)", 2,
	  { { LD_W_ABS, 0, 0, 64 }, { RET_A, 0, 0, 0 } } },
	{ "seccomp: half a word", CBPF_SECCOMP, -EINVAL, 0,
	  "seccomp does not allow this instruction", 2,
	  { { LD_H_ABS, 0, 0, 0 }, { RET_A, 0, 0, 0 } } },
	{ "seccomp: modulo", CBPF_SECCOMP, -EINVAL, 0, "seccomp does not allow this instruction", 2,
	  { { MOD_K, 0, 0, 3 }, { RET_A, 0, 0, 0 } } },
};

static void test_refusals(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		struct cbpf_refusal refusal = { 0, NULL };
		int err = cbpf_check(c->insns, c->len, c->mode, &refusal);

		tap_ok(err == c->want && refusal.insn_idx == c->insn_idx &&
			       tap_str_equal(refusal.reason, c->reason),
		       "check: %s", c->name);
	}
}

/* Result of a program of our own on @view in all engines; agreement is a test by itself. */
static u32 result_of(const char *name, const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
		     struct cbpf_view *view)
{
	struct cbpf_prog *prog = NULL;
	struct engines e;
	char what[160] = "";
	u32 result = 0;
	bool good = !cbpf_prog_new(insns, len, mode, NULL, &prog) && !engines_init(&e, prog);

	if (!tap_ok(good && engines_run(&e, view, &result, what), "%s: engines agree", name))
		tap_diag("%s", what);
	if (good)
		engines_fini(&e);
	cbpf_prog_free(prog);
	return result;
}

static u32 load_result(struct cbpf_view *view, u32 k)
{
	const struct cbpf_insn insns[] = { { LD_W_ABS, 0, 0, k }, { RET_A, 0, 0, 0 } };
	char name[32];

	snprintf(name, sizeof(name), "ld [0x%x]", k);
	return result_of(name, insns, 2, CBPF_SOCKET, view);
}

static void test_loads(void)
{
	static const u8 packet[18] = { 1,  2,	3,  4,	5,  6,	7,  8,	9,
				       10, 11, 12, 13, 14, 15, 16, 17, 18 };
	struct cbpf_view view = { .mac_off_bytes = -4,
				  .headroom_bytes = 4,
				  .net_off_bytes = 4,
				  .protocol = 0x0108,
				  .pkt_type = 3,
				  .mark = 0x12345678,
				  .queue_mapping = 9,
				  .hash = 77,
				  .hatype = 588,
				  .vlan_tci = 0xffff,
				  .vlan_present = 1,
				  .vlan_proto = 0x0081,
				  .cpu = 2 };

	cbpf_view_set(&view, packet + 4, 14, 100);
	tap_eq(load_result(&view, 0), 0x05060708, "packet word");
	tap_eq(load_result(&view, 10), 0x0f101112, "last packet word");
	tap_eq(load_result(&view, 11), 0, "a byte beyond what was captured");
	tap_eq(load_result(&view, CBPF_OFF_NET + 2), 0x0b0c0d0e, "from the network header");
	tap_eq(load_result(&view, CBPF_OFF_LL), 0x01020304, "from the link header");
	tap_eq(load_result(&view, 0x80000000), 0, "no header so far down");
	tap_eq(load_result(&view, CBPF_OFF_AD + 4), 3, "packet type");
	tap_eq(load_result(&view, CBPF_OFF_AD + 8), 0, "interface of a packet without one: A");
	tap_eq(load_result(&view, CBPF_OFF_AD + 20), 0x12345678, "mark");
	tap_eq(load_result(&view, CBPF_OFF_AD + 24), 9, "queue");
	tap_eq(load_result(&view, CBPF_OFF_AD + 32), 77, "hash");
	tap_eq(load_result(&view, CBPF_OFF_AD + 36), 2, "CPU");
	tap_eq(load_result(&view, CBPF_OFF_AD + 44), 0xffff, "VLAN tag");
	tap_eq(load_result(&view, CBPF_OFF_AD + 48), 1, "VLAN tag present");
	view.ifindex = 5;
	tap_eq(load_result(&view, CBPF_OFF_AD + 8), 5, "interface");
	tap_eq(load_result(&view, CBPF_OFF_AD + 28), 588, "hardware type");
}

static void test_modes(void)
{
	static const u8 packet[4];
	struct cbpf_view view = { 0 };
	const struct cbpf_insn len[] = { { LD_LEN, 0, 0, 0 }, { RET_A, 0, 0, 0 } };
	const struct cbpf_insn shift[] = { { LDX_IMM, 0, 0, 33 }, { LD_IMM, 0, 0, 1 },
					   { LSH_X, 0, 0, 0 }, { RET_A, 0, 0, 0 } };
	const struct cbpf_insn by_0[] = { { LD_IMM, 0, 0, 7 }, { DIV_X, 0, 0, 0 },
					  { RET_K, 0, 0, 9 } };
	const struct cbpf_insn loop[] = { { JA, 0, 0, (u32)-1 }, { RET_K, 0, 0, 1 } };

	cbpf_view_set(&view, packet, 4, 1500);
	tap_eq(result_of("length", len, 2, CBPF_SOCKET, &view), 1500, "length is that on the wire");
	tap_eq(result_of("shift", shift, 4, CBPF_SOCKET, &view), 2, "Linux shifts by X & 31");
	tap_eq(result_of("shift", shift, 4, CBPF_PCAP, &view), 0, "libpcap shifts all out");
	tap_eq(result_of("division", by_0, 3, CBPF_SOCKET, &view), 0, "division by X = 0 ends");
	tap_eq(result_of("loop", loop, 2, CBPF_PCAP, &view), 0, "an endless loop ends with 0");
}

static u32 payload_off(const char *hex, u16 protocol, u32 wire_bytes)
{
	struct cbpf_view view = { .protocol = (u16)(protocol << 8 | protocol >> 8) };
	u8 packet[128];
	u32 len = 0;

	if (HOST_BIG_ENDIAN)
		view.protocol = protocol;
	for (; hex[2 * len] && len < sizeof(packet); len++)
		sscanf(hex + 2 * len, "%2hhx", &packet[len]);
	cbpf_view_set(&view, packet, len, wire_bytes ? wire_bytes : len);
	return cbpf_view_payload_off(&view);
}

#define IP4(proto) "450000280000000040" proto "00000a0000010a000002"
#define TCP24	   "00500051000000000000000060100000000000000101010100"
#define IP6(proto) "60000000000840" proto "40" "fd000000000000000000000000000001" \
		   "fd000000000000000000000000000002"

static void test_payload(void)
{
	tap_eq(payload_off(IP4("06") TCP24, 0x0800, 0), 44, "payload: TCP with options");
	tap_eq(payload_off(IP4("11") "0035003500080000", 0x0800, 0), 28, "payload: UDP");
	tap_eq(payload_off(IP4("01") "0800000000000000", 0x0800, 0), 28, "payload: ICMP");
	tap_eq(payload_off(IP4("84") "0035003500000000", 0x0800, 100), 32, "payload: SCTP");
	tap_eq(payload_off(IP4("32") "00", 0x0800, 0), 20, "payload: ESP is payload");
	tap_eq(payload_off("4500002800002000" "4011" "0000" "0a0000010a000002" "0035003500080000",
			   0x0800, 0), 28, "payload: first fragment");
	tap_eq(payload_off("4500002800000001" "4011" "0000" "0a0000010a000002" "0035003500080000",
			   0x0800, 0), 20, "payload: later fragment");
	tap_eq(payload_off("0005" "0800" IP4("11") "0035003500080000", 0x8100, 0), 32,
	       "payload: VLAN");
	tap_eq(payload_off("1100000100260021" IP4("11") "0035003500080000", 0x8864, 0), 36,
	       "payload: PPPoE");
	tap_eq(payload_off("45", 0x0800, 0), 0, "payload: cut header");
	tap_eq(payload_off("00", 0x1234, 0), 0, "payload: unknown protocol");
}

static void test_text(void)
{
	const struct cbpf_insn insns[] = { { LD_H_ABS, 0, 0, 12 }, { JEQ_K, 1, 2, 0x800 },
					   { LD_W_ABS, 0, 0, CBPF_OFF_AD + 20 },
					   { RET_K, 0, 0, 262144 }, { RET_K, 0, 0, 0 } };
	static const char *const want[] = {
		"(000) ldh      [12]\n(001) jeq      #0x800           jt 3\tjf 4\n"
		"(002) ld       [mark]\n(003) ret      #262144\n(004) ret      #0\n",
		"{ 0x28, 0, 0, 0x0000000c },\n{ 0x15, 1, 2, 0x00000800 },\n"
		"{ 0x20, 0, 0, 0xfffff014 },\n{ 0x6, 0, 0, 0x00040000 },\n"
		"{ 0x6, 0, 0, 0x00000000 },\n",
		"5\n40 0 0 12\n21 1 2 2048\n32 0 0 4294963220\n6 0 0 262144\n6 0 0 0\n",
	};

	for (int form = CBPF_FORM_TEXT; form <= CBPF_FORM_NUM; form++) {
		struct cbpf_insn *back = NULL;
		struct str text = STR_INIT;
		u32 len = 0;

		cbpf_print(&text, insns, ARRAY_SIZE(insns), (enum cbpf_form)form);
		tap_str(str_c(&text), want[form - 1], "form %d", form);
		tap_ok(!cbpf_parse(text.data, text.len, &back, &len, NULL) &&
			       len == ARRAY_SIZE(insns) && !memcmp(back, insns, sizeof(insns)),
		       "form %d reads back", form);
		mem_free(back);
		str_fini(&text);
	}
}

static void test_parse_errors(void)
{
	static const struct {
		const char *text, *error;
		u32 line;
	} cases[] = {
		{ "", "no instruction", 0 },
		{ "(000) ld [0]\n(002) ret #0\n",
		  "instructions are not numbered one after the other from 0", 2 },
		{ "ret #0\nfoo #1\n", "unknown instruction", 2 },
		{ "ld [x + ]\n", "cannot read the operand", 1 },
		{ "ld #99999999999\n", "cannot read the operand", 1 },
		{ "jeq #1 jt 0 jf 1\nret #0\n", "cannot read the operand", 1 },
		{ "{ 0x6, 0, 0, 1 }, x\n", "text behind the initialiser", 1 },
		{ "{ 0x6, 256, 0, 1 },\n", "expected { code, jt, jf, k },", 1 },
		{ "2\n6 0 0 1\n", "the first line announces another number of instructions", 2 },
		{ "1\n6 0 0\n", "expected four numbers: code jt jf k", 2 },
		{ "1 2\n", "expected the number of instructions alone on its line", 1 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cbpf_parse_error error = { 0, "" };
		struct cbpf_insn *insns;
		u32 len;
		int err = cbpf_parse(cases[i].text, strlen(cases[i].text), &insns, &len, &error);

		tap_ok(err == -EINVAL && error.line == cases[i].line &&
			       !strcmp(error.text, cases[i].error),
		       "parse error: %s", cases[i].error);
	}
}

static void test_targets(void)
{
	const struct cbpf_insn nlattr[] = { { LD_IMM, 0, 0, 4 },
					    { LD_W_ABS, 0, 0, CBPF_OFF_AD + 12 },
					    { RET_A, 0, 0, 0 } };
	struct cbpf_refusal refusal = { 0 };
	struct cbpf_converted code;
	struct cbpf_prog *prog;

	if (!tap_ok(!cbpf_prog_new(nlattr, 3, CBPF_SOCKET, NULL, &prog), "program for targets"))
		return;
	tap_eq(cbpf_convert(prog, CBPF_TO_KERNEL, &refusal, &code), -EOPNOTSUPP,
	       "Linux has no helper for netlink attributes");
	tap_eq(refusal.insn_idx, 1, "and the instruction is named");
	tap_eq(cbpf_convert(prog, CBPF_TO_RUN, NULL, &code), 0, "ours has");
	cbpf_converted_fini(&code);
	cbpf_prog_free(prog);
}

/* What the socket hook keeps of a UDP packet in Ethernet with @engine. */
static u32 hook_kept(struct run *run, struct pkt *pkt, const struct cbpf_insn *insns, u32 len,
		     enum core_classic_engine engine)
{
	struct hook_result result = { 0 };
	struct prog *prog;

	if (core_classic_load(insns, len, CBPF_SOCKET, engine, &prog))
		return UINT32_MAX;
	run->insns_left = 1000;
	if (hook_socket_filter.run(run, prog, pkt, &result))
		result.retval = UINT32_MAX;
	prog_put(prog);
	return result.retval;
}

static void test_hook(void)
{
	/* Bytes from the IP header on, through SKF_NET_OFF: protocol, then header and payload. */
	const struct cbpf_insn poff[] = { { LD_W_ABS, 0, 0, CBPF_OFF_AD + 52 },
					  { RET_A, 0, 0, 0 } };
	const struct cbpf_insn proto[] = { { LD_B_ABS, 0, 0, CBPF_OFF_NET + 9 },
					  { RET_A, 0, 0, 0 } };
	const struct cbpf_insn ethertype[] = { { LD_W_ABS, 0, 0, CBPF_OFF_AD },
					  { RET_A, 0, 0, 0 } };
	u8 frame[60] = { [12] = 8, [14] = 0x45, [17] = 46, [23] = 17 };
	struct run *run = mem_zalloc(sizeof(*run));
	struct pkt pkt;
	enum core_classic_engine engine;

	if (!tap_ok(run && !pkt_init(&pkt, 60), "memory for a packet"))
		return;
	for (engine = CORE_CLASSIC_NATIVE; engine <= CORE_CLASSIC_GUARD; engine++) {
		tap_ok(!pkt_load(&pkt, frame, 60, 1500), "packet");
		pkt_parse_eth(&pkt);
		tap_eq(hook_kept(run, &pkt, ethertype, 2, engine), 0x800, "hook: EtherType");
		tap_eq(hook_kept(run, &pkt, poff, 2, engine), 42, "hook: payload offset");
		tap_eq(pkt_caplen(&pkt), 42, "and the packet is cut there");
		tap_eq(hook_kept(run, &pkt, proto, 2, engine), 17, "hook: from the IP header");
	}
	pkt_fini(&pkt);
	mem_free(run);
}

/* Every allocation fails once: nothing leaks, nothing is half-made. */
static void test_no_memory(void)
{
	const struct cbpf_insn insns[] = { { LD_B_ABS, 0, 0, 0 }, { RET_A, 0, 0, 0 } };
	struct cbpf_converted code;
	struct cbpf_prog *prog = NULL;
	bool good = true;
	u64 n;

	for (n = 1; good && n < 50; n++) {
		int err;

		mem_fail_nth(n);
		err = cbpf_prog_new(insns, 2, CBPF_SOCKET, NULL, &prog);
		if (!err)
			err = cbpf_convert(prog, CBPF_TO_RUN, NULL, &code);
		mem_fail_nth(0);
		if (!err)
			cbpf_converted_fini(&code);
		cbpf_prog_free(prog);
		prog = NULL;
		if (!err)
			break;
		good = err == -ENOMEM;
	}
	tap_ok(good && n > 5 && n < 50, "out of memory at each of %llu allocations",
	       (unsigned long long)n - 1);
}

int main(void)
{
	test_refusals();
	test_loads();
	test_modes();
	test_payload();
	test_text();
	test_parse_errors();
	test_targets();
	test_hook();
	test_no_memory();
	return tap_done();
}
