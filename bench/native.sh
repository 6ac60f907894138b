#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# native.sh SYMBOL IN.c OUT.o DEPFILE CC FLAG…: an object at -O2 that shows SYMBOL alone.
set -eu
symbol=$1 in=$2 out=$3 dep=$4
shift 4
"$@" -std=gnu11 -O2 -w -fno-strict-aliasing -DNATIVE_NAME="$symbol" -MD -MF "$dep" -c "$in" -o "$out"
objcopy --keep-global-symbol="$symbol" "$out"
