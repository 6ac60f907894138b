/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every form that the AArch64 encoders make, disassembled by GNU objdump: each line must be what
 * was meant. The forms are rows of arm64_enc_forms.def; of each, all values of its numbers and all
 * pairs of its registers are made, the other operands at random (with a fixed seed).
 *
 *	arm64_enc_test [SHARE]      only every SHARE-th value and pair, where machines are emulated
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jit/arm64/enc.h"
#include "jit/arm64/enc_jump.h"
#include "jit/arm64/enc_mem.h"
#include "tests/jit/arm64_enc_form.h"
#include "tests/tap.h"

static u32 shift_bits(u64 kind, u32 amount)
{
	return kind == 0 ? A64_LSL(amount) :
	       kind == 1 ? A64_LSR(amount) :
	       kind == 2 ? A64_ASR(amount) :
			   A64_ROR(amount);
}

static u32 extend_bits(u64 kind, u32 amount)
{
	switch (kind) {
	case 0:
		return A64_UXTB(amount);
	case 1:
		return A64_UXTH(amount);
	case 2:
		return A64_UXTW(amount);
	case 3:
		return A64_UXTX(amount);
	case 4:
		return A64_SXTB(amount);
	case 5:
		return A64_SXTH(amount);
	case 6:
		return A64_SXTW(amount);
	default:
		return A64_SXTX(amount);
	}
}

static u32 index_bits(u64 kind, u32 amount)
{
	const bool scaled = amount != 16;

	switch (kind) {
	case 2:
		return scaled ? A64_IDX_UXTW_S : A64_IDX_UXTW;
	case 3:
		return scaled ? A64_IDX_LSL_S : A64_IDX_LSL;
	case 6:
		return scaled ? A64_IDX_SXTW_S : A64_IDX_SXTW;
	default:
		return scaled ? A64_IDX_SXTX_S : A64_IDX_SXTX;
	}
}

static u32 order_bits(u32 order)
{
	return (order & 1 ? A64_ACQ : 0) | (order & 2 ? A64_REL : 0);
}

static u32 mask_bits(bool w, u64 v)
{
	u32 mask;

	return a64_mask_fits(w, v, &mask) ? mask : 0;
}

static bool field_inner(bool w, u64 lsb, u32 width)
{
	return lsb + width < (w ? 64 : 32);
}

struct form {
	const char *text, *regs;
	char widths;
	enum enc_domain domain;
};

static const struct form forms[] = {
#define FORM(text, regs, widths, domain, ok, call) { text, regs, #widths[0], ENC_##domain },
#include "tests/jit/arm64_enc_forms.def"
};

/* The word of @args in the row @form; false: it may not be written so. */
static bool form_word(u32 form, const struct enc_args *args, u32 *word)
{
	const bool w = args->w;
	const u32 d = args->d, n = args->n, m = args->m, a = args->a, j = args->j, c = args->c;
	const u64 i = args->i;
	enum { before = __COUNTER__ };

	switch (form) {
#define FORM(text, regs, widths, domain, ok, call)                                                 \
	case __COUNTER__ - before - 1:                                                             \
		if (!(ok))                                                                         \
			return false;                                                              \
		*word = call;                                                                      \
		return true;
#include "tests/jit/arm64_enc_forms.def"
	default:
		return false;
	}
}

/* Goes through all words that objdump reads with, or without, aliases: to make, to compare. */
struct sweep {
	bool aliases, failed;
	u32 share, form;
	u64 seed, cnt;
	struct jit_buf *made; /* NULL: comparing */
	struct enc_objdump *dump;
	u64 *cnt_of_form, *bad_of_form;
};

static u32 next_random(struct sweep *s)
{
	s->seed = s->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(s->seed >> 33);
}

static void compare(struct sweep *s, const struct enc_args *args, u32 word)
{
	const struct form *f = &forms[s->form];
	const char *got = enc_objdump_next(s->dump);
	char want[128];

	s->cnt_of_form[s->form]++;
	enc_text(f->text + (*f->text == '!'), args, want, sizeof(want));
	if (got && !strcmp(got, want))
		return;
	s->failed |= !got;
	if (s->bad_of_form[s->form]++ < 3)
		tap_diag("%08x: meant %s, is %s", word, want, got ? got : "(end of the text)");
}

static bool visit(struct sweep *s, u32 k, struct enc_args *args)
{
	u32 word;

	enc_domain_get(forms[s->form].domain, k, args);
	args->pc = ENC_BASE + 4 * s->cnt;
	if (!form_word(s->form, args, &word))
		return false;
	s->cnt++;
	if (!s->made) {
		compare(s, args, word);
		return true;
	}
	jit_buf_room(s->made);
	a64_put(s->made, word);
	s->failed |= s->made->failed;
	return true;
}

static u32 *reg_at(struct enc_args *args, char letter)
{
	switch (letter) {
	case 'd':
		return &args->d;
	case 'n':
		return &args->n;
	case 'm':
		return &args->m;
	default:
		return &args->a;
	}
}

static void any_regs(struct sweep *s, struct enc_args *args)
{
	const u32 r = next_random(s);

	args->d = r % 32;
	args->n = r / 32 % 32;
	args->m = r / 1024 % 32;
	args->a = r / 32768 % 32;
}

static void sweep_width(struct sweep *s, bool w)
{
	const struct form *f = &forms[s->form];
	const u32 size = enc_domain_size(f->domain, w);
	struct enc_args args = { .w = w };

	for (u32 k = next_random(s) % MIN(s->share, size); k < size; k += s->share) {
		u32 tries = 8;

		do {
			args.w = w;
			any_regs(s, &args);
		} while (!visit(s, k, &args) && --tries);
	}
	for (const char *p = f->regs; *p; p++) {
		for (const char *q = p[1] ? p + 1 : p; *q; q++) {
			for (u32 pair = next_random(s) % s->share; pair < 1024; pair += s->share) {
				args.w = w;
				any_regs(s, &args);
				*reg_at(&args, *p) = pair / 32;
				*reg_at(&args, *q) = pair % 32;
				visit(s, next_random(s) % size, &args);
			}
		}
	}
}

static void sweep_all(struct sweep *s)
{
	s->seed = 1;
	s->cnt = 0;
	for (s->form = 0; s->form < ARRAY_SIZE(forms) && !s->failed; s->form++) {
		const char widths = forms[s->form].widths;

		if ((*forms[s->form].text != '!') != s->aliases)
			continue;
		if (widths != 'W')
			sweep_width(s, true);
		if (widths == 'W' || widths == 'B')
			sweep_width(s, false);
	}
}

static bool write_file(char *path, const struct jit_buf *b)
{
	const int fd = mkstemp(path);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, b->p, b->len) == (ssize_t)b->len;
	close(fd);
	return ok;
}

/* Makes, writes, has it read and compares. */
static u64 test_half(struct sweep *s)
{
	char path[] = "/tmp/skep-arm64-enc-XXXXXX";
	struct jit_buf made = { 0 };
	struct enc_objdump dump;
	bool ok;

	s->made = &made;
	sweep_all(s);
	ok = tap_ok(!s->failed && write_file(path, &made), "%llu words made, aliases %s",
		    (unsigned long long)s->cnt, s->aliases ? "preferred" : "not used");
	jit_buf_fini(&made);
	if (ok && tap_ok(enc_objdump_open(&dump, path, s->aliases), "objdump starts")) {
		s->made = NULL;
		s->dump = &dump;
		sweep_all(s);
		tap_ok(!s->failed && !enc_objdump_next(&dump), "it wrote as many lines");
		tap_ok(enc_objdump_close(&dump), "and was content");
	}
	unlink(path);
	return s->cnt;
}

/* What is no immediate of logic must be refused: neighbours of those that are, and others. */
static void test_mask_refused(bool w)
{
	u32 cnt, mask, bad = 0, asked = 0;
	const u64 *masks = enc_masks(w, &cnt);
	struct sweep s = { .seed = 2 };

	tap_eq(cnt, w ? 5334 : 1302, "immediates of logic of %d bits", w ? 64 : 32);
	for (u32 i = 0; i < 200000; i++) {
		const u64 near = masks[next_random(&s) % cnt] ^ 1ULL << next_random(&s) % 64;
		const u64 any = (u64)next_random(&s) << (next_random(&s) % 40);
		const u64 v = (i & 1 ? near : any) & (w ? ~0ULL : 0xffffffff);
		u32 low = 0, high = cnt;

		while (low < high) {
			const u32 mid = (low + high) / 2;

			if (masks[mid] < v)
				low = mid + 1;
			else
				high = mid;
		}
		asked++;
		bad += a64_mask_fits(w, v, &mask) != (low < cnt && masks[low] == v);
	}
	tap_ok(!a64_mask_fits(w, 0, &mask) && !a64_mask_fits(w, ~0ULL, &mask), "neither 0 nor -1");
	tap_eq(bad, 0, "%u numbers, taken or refused as they should be", asked);
}

int main(int argc, char **argv)
{
	static u64 cnt_of_form[ARRAY_SIZE(forms)], bad_of_form[ARRAY_SIZE(forms)];
	struct sweep s = { .share = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 1,
			   .cnt_of_form = cnt_of_form,
			   .bad_of_form = bad_of_form };
	u64 words = 0;

	test_mask_refused(true);
	test_mask_refused(false);
	if (!enc_objdump_there()) {
		tap_skip("no aarch64-linux-gnu-objdump here (tools/setup.sh check)");
		return tap_done();
	}
	for (int aliases = 0; aliases < 2; aliases++) {
		s.aliases = aliases;
		words += test_half(&s);
	}
	for (u32 f = 0; f < ARRAY_SIZE(forms); f++) {
		char name[64];

		snprintf(name, sizeof(name), "%s", forms[f].text);
		for (char *tab = strchr(name, '\t'); tab; tab = NULL)
			*tab = ' ';
		tap_ok(cnt_of_form[f] && !bad_of_form[f], "%s: %llu words", name,
		       (unsigned long long)cnt_of_form[f]);
	}
	tap_ok(words >= 300000 / s.share, "%llu words in all", (unsigned long long)words);
	return tap_done();
}
