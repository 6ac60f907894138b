/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/relax.h"

#include <string.h>

u64 relax_bytes_max(const struct jit_emit *e)
{
	u64 bytes = e->code.len;

	for (u32 i = 0; i < e->site_cnt; i++) {
		const u8 *forms = e->target->site_bytes[e->sites[i].kind];

		bytes += MAX(forms[0], MAX(forms[1], forms[2]));
	}
	return bytes;
}

u32 relax_at(const struct relax *r, const struct jit_place *place)
{
	return place->off + r->shift[place->site];
}

static u64 goes_to(const struct relax *r, const struct jit_site *site, u64 base)
{
	const struct jit_place *place;

	if (site->kind == JIT_SITE_EXT)
		return site->ext;
	if (site->target >= JIT_STUB_BASE)
		place = &r->e->stubs[site->target - JIT_STUB_BASE];
	else if (site->kind == JIT_SITE_CALL)
		place = &front_func_at(r->f, site->target)->code_start;
	else
		place = &r->places[site->target];
	return base + relax_at(r, place);
}

static u32 site_bytes(const struct relax *r, const struct jit_site *site)
{
	return r->e->target->site_bytes[site->kind][site->form];
}

static void shift_find(struct relax *r)
{
	u32 bytes = 0;

	for (u32 i = 0; i < r->e->site_cnt; i++) {
		r->shift[i] = bytes;
		bytes += site_bytes(r, &r->e->sites[i]);
	}
	r->shift[r->e->site_cnt] = bytes;
}

#define ROUNDS_MAX 12u

u32 relax_sizes(struct relax *r, u64 base)
{
	const struct jit_target *t = r->e->target;
	bool grew = true;

	for (u32 round = 0; grew; round++) {
		grew = false;
		shift_find(r);
		for (u32 i = 0; i < r->e->site_cnt; i++) {
			struct jit_site *site = &r->e->sites[i];
			const u64 end = base + site->at + r->shift[i + 1];
			const s64 disp = (s64)(goes_to(r, site, base) - end);

			while (site->form < 2 && t->site_bytes[site->kind][site->form + 1] &&
			       (round >= ROUNDS_MAX ||
				!t->site_reaches(site->kind, site->form, disp))) {
				site->form++;
				grew = true;
			}
		}
	}
	return r->e->code.len + r->shift[r->e->site_cnt];
}

void relax_write(const struct relax *r, u8 *to, u64 base)
{
	u32 from = 0;

	for (u32 i = 0; i < r->e->site_cnt; i++) {
		const struct jit_site *site = &r->e->sites[i];
		const u32 at = site->at + r->shift[i];

		memcpy(to + from + r->shift[i], r->e->code.p + from, site->at - from);
		from = site->at;
		r->e->target->site_write(to + at, site, base + at, goes_to(r, site, base));
	}
	memcpy(to + from + r->shift[r->e->site_cnt], r->e->code.p + from, r->e->code.len - from);
}
