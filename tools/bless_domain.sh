#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Writes the goldens of tests/domain anew, with the counts of pairs that its meson.build asks for.
#
#	tools/bless_domain.sh BUILD
set -eu
at=$1/tests/domain
to=$(dirname "$0")/../tests/domain
"$at"/domain_exhaust4 -a 1 -n 100000 -b "$to"/exhaust4.golden >/dev/null
"$at"/domain_exhaust6 -n 4000 -b "$to"/exhaust6.golden >/dev/null
"$at"/domain_exhaust8 -n 300 -t 0 -b "$to"/exhaust8.golden >/dev/null
git -C "$to" diff --stat -- .
