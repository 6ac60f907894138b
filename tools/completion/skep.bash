# SPDX-License-Identifier: BSD-2-Clause
# Completion for bash. Verbs and options come from --help, so there is no list here to keep in step.
_skep() {
	local word=${COMP_WORDS[COMP_CWORD]} skep=${COMP_WORDS[0]} verb=${COMP_WORDS[1]}
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W "$("$skep" --help 2>/dev/null |
			sed -n 's/^  \([a-z]\+\) .*/\1/p') --help --version" -- "$word"))
	elif [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$("$skep" "$verb" --help 2>/dev/null |
			grep -o -- '^  .*' | grep -oE -- '(^| )--?[a-z][a-z-]*' | sort -u)" -- "$word"))
	else
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$word"))
	fi
}
complete -F _skep skep
