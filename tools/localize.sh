#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# localize.sh IN.a OUT.a [OBJCOPY-OPTION…]: makes one member of the whole archive, in which what is
# hidden, or what the options say, is local: so that two libraries with equal internal names can be
# linked into one program.
set -eu
in=$1
out=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ld -r -o "$work/all.o" --whole-archive "$in"
objcopy --localize-hidden "$@" "$work/all.o"
rm -f "$out"
ar rcs "$out" "$work/all.o"
