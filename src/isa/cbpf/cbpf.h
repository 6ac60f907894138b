/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF: the 32-bit filter machine of libpcap, SO_ATTACH_FILTER and seccomp. The checker, a
 * direct interpreter, text in the three forms of tcpdump, and the program object that keeps what
 * was attached so that it can be read back. The converter to eBPF is in cbpf/convert.h.
 *
 * Three modes exist because three hosts of classic BPF differ:
 *   socket   Linux sockets (bpf_check_classic, bpf_convert_filter). Offsets >= SKF_LL_OFF mean
 *            headers and ancillary data, X + k wraps at 32 bits, shifts by X use its low 5 bits.
 *   seccomp  as socket, but fewer instructions, and loads read struct seccomp_data, host order.
 *   pcap     libpcap's own interpreter (bpf_filter), which tcpdump -r uses: any length, no
 *            special offsets (they lie outside the packet), X + k does not wrap (outside), a
 *            shift by X >= 32 gives 0. `ja` may go back (protochain loops): after
 *            CBPF_PCAP_LOOPS_MAX of those the result is 0. Scratch words may be read before
 *            they are written (libpcap compiles such programs for 802.11): they hold 0.
 *
 * A load outside the captured bytes ends the program with result 0; so does division by X = 0.
 * Nothing here keeps state; all functions are safe from any thread on their own objects.
 */
#ifndef SKEP_ISA_CBPF_CBPF_H
#define SKEP_ISA_CBPF_CBPF_H

#include "base/str.h"
#include "base/types.h"

/* The layout of the kernel's struct sock_filter and libpcap's struct bpf_insn. */
struct cbpf_insn {
	u16 code;
	u8 jt, jf;
	u32 k;
};

_Static_assert(sizeof(struct cbpf_insn) == 8, "struct sock_filter is 8 bytes");

enum cbpf_mode { CBPF_SOCKET, CBPF_SECCOMP, CBPF_PCAP };

#define CBPF_INSNS_MAX	    4096    /* BPF_MAXINSNS of Linux */
#define CBPF_PCAP_INSNS_MAX 1000000 /* our bound where libpcap has none */
#define CBPF_PCAP_LOOPS_MAX 8388608 /* what may_goto lets pass: BPF_MAX_LOOPS */
#define CBPF_MEM_WORDS	    16	    /* BPF_MEMWORDS */

/* Where special offsets start (SKF_LL_OFF, SKF_NET_OFF, SKF_AD_OFF), as u32. */
#define CBPF_OFF_LL  ((u32)-0x200000)
#define CBPF_OFF_NET ((u32)-0x100000)
#define CBPF_OFF_AD  ((u32)-0x1000)

enum cbpf_op {
#define CBPF_OP(id, code, rule, operand, mnemonic, seccomp, use, def) CBPF_##id,
#include "isa/cbpf/ops.def"
#undef CBPF_OP
	CBPF_OP_CNT,
	CBPF_OP_BAD = CBPF_OP_CNT
};

enum cbpf_rule {
	CBPF_RULE_NONE,
	CBPF_RULE_PACKET, /* k may name ancillary data */
	CBPF_RULE_DIV,	  /* k is not 0 */
	CBPF_RULE_SHIFT,  /* k < 32 */
	CBPF_RULE_MEM_LD, /* k < CBPF_MEM_WORDS and that word was written on every path */
	CBPF_RULE_MEM_ST,
	CBPF_RULE_JA,
	CBPF_RULE_JCOND,
	CBPF_RULE_RET,
};

enum cbpf_operand {
	CBPF_OPERAND_NONE,
	CBPF_OPERAND_ABS, /* [k], [name] for ancillary data */
	CBPF_OPERAND_IND, /* [x + k] */
	CBPF_OPERAND_LEN, /* #pktlen */
	CBPF_OPERAND_HEX, /* #0xk */
	CBPF_OPERAND_DEC, /* #k, signed */
	CBPF_OPERAND_X,	  /* x */
	CBPF_OPERAND_MEM, /* M[k] */
	CBPF_OPERAND_MSH, /* 4*([k]&0xf) */
	CBPF_OPERAND_JA,  /* index of the target */
};

enum cbpf_reg { CBPF_REG_0 = 0, CBPF_REG_A = 1, CBPF_REG_X = 2, CBPF_REG_AX = 3 };

struct cbpf_op_info {
	u16 code;
	u8 rule;    /* enum cbpf_rule */
	u8 operand; /* enum cbpf_operand */
	bool seccomp;
	u8 use, def; /* enum cbpf_reg: registers read and written */
	const char *mnemonic;
};

enum cbpf_anc {
#define CBPF_ANC(id, off, text, how, field, member) CBPF_ANC_##id,
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	CBPF_ANC_CNT,
	CBPF_ANC_NONE = CBPF_ANC_CNT
};

/* The row of CBPF_OP_BAD, the last one, is empty. */
extern const struct cbpf_op_info cbpf_op_table[CBPF_OP_CNT + 1];

/* Operation + 1, so that codes without a row are 0. */
extern const u8 cbpf_op_plus1_by_code[256];

/* CBPF_OP_BAD when Linux has no such instruction. */
static inline enum cbpf_op cbpf_op_of(u16 code)
{
	u8 plus1 = code < 256 ? cbpf_op_plus1_by_code[code] : 0;

	return plus1 ? (enum cbpf_op)(plus1 - 1) : CBPF_OP_BAD;
}

/* Bytes that a packet load takes, by the size bits of its code. */
static inline u32 cbpf_access_bytes(u16 code)
{
	return code & 0x10 ? 1 : code & 0x08 ? 2 : 4;
}
/* What a load at absolute offset @k reads when it is no packet byte; CBPF_ANC_NONE otherwise. */
enum cbpf_anc cbpf_anc_of(u32 k);
const char *cbpf_anc_text(enum cbpf_anc anc);

/* Why a program was refused: instruction and reason, a constant string without full stop. */
struct cbpf_refusal {
	u32 insn_idx;
	const char *reason;
};

/*
 * The rules of bpf_check_classic, plus those of seccomp_check_filter in seccomp mode. 0 or
 * -EINVAL, then @refusal (may be NULL) says why; -ENOMEM.
 */
int cbpf_check(const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
	       struct cbpf_refusal *refusal) must_check;
/*
 * Scratch words that an otherwise checked program may read before it writes them, as a mask;
 * *ret_idx is the first such instruction. 0 or -ENOMEM.
 */
int cbpf_check_scratch(const struct cbpf_insn *insns, u32 len, u16 *ret_words,
		       u32 *ret_idx) must_check;

/* Where a `ja` at @idx goes: k counts from the next instruction and is signed in pcap mode. */
static inline u32 cbpf_ja_target(const struct cbpf_insn *insn, u32 idx)
{
	return idx + 1 + insn->k;
}

/* A checked program, owned; the bytes are exactly what the caller gave. */
struct cbpf_prog {
	enum cbpf_mode mode;
	u32 len;
	u16 zero_words; /* pcap mode: bit n: M[n] may be read before it is written */
	struct cbpf_insn insns[];
};

/* Checks and copies. 0, -EINVAL (@refusal as cbpf_check) or -ENOMEM. */
int cbpf_prog_new(const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
		  struct cbpf_refusal *refusal, struct cbpf_prog **ret_prog) must_check;
void cbpf_prog_free(struct cbpf_prog *prog);
/*
 * sk_get_filter, what SO_GET_FILTER answers: with @max_insns 0 the length of the program;
 * otherwise copies it and returns its length, or -EINVAL when it does not fit.
 */
int cbpf_prog_read_back(const struct cbpf_prog *prog, struct cbpf_insn *out,
			u32 max_insns) must_check;

/* The data of a seccomp filter: struct seccomp_data of the UAPI. */
struct cbpf_seccomp {
	s32 nr;
	u32 arch;
	u64 instruction_pointer;
	u64 args[6];
};

_Static_assert(sizeof(struct cbpf_seccomp) == 64, "struct seccomp_data is 64 bytes");

struct cbpf_view;

/*
 * Runs a checked program directly. @view is what it sees (socket and pcap mode; only the random
 * state changes); in seccomp mode use cbpf_run_seccomp. Cannot fail: every outcome is a result.
 */
u32 cbpf_run(const struct cbpf_prog *prog, struct cbpf_view *view);
u32 cbpf_run_seccomp(const struct cbpf_prog *prog, const struct cbpf_seccomp *data);

enum cbpf_form {
	CBPF_FORM_TEXT = 1, /* tcpdump -d: one line of assembly per instruction */
	CBPF_FORM_C = 2,    /* tcpdump -dd: C initialisers */
	CBPF_FORM_NUM = 3,  /* tcpdump -ddd: count, then four decimal numbers per line */
};

/* Byte for byte what libpcap's bpf_dump prints. Out-of-memory shows in out->failed. */
void cbpf_print(struct str *out, const struct cbpf_insn *insns, u32 len, enum cbpf_form form);

struct cbpf_parse_error {
	u32 line; /* 1-based */
	char text[120];
};

/*
 * Reads any of the three forms (told apart by their first character). Gives instructions that
 * were not checked; the caller frees them with mem_free. 0, -EINVAL (@error filled) or -ENOMEM.
 */
int cbpf_parse(const char *text, size_t len_bytes, struct cbpf_insn **ret_insns, u32 *ret_len,
	       struct cbpf_parse_error *error) must_check;

#endif
