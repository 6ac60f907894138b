/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF on any bytes: checker, text in and out, the converter for its three targets, and what
 * it accepts on the direct interpreter and both engines, which must agree.
 *
 * An input is a byte of choices (two bits: the mode, or text), a byte that sets how many
 * instructions follow, the instructions, and a packet; or a byte of choices and text.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "isa/check.h"
#include "tests/cbpf/engines.h"
#include "tests/cbpf/gen.h"
#include "tests/fuzz/fuzz.h"

#define INSNS_MAX  48
#define PACKET_MAX 128
#define TEXT_MAX   2000

enum choice { CHOICE_TEXT = 3, CHOICE_MODE_MASK = 3, CHOICE_HEADERS = 4 };

/* Text of an accepted program reads back as that program. */
static void check_text(const struct cbpf_prog *prog, enum cbpf_form form)
{
	struct cbpf_insn *insns = NULL;
	struct str text = STR_INIT;
	u32 len = 0;

	cbpf_print(&text, prog->insns, prog->len, form);
	fuzz_assert(!text.failed);
	fuzz_assert(!cbpf_parse(text.data, text.len, &insns, &len, NULL));
	fuzz_assert(len == prog->len);
	for (u32 i = 0; i < len; i++) {
		/* The assembly form shows only fields that mean something. */
		if (form == CBPF_FORM_TEXT)
			fuzz_assert(insns[i].code == prog->insns[i].code);
		else
			fuzz_assert(!memcmp(&insns[i], &prog->insns[i], sizeof(insns[i])));
	}
	mem_free(insns);
	str_fini(&text);
}

/* What comes out keeps the rules of encoding, and is as long as its index of origins says. */
static void check_conversion(const struct cbpf_prog *prog)
{
	static const enum cbpf_target targets[] = { CBPF_TO_RUN, CBPF_TO_GUARD, CBPF_TO_KERNEL };

	for (u32 t = 0; t < ARRAY_SIZE(targets); t++) {
		struct cbpf_refusal refusal = { 0 };
		struct cbpf_converted code;
		int err = cbpf_convert(prog, targets[t], &refusal, &code);

		if (err) {
			fuzz_assert(err == -EOPNOTSUPP && targets[t] == CBPF_TO_KERNEL);
			fuzz_assert(refusal.reason && refusal.insn_idx < prog->len);
			continue;
		}
		fuzz_assert(code.len > 0);
		for (u32 i = 0; i < code.len; i++) {
			fuzz_assert(code.classic_idx[i] < prog->len);
			fuzz_assert(isa_decode(&code.insns[i]) != ISA_INVALID);
		}
		cbpf_converted_fini(&code);
	}
}

static bool has_loop(const struct cbpf_prog *prog)
{
	for (u32 i = 0; i < prog->len; i++)
		if (cbpf_op_of(prog->insns[i].code) == CBPF_JA && prog->insns[i].k > INT32_MAX)
			return true;
	return false;
}

static void check_run(struct cbpf_prog *prog, const u8 *data, size_t len, bool headers)
{
	u32 captured = (u32)MIN(len, (size_t)PACKET_MAX), result;
	struct cbpf_view view = { .mac_off_bytes = CBPF_NO_HEADER, .rand_state = 1 };
	struct cbpf_seccomp seccomp = { 0 };
	struct engines e;
	char what[160];
	u8 *packet;

	fuzz_assert(!engines_init(&e, prog));
	memcpy(&seccomp, data, MIN(len, sizeof(seccomp)));
	/* A block of its own size, so that ASan sees a byte too many. */
	packet = mem_alloc(captured ? captured : 1);
	fuzz_assert(packet);
	memcpy(packet, data, captured);
	cbpf_view_set(&view, packet, captured, captured + (headers ? 7 : 0));
	if (headers) {
		view.mac_off_bytes = 0;
		view.net_off_bytes = (s32)MIN(captured, 14u);
		view.protocol = 0x0008; /* IPv4 on little-endian hosts, elsewhere something else */
		view.ifindex = 1;
		view.vlan_present = captured & 1;
		view.vlan_proto = 0x0081;
	}
	if (prog->mode == CBPF_SECCOMP)
		fuzz_assert(engines_run_seccomp(&e, &seccomp, &result, what));
	else
		fuzz_assert(engines_run(&e, &view, &result, what));
	mem_free(packet);
	engines_fini(&e);
}

static void check_parser(const u8 *data, size_t len)
{
	struct cbpf_parse_error error = { 0 };
	struct cbpf_insn *insns = NULL;
	u32 insn_cnt = 0;
	int err = cbpf_parse((const char *)data, len, &insns, &insn_cnt, &error);

	if (err) {
		fuzz_assert(err == -EINVAL && error.text[0]);
		return;
	}
	fuzz_assert(insn_cnt > 0);
	/* Whatever it read, the checker must survive it. */
	err = cbpf_check(insns, insn_cnt, CBPF_SOCKET, NULL);
	fuzz_assert(!err || err == -EINVAL);
	mem_free(insns);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct cbpf_insn insns[INSNS_MAX];
	struct cbpf_prog *prog;
	u32 insn_cnt, mode;

	if (len < 2)
		return 0;
	mode = data[0] & CHOICE_MODE_MASK;
	if (mode == CHOICE_TEXT) {
		check_parser(data + 1, len - 1);
		return 0;
	}
	insn_cnt = 1 + data[1] % INSNS_MAX;
	insn_cnt = (u32)MIN(insn_cnt, (len - 2) / sizeof(*insns));
	memcpy(insns, data + 2, insn_cnt * sizeof(*insns));
	if (cbpf_prog_new(insns, insn_cnt, (enum cbpf_mode)mode, NULL, &prog))
		return 0;
	check_text(prog, (enum cbpf_form)(CBPF_FORM_TEXT + data[0] / 8 % 3));
	check_conversion(prog);
	if (!has_loop(prog))
		check_run(prog, data + 2 + insn_cnt * sizeof(*insns),
			  len - 2 - insn_cnt * sizeof(*insns), data[0] & CHOICE_HEADERS);
	cbpf_prog_free(prog);
	return 0;
}

/* A program's text with a few bytes changed. */
static size_t make_text(u64 *rng, u8 *buf, const struct cbpf_insn *insns, u32 insn_cnt)
{
	static const u8 marks[] = "0x-[]#M{},() \n19fajtldx";
	struct str text = STR_INIT;
	size_t len;

	cbpf_print(&text, insns, insn_cnt, (enum cbpf_form)(1 + fuzz_below(rng, 3)));
	len = MIN(text.len, (size_t)TEXT_MAX);
	memcpy(buf, str_c(&text), len);
	str_fini(&text);
	for (u32 n = fuzz_below(rng, 4); n && len; n--)
		buf[fuzz_below(rng, (u32)len)] = marks[fuzz_below(rng, sizeof(marks) - 1)];
	return len;
}

size_t fuzz_make(u64 *rng, u8 *buf)
{
	struct cbpf_insn insns[INSNS_MAX];
	struct gen gen = { .state = (u64)fuzz_below(rng, UINT32_MAX) << 32 };
	u32 choice = fuzz_below(rng, 256), insn_cnt, mode, i;
	size_t len = 2;

	mode = choice & CHOICE_MODE_MASK;
	insn_cnt = gen_program(&gen, mode == CBPF_SECCOMP ? GEN_SECCOMP : GEN_SOCKET, insns,
			       INSNS_MAX);
	for (i = fuzz_below(rng, 3); i; i--)
		gen_mutate(&gen, insns, insn_cnt);
	buf[0] = (u8)choice;
	if (mode == CHOICE_TEXT)
		return 1 + make_text(rng, buf + 1, insns, insn_cnt);
	buf[1] = (u8)(insn_cnt - 1);
	memcpy(buf + len, insns, insn_cnt * sizeof(*insns));
	len += insn_cnt * sizeof(*insns);
	i = fuzz_below(rng, PACKET_MAX);
	gen_packet(&gen, buf + len, i);
	return len + i;
}
