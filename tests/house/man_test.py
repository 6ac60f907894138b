#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages and completion say what the command says.

    man_test.py SKEP

Each verb of `skep --help` has a page, which names every option of `skep VERB --help` and no other;
bash completion offers the verbs and an option.
"""
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
SKEP = os.path.abspath(sys.argv[1])
OPTION = r'(?<![\w-])(--?[A-Za-z][\w-]*)'
count = failed = 0


def ok(cond, name, diag=''):
    global count, failed
    count += 1
    failed += not cond
    print(f'{"ok" if cond else "not ok"} {count} - {name}')
    if not cond and diag:
        print(f'# {diag}')


def out(*args):
    return subprocess.run([SKEP, *args], capture_output=True, text=True, check=False).stdout


def page(name):
    try:
        with open(os.path.join(TOP, f'docs/man/{name}.1'), encoding='utf-8') as f:
            return f.read().replace('\\-', '-').replace('\\e', '\\')
    except OSError:
        return ''


def options(text, line):
    """Options at the start of the lines that @line matches."""
    found = set()
    for m in re.finditer(line, text, re.M):
        found |= set(re.findall(OPTION, m.group(1)))
    return found


def complete(words, current):
    script = f'source {TOP}/tools/completion/skep.bash; COMP_WORDS=({" ".join(words)}); ' \
             f'COMP_CWORD={current}; _skep; echo "${{COMPREPLY[*]}}"'
    return subprocess.run(['bash', '-c', script], capture_output=True, text=True, check=False).stdout.split()


def main():
    verbs = re.findall(r'^  (\w+) ', out('--help'), re.M)
    ok(len(verbs) > 0, 'skep --help lists verbs')
    main_page = page('skep')
    for verb in verbs:
        text = page(f'skep-{verb}')
        ok(text.startswith('.\\" SPDX') and f'skep-{verb}' in text, f'skep-{verb}: has a page',
           f'docs/man/skep-{verb}.1 is missing')
        ok(f'skep-{verb}' in main_page, f'skep-{verb}: named in skep.1')
        told = options(out(verb, '--help'), r'^ {2,8}(-.*?)(?:  |$)')
        written = options(text, r'^\.TP\n\.B (.*)$')
        ok(told <= written, f'skep-{verb}: every option is in its page', f'missing: {sorted(told - written)}')
        ok(written <= told, f'skep-{verb}: no other option is', f'not in --help: {sorted(written - told)}')
    pages = {f[5:-2] for f in os.listdir(os.path.join(TOP, 'docs/man')) if f.startswith('skep-')}
    ok(pages == set(verbs), 'no page without its verb', sorted(pages ^ set(verbs)))
    ok(set(verbs) <= set(complete([SKEP, "''"], 1)), 'completion offers the verbs')
    ok('--json' in complete([SKEP, 'run', '--js'], 2), 'completion offers an option of a verb')
    print(f'1..{count}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
