/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of attach_rules.def as tables. */
#include "sys/attach_rules.h"

#include "base/err.h"
#include "spec/spec.h"

struct expect_row {
	u8 prog_type, attach_type;
	bool is_default;
};

#define EXPECTS(prog, attach)	      { PROG_TYPE_##prog, ATTACH_##attach, false },
#define EXPECTS_DEFAULT(prog, attach) { PROG_TYPE_##prog, ATTACH_##attach, true },
#define NO_ATTACH(prog)		      { PROG_TYPE_##prog, 0, false },
#define SLEEPABLE(prog, must)
#define BTF_TARGET(prog)
static const struct expect_row expect_rows[] = {
#include "sys/attach_rules.def"
};
#undef EXPECTS
#undef EXPECTS_DEFAULT
#undef NO_ATTACH
#undef SLEEPABLE
#undef BTF_TARGET

struct sleepable_row {
	u8 prog_type;
	bool must;
};

#define EXPECTS(prog, attach)
#define EXPECTS_DEFAULT(prog, attach)
#define NO_ATTACH(prog)
#define SLEEPABLE(prog, must) { PROG_TYPE_##prog, must },
#define BTF_TARGET(prog)
static const struct sleepable_row sleepable_rows[] = {
#include "sys/attach_rules.def"
};
#undef SLEEPABLE
#undef BTF_TARGET

#define SLEEPABLE(prog, must)
#define BTF_TARGET(prog) PROG_TYPE_##prog,
static const u8 btf_target_rows[] = {
#include "sys/attach_rules.def"
};
#undef EXPECTS
#undef EXPECTS_DEFAULT
#undef NO_ATTACH
#undef SLEEPABLE
#undef BTF_TARGET

int attach_rule_check(u32 prog_type, u32 *attach_type)
{
	bool limited = false;

	for (u32 i = 0; i < ARRAY_SIZE(expect_rows); i++) {
		const struct expect_row *row = &expect_rows[i];

		if (row->prog_type != prog_type)
			continue;
		limited = true;
		if (!*attach_type && row->is_default)
			*attach_type = row->attach_type;
		if (row->attach_type == *attach_type)
			return 0;
	}
	return limited ? -EINVAL : 0;
}

int attach_rule_sleepable(u32 prog_type, bool sleepable)
{
	for (u32 i = 0; i < ARRAY_SIZE(sleepable_rows); i++) {
		if (sleepable_rows[i].prog_type == prog_type)
			return sleepable_rows[i].must && !sleepable ? -EINVAL : 0;
	}
	return sleepable ? -EINVAL : 0;
}

bool attach_rule_btf_target(u32 prog_type)
{
	for (u32 i = 0; i < ARRAY_SIZE(btf_target_rows); i++) {
		if (btf_target_rows[i] == prog_type)
			return true;
	}
	return false;
}
