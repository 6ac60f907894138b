/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the test of the AArch64 encoders is made of: operands, where they come from
 * (arm64_enc_domain.c), and how objdump writes them (arm64_enc_text.c).
 */
#ifndef SKEP_TESTS_JIT_ARM64_ENC_FORM_H
#define SKEP_TESTS_JIT_ARM64_ENC_FORM_H

#include <stdio.h>

#include "base/types.h"

/* Where the words seem to lie: far enough from 0 for every branch. */
#define ENC_BASE 0x1000000000ULL

struct enc_args {
	bool w;
	u32 d, n, m, a; /* registers, 0 to 31 */
	u64 i;		/* numbers; negative ones sign-extended */
	u32 j;
	u32 c;	/* condition */
	u64 pc; /* where the word lies */
};

enum enc_domain {
	ENC_NONE,
	ENC_SHIFT3,  /* i LSL LSR ASR, j the amount */
	ENC_SHIFT4,  /* ROR, too */
	ENC_EXTEND,  /* i 0-7, j 0-4 */
	ENC_ADDIMM,  /* i: 12 bits, with or without 12 zeros */
	ENC_MASK,    /* i: what logic takes as an immediate */
	ENC_HALF,    /* i 16 bits, j which half */
	ENC_BITS,    /* i immr, j imms */
	ENC_AMOUNT,  /* i */
	ENC_FIELD,   /* i lsb, j width */
	ENC_COND,    /* c */
	ENC_FLAGS,   /* j nzcv, c */
	ENC_FLAGS5,  /* i 0-31, j nzcv, c */
	ENC_OFF12_1, /* i: multiples of 1, 2, 4, 8 */
	ENC_OFF12_2,
	ENC_OFF12_4,
	ENC_OFF12_8,
	ENC_INDEX_1, /* i: extend, j: by what it is shifted if it is, + 16 if not */
	ENC_INDEX_2,
	ENC_INDEX_4,
	ENC_INDEX_8,
	ENC_OFF9, /* i */
	ENC_OFF7_4,
	ENC_OFF7_8,
	ENC_SIZE,  /* i: log2 of the bytes; sets w */
	ENC_ORDER, /* the same; j: acquire 1, release 2 */
	ENC_OFF26, /* i: bytes; c is a condition */
	ENC_OFF19,
	ENC_OFF14, /* and j, a bit; sets w */
	ENC_ADR,
	ENC_ADRP,
	ENC_IMM16,
};

/* How many values @domain has, of operands of 64 (@w) or 32 bits. */
u32 enc_domain_size(enum enc_domain domain, bool w);
/* Sets the numbers of @args, and perhaps w, to the @k-th value. */
void enc_domain_get(enum enc_domain domain, u32 k, struct enc_args *args);
/* The 5,334 (@w) or 1,302 immediates of logic, sorted; *@cnt says which. */
const u64 *enc_masks(bool w, u32 *cnt);

/* @text with its directives replaced; returns the length. */
size_t enc_text(const char *text, const struct enc_args *args, char *out, size_t size);

/* Runs objdump over words in a file; each call of enc_objdump_next() is one line of it. */
struct enc_objdump {
	FILE *pipe;
	char line[256];
};
bool enc_objdump_there(void);
bool enc_objdump_open(struct enc_objdump *o, const char *path, bool aliases);
/* "mnemonic<tab>operands", without comments; NULL at the end. */
char *enc_objdump_next(struct enc_objdump *o);
bool enc_objdump_close(struct enc_objdump *o);

#endif
