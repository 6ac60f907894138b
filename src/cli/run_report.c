/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_report.h"

#include <stdio.h>

#include "spec/spec.h"

static double ns_per(u64 ns, u64 cnt)
{
	return cnt ? (double)ns / (double)cnt : 0.0;
}

static void add_line(struct str *to, const char *label, u64 packets, u64 of)
{
	str_addf(to, "  %-14s %12llu", label, (unsigned long long)packets);
	if (of)
		str_addf(to, "  %5.1f %%", 100.0 * (double)packets / (double)of);
	str_add_char(to, '\n');
}

static void add_verdicts(const struct run_report *r, u32 idx, struct str *to)
{
	const struct prog *prog = r->opts->progs[idx];
	const struct session_prog_stats *p = &r->stats->progs[idx];
	const struct hook *hook = hook_of(prog->type);
	u64 runs = p->fault_cnt + p->verdicts_other;

	for (u32 v = 0; v < SESSION_VERDICTS_MAX; v++)
		runs += p->verdicts[v];
	str_addf(to, "%s (%s, %s): %.0f ns per packet\n", prog->name, prog_type_name(prog->type),
		 prog->engine, ns_per(p->run_ns, p->run_cnt));
	for (u32 v = 0; v < SESSION_VERDICTS_MAX; v++) {
		const char *name = hook->verdict_name(v - 1);
		char number[24];

		if (!p->verdicts[v])
			continue;
		snprintf(number, sizeof(number), "%d", (int)v - 1);
		add_line(to, name ? name : number, p->verdicts[v], runs);
	}
	if (p->verdicts_other)
		add_line(to, hook->unnamed, p->verdicts_other, runs);
	if (p->fault_cnt)
		add_line(to, "faulted", p->fault_cnt, runs);
	if (p->unknown)
		str_addf(to, "  %llu of these return values are no verdict of %s\n",
			 (unsigned long long)p->unknown, prog_type_name(prog->type));
}

static void add_outputs(const struct run_report *r, struct str *to)
{
	for (u32 i = 0; i < r->opts->output_cnt; i++) {
		const struct session_output *out = &r->opts->outputs[i];

		str_addf(to, "wrote %llu packets to %s", (unsigned long long)out->packets,
			 out->dev->name);
		if (out->ifindex)
			str_addf(to, " (redirected to interface %u)", out->ifindex);
		str_add_char(to, '\n');
	}
}

void run_report_text(const struct run_report *r, struct str *to)
{
	const struct session_stats *s = r->stats;

	for (u32 i = 0; i < r->opts->prog_cnt; i++)
		add_verdicts(r, i, to);
	str_addf(to, "%llu packets from %s in %.3f s", (unsigned long long)s->packets, r->source,
		 (double)s->wall_ns / 1e9);
	if (s->truncated)
		str_addf(to, ", %llu of them captured in part", (unsigned long long)s->truncated);
	str_add(to, ":");
	for (u32 a = 0; a < HOOK_ACTION_CNT; a++)
		if (s->actions[a])
			str_addf(to, " %llu %s", (unsigned long long)s->actions[a],
				 hook_action_name((enum hook_action)a));
	str_add_char(to, '\n');
	add_outputs(r, to);
	if (s->redirect_lost)
		str_addf(to, "%llu packets were redirected to an interface without an output "
			     "(-w IFACE=FILE keeps them)\n",
			 (unsigned long long)s->redirect_lost);
	if (s->send_failed)
		str_addf(to, "%llu packets could not be sent\n",
			 (unsigned long long)s->send_failed);
	if (r->observes_only)
		str_add(to, "one interface and no output: packets were observed, nothing was "
			    "dropped or changed\n");
}

static void add_prog_json(const struct run_report *r, u32 idx, struct str *to)
{
	const struct prog *prog = r->opts->progs[idx];
	const struct session_prog_stats *p = &r->stats->progs[idx];
	const struct hook *hook = hook_of(prog->type);
	bool first = true;

	str_add(to, "{\"name\":");
	str_add_json(to, prog->name);
	str_addf(to, ",\"type\":\"%s\",\"engine\":\"%s\",\"runs\":%llu,\"ns_per_run\":%.1f,"
		     "\"faults\":%llu,\"unknown_verdicts\":%llu,\"verdicts\":[",
		 prog_type_name(prog->type), prog->engine, (unsigned long long)p->run_cnt,
		 ns_per(p->run_ns, p->run_cnt), (unsigned long long)p->fault_cnt,
		 (unsigned long long)p->unknown);
	for (u32 v = 0; v < SESSION_VERDICTS_MAX; v++) {
		const char *name = hook->verdict_name(v - 1);

		if (!p->verdicts[v])
			continue;
		str_addf(to, "%s{\"value\":%d,", first ? "" : ",", (int)v - 1);
		if (name)
			str_addf(to, "\"name\":\"%s\",", name);
		str_addf(to, "\"packets\":%llu}", (unsigned long long)p->verdicts[v]);
		first = false;
	}
	str_addf(to, "],\"other_verdicts\":%llu}", (unsigned long long)p->verdicts_other);
}

void run_report_json(const struct run_report *r, struct str *to)
{
	const struct session_stats *s = r->stats;

	str_addf(to, "\"packets\":%llu,\"bytes\":%llu,\"truncated\":%llu,\"seconds\":%.6f,"
		     "\"observe_only\":%s,\"actions\":{",
		 (unsigned long long)s->packets, (unsigned long long)s->bytes,
		 (unsigned long long)s->truncated, (double)s->wall_ns / 1e9,
		 r->observes_only ? "true" : "false");
	for (u32 a = 0; a < HOOK_ACTION_CNT; a++)
		if (a != HOOK_NEXT) /* counted as passed */
			str_addf(to, "%s\"%s\":%llu", a ? "," : "",
				 hook_action_name((enum hook_action)a),
				 (unsigned long long)s->actions[a]);
	str_addf(to, "},\"redirect_lost\":%llu,\"send_failed\":%llu,\"faults\":%llu,"
		     "\"outputs\":[",
		 (unsigned long long)s->redirect_lost, (unsigned long long)s->send_failed,
		 (unsigned long long)s->fault_cnt);
	for (u32 i = 0; i < r->opts->output_cnt; i++) {
		str_add(to, i ? ",{\"name\":" : "{\"name\":");
		str_add_json(to, r->opts->outputs[i].dev->name);
		str_addf(to, ",\"ifindex\":%u,\"packets\":%llu}", r->opts->outputs[i].ifindex,
			 (unsigned long long)r->opts->outputs[i].packets);
	}
	str_add(to, "],\"programs\":[");
	for (u32 i = 0; i < r->opts->prog_cnt; i++) {
		str_add(to, i ? "," : "");
		add_prog_json(r, i, to);
	}
	str_add_char(to, ']');
}
