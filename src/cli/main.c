/* SPDX-License-Identifier: BSD-2-Clause */
/* The skep command: finds the verb and hands over. */
#include <stdio.h>
#include <string.h>

#include "base/types.h"
#include "cli/cli.h"
#include "skep/skep.h"

struct verb {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
#define VERB(name, summary) { #name, summary, cli_##name },
#include "cli/verbs.def"
#undef VERB
	{ NULL, NULL, NULL },
};

static void print_help(FILE *to)
{
	fprintf(to, "skep: the Linux kernel's BPF system in user space\n\n"
		    "usage: skep VERB [ARGS…]\n\n");
	for (const struct verb *v = verbs; v->name; v++)
		fprintf(to, "  %-10s %s\n", v->name, v->summary);
	fprintf(to, "\n`skep VERB --help` tells each verb's options; `man skep` has the rest.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("skep %s\n", skep_version());
		return CLI_OK;
	}
	for (const struct verb *v = verbs; v->name; v++) {
		int rc;

		if (strcmp(argv[1], v->name))
			continue;
		rc = v->run(argc - 1, argv + 1);
		/* A full disk or closed pipe shows here, not at the printf that met it. */
		if ((fflush(stdout) || ferror(stdout)) && rc == CLI_OK)
			return cli_error("standard output could not be written");
		return rc;
	}
	return cli_usage("there is no verb '%s'; `skep --help` lists them", argv[1]);
}
