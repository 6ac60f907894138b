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
#include "spec/helper.h"

#define PAD_BYTES_MAX 1024u

static void code_free(void *p)
{
	struct jit_code *c = p;

	if (!c)
		return;
	jit_debug_remove(c->debug);
	process_code_remove(&c->registered);
	jit_mem_free(&c->mem);
	engine_code_fini(&c->base);
	mem_free(c->insn_off);
	mem_free(c->funcs);
	mem_free(c->func_off);
	mem_free(c->func_cold);
	mem_free(c->func_end);
	mem_free(c->gotox);
	mem_free(c);
}

static bool is_known(const struct helper_binding *b)
{
	return b->fn || b->host || (b->info && b->info->props & HP_TAIL_CALL);
}

/* What this engine refuses: what no engine knows yet, and helpers that nobody knows. */
static int check(const struct engine_code *code, bool *ret_gotox)
{
	for (u32 i = 0; i < code->insn_cnt; i++) {
		const struct decoded *d = &code->insns[i];

		if (d->op == ISA_CALL_KFUNC || d->op == ISA_LDDW_BTF_ID)
			return -EOPNOTSUPP;
		/* Only of calls imm is an index of bindings. */
		if (d->op == ISA_CALL_HELPER && !is_known(&code->bindings[d->imm]))
			return -EINVAL;
		*ret_gotox |= d->op == ISA_GOTOX;
	}
	return 0;
}

/* Where instructions and functions came to lie, for whoever looks at an address later. */
static int keep_places(struct jit_code *c, const struct relax *r)
{
	const struct front *f = r->f;
	u32 last = 0;

	c->main_called = f->main_called;
	c->insn_cnt = f->insn_cnt;
	c->func_cnt = f->func_cnt;
	c->insn_off = mem_zalloc_array(f->insn_cnt, sizeof(*c->insn_off));
	c->funcs = mem_dup(f->funcs, f->func_cnt * sizeof(*f->funcs));
	c->func_off = mem_zalloc_array(f->func_cnt, sizeof(*c->func_off));
	c->func_cold = mem_zalloc_array(f->func_cnt, sizeof(*c->func_cold));
	c->func_end = mem_zalloc_array(f->func_cnt, sizeof(*c->func_end));
	if (!c->insn_off || !c->funcs || !c->func_off || !c->func_cold || !c->func_end)
		return -ENOMEM;
	for (u32 i = 0; i < f->insn_cnt; i++) {
		if (!(f->flags[i] & FRONT_HALF))
			last = relax_at(r, &r->places[i]);
		c->insn_off[i] = last;
	}
	for (u32 n = 0; n < f->func_cnt; n++) {
		c->func_off[n] = relax_at(r, &f->funcs[n].code_start);
		c->func_cold[n] = relax_at(r, &f->funcs[n].cold_start);
		c->func_end[n] = relax_at(r, &f->funcs[n].code_end);
	}
	for (u32 i = 0; c->gotox && i < f->insn_cnt; i++)
		if (!(f->flags[i] & FRONT_HALF))
			c->gotox[i] = ptr_to_u64(c->mem.exec) + c->insn_off[i];
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
	err = jit_mem_new(&want, &c->mem);
	if (err)
		return err;
	base = ptr_to_u64(c->mem.exec);
	bytes = relax_sizes(&r, base);
	code = mem_alloc(bytes + RELAX_SLACK);
	if (!code)
		return -ENOMEM;
	relax_write(&r, code, base);
	err = jit_mem_seal(&c->mem, code, bytes);
	mem_free(code);
	if (err)
		return err;
	c->call = (jit_call_fn)(uintptr_t)(base + relax_at(&r, &b->call));
	c->abort_addr = base + relax_at(&r, &b->emit.stubs[JIT_STUB_ABORT - JIT_STUB_BASE]);
	err = keep_places(c, &r);
	return err || !opts->debug ? err : jit_publish(c, &r, opts->debug);
}

static int compile(struct jit_code *c, struct prog *prog, const struct jit_opts *opts)
{
	struct jit_build b = { 0 };
	bool gotox = false;
	int err = check(&c->base, &gotox);

	if (err)
		return err;
	if (gotox) {
		c->gotox = mem_zalloc_array(prog->insn_cnt, sizeof(*c->gotox));
		if (!c->gotox)
			return -ENOMEM;
	}
	b.emit.poll = opts->poll;
	b.emit.want_steps = opts->debug & (JIT_DEBUG_UNWIND | JIT_DEBUG_GDB);
	b.emit.features = jit_host_features() & ~opts->features_off;
	b.emit.gotox = c->gotox;
	err = jit_build_run(&b, prog, &c->base, c->target);
	if (!err)
		err = place(c, &b, opts);
	jit_build_fini(&b);
	return err;
}

static int publish(struct jit_code *c, const struct jit_opts *opts)
{
	engine_rows_free(&c->base);
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
	struct jit_code *c;
	int err;

	if (!jit_host_target())
		return -EOPNOTSUPP;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->prog = prog;
	c->target = jit_host_target();
	err = engine_decode(prog, resolver, &c->base);
	if (!err)
		err = compile(c, prog, opts);
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
		.insn_off = c->insn_off,
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
	struct engine_code code;
	struct jit_build b = { 0 };
	bool gotox = false;
	int err = engine_decode(prog, resolver, &code);

	if (err)
		return err;
	b.emit.features = text->features;
	err = check(&code, &gotox);
	if (!err)
		err = jit_build_run(&b, prog, &code, text->target);
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
	engine_code_fini(&code);
	return err;
}
