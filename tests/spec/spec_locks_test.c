/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs on map values that hold a lock and a timer: locking, unlocking, timers, loads and
 * stores in and beside the fields, ends of functions. Our verifier and the live kernel's must agree
 * on verdict and reason.
 *
 *	spec_locks_test [programs]
 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/rand.h"
#include "spec/helper.h"
#include "spec/maptype.h"
#include "tests/btf/btf_blob.h"
#include "tests/spec/dual.h"
#include "tests/tap.h"

#define SEED  0x10c4u
#define KINDS 128u
#define VALUE_BYTES 40

#define MOV_IMM(r, v) insn_make(0xb7, r, 0, 0, v)
#define MOV_REG(r, s) insn_make(0xbf, r, s, 0, 0)
#define CALL(h)	      insn_make(0x85, 0, 0, 0, (s32)(h))

static struct dual d;
static int maps[2];

/* struct value { struct bpf_spin_lock lock; int a; struct bpf_timer timer; char b[16]; } */
static bool new_btf(void)
{
	static struct btf_blob blob;
	u32 lock, timer, rest, longs;
	union bpf_attr attr;

	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_int(&blob, "char", 1, 1u << 24 | 8);
	lock = blob_type(&blob, "bpf_spin_lock", 4, 1, 4);
	blob_member(&blob, "val", 1, 0);
	longs = blob_array(&blob, 2, 1, 16);
	timer = blob_type(&blob, "bpf_timer", 4, 1, 16);
	blob_member(&blob, "opaque", longs, 0);
	rest = longs;
	blob_type(&blob, "value", 4, 4, VALUE_BYTES);
	blob_member(&blob, "lock", lock, 0);
	blob_member(&blob, "a", 1, 32);
	blob_member(&blob, "timer", timer, 64);
	blob_member(&blob, "b", rest, 192);
	blob_finish(&blob);
	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(blob.raw);
	attr.btf_size = blob.raw_len;
	for (u32 who = 0; who < 2; who++) {
		d.btf[who] = (int)dual_bpf(&d, who, BPF_BTF_LOAD, &attr);
		if (d.btf[who] < 0)
			return false;
	}
	for (u32 i = 0; i < 2; i++) {
		union bpf_attr m;

		memset(&m, 0, sizeof(m));
		m.map_type = i ? MAP_TYPE_HASH : MAP_TYPE_ARRAY;
		m.key_size = 4;
		m.value_size = VALUE_BYTES;
		m.max_entries = 4;
		m.btf_key_type_id = 1;
		m.btf_value_type_id = 6;
		maps[i] = dual_map(&d, &m);
		if (maps[i] < 0)
			return false;
	}
	return true;
}

/* r6, r7, r8: values of the array, the array again, the hash; each checked for NULL, mostly. */
static u32 prologue(u64 *r, struct insn *code)
{
	u32 n = 0;

	code[n++] = insn_make(0x62, 10, 0, -8, 1);
	for (u32 reg = 6; reg <= 8; reg++) {
		code[n++] = MOV_REG(2, 10);
		code[n++] = insn_make(0x07, 2, 0, 0, -8);
		code[n++] = insn_make(0x18, 1, 1, 0, maps[reg == 8]);
		code[n++] = insn_make(0, 0, 0, 0, 0);
		code[n++] = CALL(HELPER_map_lookup_elem);
		if (rand_below(r, 20)) {
			code[n++] = insn_make(0x55, 0, 0, 2, 0);
			code[n++] = MOV_IMM(0, 0);
			code[n++] = insn_make(0x95, 0, 0, 0, 0);
		}
		code[n++] = MOV_REG(reg, 0);
	}
	return n;
}

static u32 pointer(u64 *r, struct insn *code, s32 field)
{
	const u32 reg = 6 + (rand_below(r, 3) ? 0 : rand_below(r, 3));
	s32 off = rand_below(r, 12) ? field : (s32)rand_below(r, VALUE_BYTES);
	u32 n = 0;

	if (!rand_below(r, 30)) { /* not a value at all */
		code[n++] = MOV_REG(1, 10);
		code[n++] = insn_make(0x07, 1, 0, 0, -16);
		return n;
	}
	code[n++] = MOV_REG(1, reg);
	if (off)
		code[n++] = insn_make(0x07, 1, 0, 0, off);
	return n;
}

static u32 step(u64 *r, struct insn *code)
{
	static const u8 sizes[] = { 0x10, 0x08, 0, 0x18 };
	const s16 off = (s16)rand_below(r, VALUE_BYTES);
	const u32 reg = 6 + rand_below(r, 3), size = rand_below(r, 4);
	u32 n = 0;

	switch (rand_below(r, 10)) {
	case 0:
	case 1:
		n = pointer(r, code, 0);
		code[n++] = CALL(HELPER_spin_lock);
		break;
	case 2:
	case 3:
	case 4:
		n = pointer(r, code, 0);
		code[n++] = CALL(HELPER_spin_unlock);
		break;
	case 5:
		n = pointer(r, code, 8);
		code[n++] = insn_make(0x18, 2, 1, 0, maps[!rand_below(r, 4)]);
		code[n++] = insn_make(0, 0, 0, 0, 0);
		code[n++] = MOV_IMM(3, 1);
		code[n++] = CALL(HELPER_timer_init);
		break;
	case 6:
		n = pointer(r, code, 8);
		code[n++] = MOV_IMM(2, 0);
		code[n++] = MOV_IMM(3, 0);
		code[n++] = CALL(rand_below(r, 2) ? HELPER_timer_start : HELPER_timer_cancel);
		break;
	case 7:
		code[n++] = insn_make((u8)(0x61 | sizes[size]), 3, reg,
				      (s16)(off & -(1 << size)), 0);
		break;
	case 8:
		code[n++] = insn_make((u8)(0x62 | sizes[size]), reg, 0,
				      (s16)(off & -(1 << size)), 0);
		break;
	default:
		if (!rand_below(r, 3))
			code[n++] = CALL(HELPER_ktime_get_ns);
		else if (!rand_below(r, 3)) { /* atomic add */
			code[n++] = MOV_IMM(3, 1);
			code[n++] = insn_make(0xdb, reg, 3, (s16)(off & -8), 0);
		}
		break;
	}
	return n;
}

static char seen[KINDS][300];
static u32 seen_cnt, differ_cnt, verdict_cnt, accepted_cnt, late_cnt;

static void count(void)
{
	char text[300];
	u32 n = 0;

	differ_cnt++;
	verdict_cnt += !d.ret[0] != !d.ret[1];
	snprintf(text, sizeof(text), "kernel %ld %.130s; skep %ld %.130s", d.ret[0],
		 d.ret[0] ? d.reason[0] : "", d.ret[1], d.ret[1] ? d.reason[1] : "");
	for (char *c = text; *c; c++)
		if (*c >= '0' && *c <= '9')
			*c = 'N';
	while (n < seen_cnt && strcmp(seen[n], text))
		n++;
	if (n < seen_cnt || n == KINDS)
		return;
	memcpy(seen[seen_cnt++], text, sizeof(text));
	tap_diag("kernel %ld %s; skep %ld %s", d.ret[0], d.reason[0], d.ret[1], d.reason[1]);
}

int main(int argc, char **argv)
{
	const u32 rounds = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 4000;
	struct utsname u;
	u64 r[4];

	if (!kernel_bpf_allowed() || uname(&u) || strncmp(u.release, "6.18.", 5)) {
		tap_skip("no bpf(2) of Linux 6.18 here");
		return tap_done();
	}
	rand_seed(r, SEED);
	if (skep_new(NULL, &d.skep)) {
		tap_ok(false, "no instance");
		return tap_done();
	}
	d.skep->verify.only = true;
	if (!new_btf()) {
		tap_ok(false, "no maps");
		return tap_done();
	}
	for (u32 i = 0; i < rounds; i++) {
		struct insn code[DUAL_INSNS];
		union bpf_attr attr;
		u32 n = prologue(r, code), steps = 1 + rand_below(r, 5);

		while (steps--)
			n += step(r, code + n);
		code[n++] = MOV_IMM(0, 1);
		code[n++] = insn_make(0x95, 0, 0, 0, 0);
		memset(&attr, 0, sizeof(attr));
		attr.prog_type = PROG_TYPE_XDP;
		dual_load(&d, &attr, code, n);
		accepted_cnt += !d.ret[0];
		if (d.ret[1] == -EOPNOTSUPP && strstr(d.reason[1], "not supported yet"))
			late_cnt++;
		else if (!dual_agree(&d))
			count();
	}
	tap_ok(!verdict_cnt, "%u programs (seed %u), %u accepted, %u not supported yet: "
	       "%u verdicts differ", rounds, SEED, accepted_cnt, late_cnt, verdict_cnt);
	tap_ok(!differ_cnt, "%u reasons differ", differ_cnt);
	return tap_done();
}
