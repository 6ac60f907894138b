#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `meson test --wrap` puts before each test of `make check-valgrind`. Programs of ours run under
# valgrind. A script is run as it is, but gets a command that runs under valgrind wherever it names
# build/src/skep. Comparisons with the live kernel run bare: valgrind does not know what newer bpf(2)
# calls write.
set -u
valgrind="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect"

case "$1" in
*/build/*_kernel)
	exec "$@"
	;;
*/build/tests/*)
	exec $valgrind "$@"
	;;
esac

args=()
for arg in "$@"; do
	case "$arg" in
	*src/skep)
		wrapped=$(dirname "$arg")/skep-valgrind
		printf '#!/bin/sh\nexec %s %s "$@"\n' "$valgrind" "$(realpath "$arg")" >"$wrapped.$$"
		chmod +x "$wrapped.$$"
		mv "$wrapped.$$" "$wrapped"
		args+=("$(realpath "$wrapped")")
		;;
	*) args+=("$arg") ;;
	esac
done
exec "${args[@]}"
