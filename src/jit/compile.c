/* SPDX-License-Identifier: BSD-2-Clause */
/* The door: a program, compiled for this machine. */
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "jit/debug.h"
#include "jit/jit_int.h"
#include "jit/publish.h"
#include "jit/relax.h"
#include "jit/support.h"

#define PAD_BYTES_MAX 1024u

static void code_free(void *p)
{
	struct jit_code *c = p;

	if (!c)
		return;
	jit_debug_remove(c->debug);
	process_code_remove(&c->registered);
	jit_mem_free(&c->mem);
	jit_insn_map_fini(&c->map);
	mem_free(c->funcs);
	mem_free(c->func_off);
	mem_free(c->func_cold);
	mem_free(c->func_end);
	mem_free(c->gotox);
	mem_free(c);
}

/* Where instructions and functions came to lie, for whoever looks at an address later. */
static int keep_places(struct jit_code *c, const struct relax *r)
{
	const struct front *f = r->f;
	u32 last = 0;

	c->main_called = f->main_called;
	c->insn_cnt = f->insn_cnt;
	c->func_cnt = f->func_cnt;
	c->funcs = mem_dup(f->funcs, f->func_cnt * sizeof(*f->funcs));
	c->func_off = mem_zalloc_array(f->func_cnt, sizeof(*c->func_off));
	c->func_cold = mem_zalloc_array(f->func_cnt, sizeof(*c->func_cold));
	c->func_end = mem_zalloc_array(f->func_cnt, sizeof(*c->func_end));
	if (!c->funcs || !c->func_off || !c->func_cold || !c->func_end ||
	    jit_insn_map_init(&c->map, f->insn_cnt))
		return -ENOMEM;
	for (u32 i = 0, cnt = f->insn_cnt; i < cnt; i++) {
		if (likely(!f->insns[i].half))
			last = relax_at(r, &r->places[i]);
		if (jit_insn_map_add(&c->map, i, last))
			return -ENOMEM;
		if (unlikely(c->gotox) && !f->insns[i].half)
			c->gotox[i] = ptr_to_u64(c->mem.exec) + last;
	}
	for (u32 n = 0; n < f->func_cnt; n++) {
		c->func_off[n] = relax_at(r, &f->funcs[n].code_start);
		c->func_cold[n] = relax_at(r, &f->funcs[n].cold_start);
		c->func_end[n] = relax_at(r, &f->funcs[n].code_end);
	}
	return 0;
}

/* The bytes into memory where they may run. */
static int place(struct jit_code *c, struct jit_build *b, const struct jit_opts *opts)
{
	struct relax r = { &b->emit, &b->front, b->places, b->shift };
	const u64 bytes_max = relax_bytes_max(&b->emit);
	struct jit_mem_want want = {
		.code_bytes_max = (u32)bytes_max,
		.trap = c->target->trap_word,
		.near = u64_to_ptr((u64)(uintptr_t)jit_raise),
		.reach_bytes = c->target->reach_bytes,
		.anonymous = opts->debug & JIT_DEBUG_PERF,
		.pad_bytes = opts->random_start ? (u32)rand_system_u64() % PAD_BYTES_MAX & ~15u : 0,
	};
	u64 base;
	u32 bytes;
	u8 *code;
	int err;

	if (bytes_max > UINT32_MAX / 2)
		return -E2BIG;
	code = arena_alloc(&b->emit.arena, bytes_max + RELAX_SLACK);
	if (!code)
		return -ENOMEM;
	err = jit_mem_new(&want, &c->mem);
	if (err)
		return err;
	base = ptr_to_u64(c->mem.exec);
	bytes = relax_sizes(&r, base);
	relax_write(&r, code, base);
	err = jit_mem_seal(&c->mem, code, bytes);
	if (err)
		return err;
	c->call = (jit_call_fn)(uintptr_t)(base + relax_at(&r, &b->call));
	c->abort_addr = base + relax_at(&r, &b->emit.stubs[JIT_STUB_ABORT - JIT_STUB_BASE]);
	err = keep_places(c, &r);
	return err || !opts->debug ? err : jit_publish(c, &r, opts->debug);
}

static int compile(struct jit_code *c, struct jit_build *b, const struct helper_resolver *resolver,
		   const struct jit_opts *opts)
{
	int err = jit_build_front(b, c->prog, resolver);

	if (err)
		return err;
	c->base.insn_cnt = b->code.insn_cnt;
	c->base.resolver = b->code.resolver;
	if (b->front.gotox) {
		c->gotox = mem_zalloc_array(c->prog->insn_cnt, sizeof(*c->gotox));
		if (!c->gotox)
			return -ENOMEM;
	}
	b->emit.poll = opts->poll;
	b->emit.want_steps = opts->debug & (JIT_DEBUG_UNWIND | JIT_DEBUG_GDB);
	b->emit.features = jit_host_features() & ~opts->features_off;
	b->emit.gotox = c->gotox;
	err = jit_build_emit(b, c->target);
	return err ? err : place(c, b, opts);
}

static int publish(struct jit_code *c, const struct jit_opts *opts)
{
	c->base.call = jit_call;
	c->registered.start = ptr_to_u64(c->mem.exec);
	c->registered.end = c->registered.start + c->mem.bytes;
	c->registered.fault = opts->no_fault_handler ? NULL : jit_fault;
	c->registered.cookie = c;
	return process_code_add(&c->registered);
}

bool jit_here_is_target(void)
{
	return jit_host_target();
}

int jit_compile(struct prog *prog, const struct helper_resolver *resolver,
		const struct jit_opts *opts)
{
	struct jit_build build = { 0 };
	struct jit_code *c;
	int err;

	if (!jit_host_target())
		return -EOPNOTSUPP;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->prog = prog;
	c->target = jit_host_target();
	err = compile(c, &build, resolver, opts);
	jit_build_fini(&build);
	if (!err)
		err = publish(c, opts);
	if (err) {
		code_free(c);
		return err;
	}
	prog->code = c;
	prog->code_free = code_free;
	prog->enter = jit_enter;
	if (!c->main_called)
		prog->enter = (int (*)(struct run *, const struct prog *, void *, u64,
				       u64 *))(uintptr_t)c->mem.exec;
	prog->stack_left = jit_stack_left;
	prog->engine = "jit";
	return 0;
}

bool jit_view(const struct prog *prog, struct jit_view *ret)
{
	const struct jit_code *c = prog->code;

	if (!c || prog->code_free != code_free)
		return false;
	*ret = (struct jit_view){
		.code = c->mem.exec,
		.code_bytes = c->mem.bytes,
		.addr = ptr_to_u64(c->mem.exec),
		.isa = c->target->name,
		.map = &c->map,
		.insn_cnt = c->insn_cnt,
		.funcs = c->funcs,
		.func_off = c->func_off,
		.func_cold = c->func_cold,
		.func_end = c->func_end,
		.func_cnt = c->func_cnt,
	};
	return true;
}

int jit_translate(const struct prog *prog, const struct helper_resolver *resolver,
		  struct jit_text *text)
{
	/* As if it stood beside what it calls. */
	const u64 base = (u64)(uintptr_t)jit_raise & ~0xfffull;
	struct jit_build b = { 0 };
	int err = jit_build_front(&b, prog, resolver);

	b.emit.features = text->features;
	if (!err)
		err = jit_build_emit(&b, text->target);
	if (!err) {
		struct relax r = { &b.emit, &b.front, b.places, b.shift };

		text->bytes = relax_sizes(&r, base);
		text->code = mem_alloc(text->bytes + RELAX_SLACK);
		if (text->code)
			relax_write(&r, text->code, base);
		else
			err = -ENOMEM;
	}
	jit_build_fini(&b);
	return err;
}
