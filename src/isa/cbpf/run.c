/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct interpreter of classic programs, one switch over the rows of ops.def. It is the
 * reference that converted programs are compared with, and needs no conversion.
 *
 * It rests on the invariants of check.c: no bounds are checked here except those of the packet.
 */
#include <string.h>

#include "base/bytes.h"
#include "isa/cbpf/cbpf.h"
#include "isa/cbpf/view.h"

struct machine {
	const struct cbpf_prog *prog;
	struct cbpf_view *view;		   /* NULL in seccomp mode */
	const struct cbpf_seccomp *seccomp; /* NULL otherwise */
	const u8 *data; /* of the view: what most loads need */
	u32 captured_bytes;
	u32 a, x;
	u32 loops_left; /* jumps back that may still be made (pcap mode) */
	u32 mem[CBPF_MEM_WORDS];
};

/* A load that does not simply lie inside: special offsets and wrapping, or outside. */
static noinline_fn bool packet_load_slow(const struct machine *m, u32 x, u32 k, u32 size_bytes,
					 u32 *ret)
{
	s64 value;

	if (m->prog->mode == CBPF_PCAP) {
		u64 off = (u64)x + k;

		if (off > INT32_MAX)
			return false;
		value = cbpf_view_load(m->view, (s32)off, size_bytes);
	} else {
		value = cbpf_view_load(m->view, (s32)(x + k), size_bytes);
	}
	if (value < 0)
		return false;
	*ret = (u32)value;
	return true;
}

/* How absolute offset @k or X + @k is understood. False: the load lies outside the packet. */
static always_inline bool packet_load(const struct machine *m, u32 x, u32 k, u32 size_bytes,
				      u32 *ret)
{
	u64 off = (u64)x + k;
	const u8 *p;

	/* No packet is so long that a special offset would lie inside it. */
	if (unlikely(off + size_bytes > m->captured_bytes))
		return packet_load_slow(m, x, k, size_bytes, ret);
	p = m->data + off;
	*ret = size_bytes == 1 ? *p : size_bytes == 2 ? load_be16(p) : load_be32(p);
	return true;
}

/* convert_bpf_extensions. False: the program ends and returns A. */
static bool ancillary_load(struct machine *m, enum cbpf_anc anc)
{
	struct cbpf_view *v = m->view;

	switch (anc) {
#define ANC_FIELD(id, member)                                                                      \
	case CBPF_ANC_##id:                                                                        \
		m->a = v->member;                                                                  \
		return true;
#define ANC_FIELD_BE16(id, member)                                                                 \
	case CBPF_ANC_##id:                                                                        \
		m->a = be_to_host16(v->member);                                                    \
		return true;
#define ANC_DEVICE(id, member)                                                                     \
	case CBPF_ANC_##id:                                                                        \
		if (!v->ifindex)                                                                   \
			return false;                                                              \
		m->a = v->member;                                                                  \
		return true;
#define ANC_CALL(id, member)
#define ANC_XOR_X(id, member)
#define CBPF_ANC(id, off, text, how, field, member) ANC_##how(id, member)
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	case CBPF_ANC_NLATTR:
		m->a = cbpf_view_nlattr(v, m->a, m->x);
		return true;
	case CBPF_ANC_NLATTR_NEST:
		m->a = cbpf_view_nlattr_nest(v, m->a, m->x);
		return true;
	case CBPF_ANC_PAY_OFFSET:
		m->a = cbpf_view_payload_off(v);
		return true;
	case CBPF_ANC_RANDOM:
		m->a = cbpf_view_random(v);
		return true;
	case CBPF_ANC_ALU_XOR_X:
		m->a ^= m->x;
		return true;
	case CBPF_ANC_CNT:
		break;
	}
	return true;
}

static u32 word_of_seccomp(const struct cbpf_seccomp *data, u32 off)
{
	return load_u32((const u8 *)data + off);
}

/*
 * A load at a constant offset. False: the program ends with @ret_end.
 */
static always_inline bool absolute_load(struct machine *m, u32 k, u32 size_bytes, u32 *ret_end)
{
	enum cbpf_anc anc = CBPF_ANC_NONE;

	if (m->seccomp) {
		m->a = word_of_seccomp(m->seccomp, k);
		return true;
	}
	if (k >= CBPF_OFF_AD && m->prog->mode != CBPF_PCAP)
		anc = cbpf_anc_of(k);
	if (anc != CBPF_ANC_NONE) {
		*ret_end = m->a;
		return ancillary_load(m, anc);
	}
	*ret_end = 0;
	return packet_load(m, 0, k, size_bytes, &m->a);
}

/* A shift by X: Linux takes the low five bits, libpcap shifts everything out. */
static u32 shift(const struct machine *m, u32 by, bool left)
{
	if (m->prog->mode == CBPF_PCAP && by >= 32)
		return 0;
	by &= 31;
	return left ? m->a << by : m->a >> by;
}

static u32 length_of(const struct machine *m)
{
	return m->seccomp ? (u32)sizeof(*m->seccomp) : m->view->wire_bytes;
}

static u32 branch(const struct cbpf_insn *insn, bool taken)
{
	return taken ? insn->jt : insn->jf;
}

#define ALU_CASES(name, expr_k, expr_x)                                                            \
	case CBPF_##name##_K: {                                                                    \
		u32 src = insn->k;                                                                 \
		m->a = (expr_k);                                                                   \
		break;                                                                             \
	}                                                                                          \
	case CBPF_##name##_X: {                                                                    \
		u32 src = m->x;                                                                    \
		m->a = (expr_x);                                                                   \
		break;                                                                             \
	}
#define ALU_BOTH(name, expr) ALU_CASES(name, expr, expr)
#define DIVIDE_CASES(name, op)                                                                     \
	case CBPF_##name##_K:                                                                      \
		m->a = m->a op insn->k;                                                            \
		break;                                                                             \
	case CBPF_##name##_X:                                                                      \
		if (!m->x)                                                                         \
			return 0;                                                                  \
		m->a = m->a op m->x;                                                               \
		break;
#define JUMP_CASES(name, op)                                                                       \
	case CBPF_##name##_K:                                                                      \
		insn += branch(insn, (m->a op insn->k) != 0);                                      \
		break;                                                                             \
	case CBPF_##name##_X:                                                                      \
		insn += branch(insn, (m->a op m->x) != 0);                                         \
		break;
#define PACKET_CASES(width, size_bytes)                                                            \
	case CBPF_LD_##width##_ABS:                                                                \
		if (!absolute_load(m, insn->k, size_bytes, &end))                                  \
			return end;                                                                \
		break;                                                                             \
	case CBPF_LD_##width##_IND:                                                                \
		if (!packet_load(m, m->x, insn->k, size_bytes, &m->a))                             \
			return 0;                                                                  \
		break;

static u32 machine_run(struct machine *m)
{
	const struct cbpf_insn *insn;
	u32 end;

	for (insn = m->prog->insns;; insn++) {
		switch (cbpf_op_of(insn->code)) {
		PACKET_CASES(W, 4)
		PACKET_CASES(H, 2)
		PACKET_CASES(B, 1)
		case CBPF_LD_IMM: m->a = insn->k; break;
		case CBPF_LD_MEM: m->a = m->mem[insn->k]; break;
		case CBPF_LD_LEN: m->a = length_of(m); break;
		case CBPF_LDX_IMM: m->x = insn->k; break;
		case CBPF_LDX_MEM: m->x = m->mem[insn->k]; break;
		case CBPF_LDX_LEN: m->x = length_of(m); break;
		case CBPF_LDX_MSH:
			if (!packet_load(m, 0, insn->k, 1, &m->x))
				return 0;
			m->x = (m->x & 0xf) << 2;
			break;
		case CBPF_ST: m->mem[insn->k] = m->a; break;
		case CBPF_STX: m->mem[insn->k] = m->x; break;
		ALU_BOTH(ADD, m->a + src)
		ALU_BOTH(SUB, m->a - src)
		ALU_BOTH(MUL, m->a * src)
		ALU_BOTH(OR, m->a | src)
		ALU_BOTH(AND, m->a & src)
		ALU_BOTH(XOR, m->a ^ src)
		ALU_BOTH(LSH, shift(m, src, true))
		ALU_BOTH(RSH, shift(m, src, false))
		DIVIDE_CASES(DIV, /)
		DIVIDE_CASES(MOD, %)
		case CBPF_NEG: m->a = 0u - m->a; break;
		case CBPF_JA:
			if (insn->k > INT32_MAX && !m->loops_left--)
				return 0;
			insn += (s32)insn->k;
			break;
		JUMP_CASES(JEQ, ==)
		JUMP_CASES(JGT, >)
		JUMP_CASES(JGE, >=)
		JUMP_CASES(JSET, &)
		case CBPF_RET_K: return insn->k;
		case CBPF_RET_A: return m->a;
		case CBPF_TAX: m->x = m->a; break;
		case CBPF_TXA: m->a = m->x; break;
		case CBPF_OP_BAD: return 0; /* cannot happen: check.c, invariant 1 */
		}
	}
}

static void machine_init(struct machine *m, const struct cbpf_prog *prog)
{
	m->prog = prog;
	m->view = NULL;
	m->seccomp = NULL;
	m->a = m->x = 0;
	m->loops_left = CBPF_PCAP_LOOPS_MAX;
	if (prog->zero_words)
		memset(m->mem, 0, sizeof(m->mem));
}

u32 cbpf_run(const struct cbpf_prog *prog, struct cbpf_view *view)
{
	struct machine m;

	machine_init(&m, prog);
	m.view = view;
	m.data = view->data;
	/* Offsets from 2^31 on are never plain ones. */
	m.captured_bytes = MIN(view->captured_bytes, (u32)INT32_MAX);
	return machine_run(&m);
}

u32 cbpf_run_seccomp(const struct cbpf_prog *prog, const struct cbpf_seccomp *data)
{
	struct machine m;

	machine_init(&m, prog);
	m.seccomp = data;
	return machine_run(&m);
}
