#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The style of the house as a test: floors, sizes, banned calls, dead files, honest documents.

Prints `path:line: what` for each finding and exits 1 when there is any. Rules are in
docs/TESTING.md. A finding that is right to keep is waived where it stands, with its reason:

    /* tidy: allow long-function: one label per opcode */      (on the line, or on the line above)
"""
import bisect
import fnmatch
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
PARAMS_MAX = 5
COLUMNS_MAX = 100

BANNED = {
    'strcpy': 'strcpy is unbounded', 'strcat': 'strcat is unbounded', 'stpcpy': 'stpcpy is unbounded',
    'sprintf': 'sprintf is unbounded', 'vsprintf': 'vsprintf is unbounded', 'gets': 'gets is unbounded',
    'alloca': 'no alloca', 'strtok': 'strtok keeps hidden state', 'setjmp': 'no setjmp',
    'longjmp': 'no longjmp', 'rand': 'use base/rand', 'srand': 'use base/rand',
    'system': 'no shell from C', 'atoi': 'atoi hides errors', 'atol': 'atol hides errors',
}
ALLOCATORS = {'malloc', 'calloc', 'realloc', 'strdup', 'strndup', 'asprintf', 'vasprintf',
              'posix_memalign', 'aligned_alloc', 'reallocarray'}
BELOW_CLI = {'printf', 'vprintf', 'fprintf', 'vfprintf', 'puts', 'fputs', 'putchar', 'fputc',
             'perror', 'exit', '_exit', 'err', 'errx', 'warn', 'warnx', 'dprintf'}

# What reads like the name of a helper, a map type… and is none.
NOT_NAMES = {'HELPER_ARGS', 'HELPER_PREFIX', 'HELPER_ID_END', 'HELPER_UNPRIV', 'HELPER_BPF',
             'HELPER_PERFMON', 'HELPER_ADMIN', 'HELPER_BTF_NONE'}

# The only files with variables that change: identity files and the thread's instance; where our
# machine code stands and whose it is; the signal handlers; the lists that debuggers read.
PROCESS_STATE = ('src/base/process.c', 'src/base/process_code.c', 'src/base/process_fault.c',
                 'src/base/process_debug.c')

findings = []
waivers = {}


def find(path, line, rule, what):
    for at in (line, line - 1):
        if rule in waivers.get((path, at), ()):
            return
    findings.append((path, line, what))


def tracked():
    """Files of the project: tracked, or new and not ignored."""
    try:
        out = subprocess.run(['git', '-C', TOP, 'ls-files', '-co', '--exclude-standard'],
                             check=True, capture_output=True, text=True).stdout.split('\n')
        files = [f for f in out if f]
    except (OSError, subprocess.CalledProcessError):
        files = []
        for where, dirs, names in os.walk(TOP):
            dirs[:] = [d for d in dirs if not d.startswith(('.git', 'build'))]
            files += [os.path.relpath(os.path.join(where, n), TOP) for n in names]
    return sorted(f for f in files if os.path.isfile(os.path.join(TOP, f)))


def blank(text):
    """C source with comments, strings and characters blanked; same length, same lines."""
    def wipe(m):
        s = m.group(0)
        if s[0] in '"\'':
            return s[0] + re.sub(r'[^\n]', ' ', s[1:-1]) + s[-1]
        return re.sub(r'[^\n]', ' ', s)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', wipe, text,
                  flags=re.S)


def without_directives(code):
    """Blanks preprocessor lines with their continuations."""
    def wipe(m):
        return re.sub(r'[^\n]', ' ', m.group(0))
    return re.sub(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', wipe, code, flags=re.M | re.S)


class Lines:
    def __init__(self, text):
        self.starts = [0] + [m.end() for m in re.finditer('\n', text)]

    def at(self, off):
        return bisect.bisect_right(self.starts, off)


def top_level(code):
    """Yields (start, end, head, body_start) of each thing at file scope; head ends before its '{'."""
    start, depth, body, i, paren = 0, 0, None, 0, 0
    head_end = None
    while i < len(code):
        c = code[i]
        if c in '([':
            paren += 1
        elif c in ')]':
            paren = max(0, paren - 1)
        elif c == '{':
            if depth == 0 and body is None:
                body, head_end = i, i
            depth += 1
        elif c == '}':
            depth -= 1
            if depth <= 0:
                depth = 0
                if body is not None and is_function(code[start:head_end]):
                    yield start, i, code[start:head_end], body
                    start, body, paren = i + 1, None, 0
        elif c == ';' and depth == 0 and paren == 0:
            yield start, i, code[start:head_end if body is not None else i], body
            start, body = i + 1, None
        i += 1


ATTRS = re.compile(r'__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)')


def is_function(head):
    head = ATTRS.sub(' ', head)
    return head.rstrip().endswith(')') and '=' not in head


def params_of(head):
    """Names of the parameters of a function's head."""
    head = ATTRS.sub(' ', head).rstrip()
    depth, i = 0, len(head) - 1
    while i >= 0:
        depth += {')': 1, '(': -1}.get(head[i], 0)
        if depth == 0:
            break
        i -= 1
    inner, parts, depth, last = head[i + 1:len(head) - 1], [], 0, 0
    for j, c in enumerate(inner):
        depth += {'(': 1, ')': -1}.get(c, 0)
        if c == ',' and depth == 0:
            parts.append(inner[last:j])
            last = j + 1
    parts.append(inner[last:])
    name = re.search(r'(\w+)\s*$', head[:i])
    parts = [' '.join(p.split()) for p in parts]
    return name.group(1) if name else '?', [p for p in parts if p not in ('', 'void')]


def is_mutable(decl):
    """True for the definition of a variable that can change."""
    decl = re.sub(r'^(\s*[A-Z][A-Z0-9_]*\s*\([^()]*\))+', ' ', ATTRS.sub(' ', decl)).strip()
    if not decl or re.match(r'(typedef|extern|_Static_assert|static_assert|return|goto)\b', decl):
        return False
    left = decl.split('=')[0]
    if re.match(r'(static\s+|const\s+)*(struct|union|enum)\s*\w*\s*$', left):
        return False  # a type on its own
    pointer = re.match(r'[^(]*(\(\s*\*[^)]*\))', left)
    if '(' in left and not pointer:
        return False  # a prototype
    if not re.search(r'\w\s*[\s*]\w', left):
        return False
    if pointer:
        return 'const' not in pointer.group(1)
    if '*' in left:
        return 'const' not in left[left.rindex('*'):]
    return not re.search(r'\bconst\b', left)


class Floors:
    def __init__(self):
        self.floor, self.deny = {}, set()
        with open(os.path.join(TOP, 'src/FLOORS'), encoding='utf-8') as f:
            for line in f:
                words = line.split('#')[0].split()
                if len(words) == 3 and words[0] == 'deny':
                    self.deny.add((words[1], words[2]))
                elif len(words) == 2:
                    self.floor[words[1]] = float(words[0])

    def room(self, path):
        """Longest listed folder that holds @path (relative to src/); a sub-room may be listed, or
        one file of a room."""
        where = path
        while where and where not in self.floor:
            where = os.path.dirname(where)
        return where or None

    def check(self, path, line, target):
        here, there = self.room(path), self.room(target)
        src = 'src/' + path
        if here is None or there is None:
            find(src, line, 'floor', f'{target if there is None else path}: room not in src/FLOORS')
            return
        # Seen from another room, a room is one; its sub-floors hold among themselves.
        tops = here.split('/')[0], there.split('/')[0]
        if tops[0] != tops[1]:
            here, there = tops
        if here != there and (self.floor[there] >= self.floor[here] or (here, there) in self.deny):
            find(src, line, 'floor', f'{here} (floor {self.floor[here]:g}) may not include '
                 f'{target} (floor {self.floor[there]:g})')
        elif here != there and target.endswith('_int.h'):
            find(src, line, 'floor', f'{target} is private to its room')


def check_includes(path, text, floors, included):
    in_src = path.startswith('src/')
    for n, line in enumerate(text.split('\n'), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m:
            continue
        target = m.group(1)
        for base in ('src', 'include', '', os.path.dirname(path)):
            full = os.path.normpath(os.path.join(base, target))
            if os.path.exists(os.path.join(TOP, full)):
                included.add(full)
        if not in_src:
            continue
        if os.path.exists(os.path.join(TOP, 'src', target)):
            floors.check(path[4:], n, target)
        elif not os.path.exists(os.path.join(TOP, 'include', target)):
            find(path, n, 'include', f'"{target}": write the full path from src/')


def check_calls(path, code, lines, floor):
    in_src = path.startswith('src/')
    for m in re.finditer(r'(?<![\w.>])(\w+)\s*\(', code):
        name, line = m.group(1), lines.at(m.start())
        if code[:m.start()].rstrip()[-1:] == '*' and code[m.end():m.end() + 1] == ')':
            continue
        if name in BANNED and path != 'src/base/rand.c':
            find(path, line, 'call', f'{name}(): {BANNED[name]}')
        if not in_src:
            continue
        if name in ALLOCATORS and path != 'src/base/mem.c':
            find(path, line, 'call', f'{name}(): memory comes from base/mem.h')
        if name == 'free' and floor < 10 and path != 'src/base/mem.c' and \
                re.search(r'(^|[;{}()]|else)\s*$', code[max(0, m.start() - 40):m.start()]):
            find(path, line, 'call', 'free(): use mem_free()')
        if name in BELOW_CLI and floor < 11:
            find(path, line, 'call', f'{name}(): nothing below cli/ prints or exits')
    if in_src and floor < 11:
        code = without_directives(code)
        for m in re.finditer(r'\berrno\b', code):
            around = code[max(0, m.start() - 20):m.end() + 6]
            if not re.search(r'-\s*errno\b|\berrno\s*[!=]=', around):
                find(path, lines.at(m.start()), 'errno', 'errno: below cli/ only as -errno, at once')


def check_scope(path, code, lines):
    """Function sizes, parameters, mutable globals."""
    bare = without_directives(code)
    loose = path in PROCESS_STATE
    for start, end, head, body in top_level(bare):
        lead = len(head) - len(head.lstrip())
        first, last = lines.at(start + lead), lines.at(end)
        if body is not None and is_function(head):
            size = last - first + 1
            name, params = params_of(head)
            if size > FUNCTION_LINES_MAX:
                find(path, first, 'long-function',
                     f'{name}() has {size} lines, {FUNCTION_LINES_MAX} at most')
            helper = len(params) == 6 and params[5].startswith('struct run *')
            if len(params) > PARAMS_MAX and not helper and path.startswith('src/'):
                find(path, first, 'params', f'{name}() has {len(params)} parameters, {PARAMS_MAX} at most')
            if not loose and path.startswith('src/'):
                for m in re.finditer(r'(?:^|[;{}])\s*(static\b[^;{]*?)(?=[;={])', bare[body:end]):
                    if '(' not in m.group(1) and is_mutable(m.group(1)):
                        find(path, lines.at(body + m.start(1)), 'global',
                             'static variable that changes: state hangs from an instance')
        elif not loose and path.startswith('src/') and path.endswith('.c'):
            tls = 'thread_local' in head or '_Thread_local' in head or '__thread' in head
            if is_mutable(head) and not (tls and path == 'src/base/mem.c'):
                find(path, first, 'global',
                     'global variable that changes: ' + ' '.join(head.split())[:50])


def check_c(path, text, floors, included):
    code = blank(text)
    lines = Lines(text)
    room = floors.room(path[4:]) if path.startswith('src/') else None
    floor = floors.floor.get(room, 99)
    check_includes(path, text, floors, included)
    check_calls(path, code, lines, floor)
    check_scope(path, code, lines)
    if path.startswith('src/') and path.endswith('.c') and room != 'base' and path != 'src/jit/host.c':
        for m in re.finditer(r'^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b', code, re.M):
            find(path, lines.at(m.start()), 'ifdef', '#if in a .c file outside base/')
    for n, line in enumerate(text.split('\n'), 1):
        if len(line.expandtabs(8)) > COLUMNS_MAX:
            find(path, n, 'columns', f'{len(line.expandtabs(8))} columns, {COLUMNS_MAX} at most')
        if line != line.rstrip():
            find(path, n, 'space', 'space at the end of the line')
    for m in re.finditer(r'#\s*define\s+(BPF_(?:FUNC|MAP_TYPE|PROG_TYPE|LINK_TYPE)_\w+)\s+\d', code):
        if path.startswith('src/'):
            find(path, lines.at(m.start()), 'uapi', f'{m.group(1)}: its number stands in a .def of spec/')
    if path.startswith('src/verify/'):
        named = r'\b((?:BPF_)?(?:FUNC|HELPER|MAP_TYPE|PROG_TYPE|ATTACH|KFUNC)_(?!ARG|RET|\w*SLOTS)\w+)'
        for m in re.finditer(named, code):
            if m.group(1) in NOT_NAMES:
                continue
            find(path, lines.at(m.start()), 'uapi', f'{m.group(1)} in verify/ is a missing column')


def check_numbers(texts):
    """The same number given twice in one .def, or one UAPI name in two."""
    seen = {}
    for path, text in texts.items():
        if not (path.startswith('src/spec/') and path.endswith('.def')):
            continue
        own = {}
        for n, line in enumerate(text.split('\n'), 1):
            m = re.match(r'([A-Z_]+)\((\w+),\s*(\d+)\s*,', line)
            if not m:
                continue
            kind, name, number = m.groups()
            if (kind, number) in own and kind.endswith('TYPE'):
                find(path, n, 'uapi', f'{name}: number {number} is already {own[kind, number]}')
            own[kind, number] = name
            if (kind, name) in seen and seen[kind, name] != path:
                find(path, n, 'uapi', f'{kind} {name} also in {seen[kind, name]}')
            seen[kind, name] = path


def check_dead(files, texts, included):
    named = set()
    for path in files:
        if os.path.basename(path) == 'meson.build':
            where = os.path.dirname(path)
            for word in re.findall(r"'([^'\n]+)'", texts[path]):
                named.add(os.path.normpath(os.path.join(where, word)))
                named.add(os.path.normpath(word))
            # foreach over names: 'x' with '.c' or '_test.c' put behind it
            tails = re.findall(r"'@?\w*@?([\w.]*\.c)'", texts[path])
            for word in re.findall(r"'([\w/-]+)'", texts[path]):
                for tail in tails:
                    named.add(os.path.normpath(os.path.join(where, word + tail)))
    # Programs that a script compiles by itself (make check-kernel).
    for path in files:
        if path.endswith('.sh') or (path.startswith('tools/') and path.endswith('.py')):
            with open(os.path.join(TOP, path), encoding='utf-8') as f:
                named.update(re.findall(r'[\w/]+\.c\b', f.read()))
    lived = {os.path.dirname(path) for path in files if path.endswith('.c')}
    for path in files:
        if path.endswith('.c') and path not in named and path not in included:
            find(path, 1, 'dead', 'no meson.build names this file')
        if path.startswith('src/') and path.endswith(('.h', '.def')) and path not in included:
            if os.path.dirname(path) in lived and not any(
                    os.path.basename(path) in texts[p] for p in files if p.endswith(('meson.build', '.py'))):
                find(path, 1, 'dead', 'nothing includes this file')


PLACES = ('src/', 'tests/', 'tools/', 'docs/', 'examples/', 'bench/', 'include/', '.ci/')


def check_document(path, text, files):
    where = os.path.dirname(path)
    known = set(files) | {os.path.dirname(f) for f in files}
    for f in files:
        d = os.path.dirname(f)
        while d:
            known.add(d)
            d = os.path.dirname(d)
    text = re.sub(r'\.\./shared/\S+', '', text)
    for n, line in enumerate(text.split('\n'), 1):
        names = [(m, '') for m in re.findall(r'`((?:%s)[\w./*{},-]*)' % '|'.join(map(re.escape, PLACES)),
                                             line)]
        names += [(m.split('#')[0], where) for m in re.findall(r'\]\(([^)\s]+)\)', line)
                  if not re.match(r'[a-z]+:|#', m)]
        for name, base in names:
            full = os.path.normpath(os.path.join(base, name.rstrip('.,:')))
            if '{' in full or not full:
                continue
            if full not in known and not fnmatch.filter(known, full):
                find(path, n, 'document', f'names {name}, which does not exist')


def check_spdx(path, text):
    head = '\n'.join(text.split('\n')[:3])
    if 'SPDX-License-Identifier: BSD-2-Clause' not in head:
        # what runs in a kernel says a GPL-compatible licence in its own section
        find(path, 1, 'spdx', 'no SPDX-License-Identifier: BSD-2-Clause at its head')


def main():
    files = tracked()
    texts, included = {}, set()
    floors = Floors()
    for path in files:
        with open(os.path.join(TOP, path), 'rb') as f:
            raw = f.read()
        if b'\0' in raw[:4096]:
            continue
        texts[path] = raw.decode('utf-8', 'replace')
        for n, line in enumerate(texts[path].split('\n'), 1):
            for rule in re.findall(r'tidy: allow ([\w-]+)[:,]', line):
                waivers.setdefault((path, n), set()).add(rule)
    files = [f for f in files if f in texts]
    for path in files:
        text, name = texts[path], os.path.basename(path)
        if path.endswith(('.c', '.h')):
            check_c(path, text, floors, included)
        if path.endswith('.def'):
            check_includes(path, text, floors, included)
        if path.endswith(('.c', '.h', '.def', '.py', '.sh')) or name in ('meson.build', 'Makefile'):
            check_spdx(path, text)
            count = text.count('\n')
            if count > FILE_LINES_MAX:
                find(path, 1, 'long-file', f'{count} lines, {FILE_LINES_MAX} at most')
        if path.endswith('.md'):
            check_document(path, text, files)
    check_numbers(texts)
    check_dead(files, texts, included)
    for path, line, what in sorted(set(findings)):
        print(f'{path}:{line}: {what}')
    if findings:
        print(f'tidy: {len(set(findings))} findings', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
