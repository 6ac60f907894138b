# SPDX-License-Identifier: BSD-2-Clause
"""Tables, groups of differences and the parity page of run.py."""
import collections
import errno
import fnmatch
import os
import re

import corpus

REASONS = os.path.join(corpus.TOP, 'tools/selftests/reasons.txt')


def word(accept):
    return 'not annotated' if accept is None else 'accept' if accept else 'reject'


def said(answer):
    if answer is None:
        return 'no answer'
    if answer.died():
        return 'DIED (%s)' % answer.log().strip()
    if answer.setup:
        return 'no %s: %s' % (answer.setup, errno.errorcode.get(-answer.ret, answer.ret))
    return 'accepted' if answer.ret == 0 else errno.errorcode.get(-answer.ret, str(answer.ret))


def row(c):
    return {'file': c.file, 'test': c.name, 'rights': c.mode, 'scope': c.out or 'in',
            'annotated': word(c.accept), 'kernel': said(c.kernel), 'skep': said(c.skep),
            'verdict_ok': int(c.verdict_ok), 'patterns': len(c.patterns),
            'kernel_matched': c.k_matched, 'skep_matched': c.s_matched,
            'counts': int(c.counts), 'plain': int(c.plain), 'reason_ok': int(c.reason_ok),
            'ran': c.ran, 'xlated_ok': c.xlated_ok,
            'kernel_reason': c.k_reason, 'skep_reason': c.s_reason}


def returned(c):
    """What each says that a program returns: "kernel 1, jit 2, interp 2"."""
    def one(runs):
        return '/'.join(str(v) if not err else errno.errorcode.get(-err, str(err))
                        for err, v in runs)
    return ', '.join('%s %s' % (who, one(c.shown[who][0])) for who in ('kernel', 'jit', 'interp')
                     if who in c.shown)


def line(c):
    mark = '  out' if c.out else 'VERDICT' if not c.verdict_ok else \
        '  MSG' if c.counts and not c.msgs_ok else ' RUN' if c.ran is False else \
        'XLATED' if c.xlated_ok is False else '   ok'
    text = '%-7s %s  kernel %s  skep %s' % (mark, c.key(), said(c.kernel), said(c.skep))
    if c.out:
        return text + '  [%s]' % c.out
    if c.ran is False:
        text += '\n          returns: %s' % returned(c)
    if c.xlated_ok is False:
        text += '\n          translated: no line "%s"' % c.xlated_misses
    if not c.verdict_ok or (c.counts and not c.msgs_ok):
        text += '\n          kernel: %s\n          skep:   %s' % (c.k_reason or '-', c.s_reason or '-')
        if c.counts and c.s_matched < len(c.patterns):
            text += '\n          misses: %s' % c.patterns[c.s_matched].text
    return text


def general(reason):
    """A reason without its numbers and registers, for grouping."""
    reason = re.sub(r'0x[0-9a-f]+', 'X', reason)
    reason = re.sub(r'\bR\d+\b', 'R', reason)
    return re.sub(r'-?\b\d+\b', 'N', reason)[:110]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


class Tally:
    def __init__(self, cases):
        inside = [c for c in cases if not c.out]
        self.out = len(cases) - len(inside)
        self.cnt = len(inside)
        self.verdicts = sum(c.verdict_ok for c in inside)
        annotated = [c for c in inside if c.accept is not None]
        self.annotated = len(annotated)
        self.annotated_ok = sum(c.skep is not None and not c.skep.setup and
                                c.skep.accepted() == c.accept for c in annotated)
        self.msgs = sum(c.counts for c in inside)
        self.msgs_ok = sum(c.msgs_ok for c in inside)
        self.plain = sum(c.plain for c in inside)
        self.plain_ok = sum(c.plain and c.msgs_ok for c in inside)
        refused = [c for c in inside if c.k_reason]
        self.reasons = len(refused)
        self.reasons_ok = sum(c.reason_ok for c in refused)
        self.died = sum(c.skep is not None and c.skep.died() for c in cases)
        self.other = sum(c.kernel is not None and c.accept is not None and
                         c.kernel.accepted() != c.accept for c in inside)

        ran = [c for c in inside if c.ran is not None]
        self.ran, self.ran_ok = len(ran), sum(c.ran for c in ran)
        self.no_hook = sum(c.no_hook for c in inside)
        self.as_annotated = sum(bool(c.as_annotated) for c in ran)
        listed = [c for c in inside if c.xlated_ok is not None]
        self.xlated, self.xlated_ok = len(listed), sum(c.xlated_ok for c in listed)

    def lines(self):
        def share(part, whole):
            return '%d of %d (%.1f %%)' % (part, whole, percent(part, whole))
        return [
            ('verdict as the live kernel', share(self.verdicts, self.cnt)),
            ('verdict as annotated', share(self.annotated_ok, self.annotated)),
            ('the kernel itself differs from the annotation', '%d' % self.other),
            ('error strings found', share(self.plain_ok, self.plain)),
            ('all messages found (with register states)', share(self.msgs_ok, self.msgs)),
            ('reason line equal to the kernel\'s', share(self.reasons_ok, self.reasons)),
            ('run: result as the live kernel, by JIT and interpreter', share(self.ran_ok, self.ran)),
            ('run: result as annotated', share(self.as_annotated, self.ran)),
            ('not run: no test run of the type here yet', '%d' % self.no_hook),
            ('translated program as annotated', share(self.xlated_ok, self.xlated)),
            ('verifier died or hung', '%d' % self.died),
            ('out of scope', '%d' % self.out),
        ]


def by_file(cases):
    files = collections.OrderedDict()
    for c in sorted(cases, key=lambda c: c.file):
        files.setdefault(c.file, []).append(c)
    return files


def difference(c):
    return not c.out and (not c.verdict_ok or (c.counts and not c.msgs_ok))


def reason_of(why, key):
    """Keys of reasons.txt may be globs."""
    return why.get(key) or next((text for k, text in why.items() if fnmatch.fnmatchcase(key, k)),
                                '')


def groups(cases):
    """[(count, kernel's reason, ours, an example)] of wrong verdicts and reasons."""
    found = {}
    for c in cases:
        if c.out or (c.verdict_ok and (c.reason_ok or not c.k_reason)):
            continue
        k = general(c.k_reason) if c.kernel and not c.kernel.accepted() else 'accepted'
        s = 'DIED' if c.skep and c.skep.died() else \
            general(c.s_reason or said(c.skep)) if c.skep and not c.skep.accepted() else 'accepted'
        found.setdefault((k, s), []).append(c)
    out = [(len(v), k, s, v[0].key()) for (k, s), v in found.items()]
    return sorted(out, key=lambda g: (-g[0], g[1], g[2]))


def summary(cases, skipped, left, top):
    """Prints; the two shares that matter: verdicts, error strings."""
    print('%-44s %5s %9s %9s %9s %5s' % ('file', 'in', 'verdicts', 'messages', 'reasons', 'out'))
    for file, some in by_file(cases).items():
        t = Tally(some)
        if t.cnt == t.verdicts and t.msgs == t.msgs_ok and len(cases) > 200:
            continue
        print('%-44s %5d %9s %9s %9s %5d' % (
            file, t.cnt, '%d/%d' % (t.verdicts, t.cnt), '%d/%d' % (t.msgs_ok, t.msgs),
            '%d/%d' % (t.reasons_ok, t.reasons), t.out))
    found = groups(cases)
    if found and top:
        print('\n%d kinds of differences; kernel says / skep says:' % len(found))
        for cnt, k, s, example in found[:top]:
            print('%5d  %s\n       %s\n       e.g. %s' % (cnt, k, s, example))
    total = Tally(cases)
    print()
    for name, value in total.lines():
        print('%-48s %s' % (name, value))
    print('%-48s %d' % ('not loadable here (types that name kernel BTF)', len(skipped)))
    for name, why in sorted(left.items()):
        print('left out: %s: %s' % (name, why))
    return percent(total.verdicts, total.cnt), percent(total.plain_ok, total.plain)


def reasons():
    """{case key: why it differs} of reasons.txt: `KEY<tab>reason`."""
    out = {}
    if os.path.exists(REASONS):
        with open(REASONS) as f:
            for text in f:
                key, tab, why = text.rstrip('\n').partition('\t')
                if tab and not key.startswith('#'):
                    out[key] = why.strip()
    return out


def page(cases, skipped, left):
    why = reasons()
    out = ['# The kernel\'s selftests of its verifier', '',
           'Written by `make check-selftests` (tools/selftests/run.py); do not edit. Tests are those of',
           'Debian\'s linux-source-6.12, `test_verifier` and `progs/verifier_*.c`, each at the rights that it',
           'is annotated with; the live kernel that answered was Linux %s.' % os.uname().release, '',
           '| | |', '|---|---|']
    out += ['| %s | %s |' % x for x in Tally(cases).lines()]
    out += ['| not loadable (program types that name kernel BTF) | %d |' % len(skipped), '',
            '## By file', '', '| file | in scope | verdicts | messages | reason lines | out of scope |',
            '|---|---:|---:|---:|---:|---:|']
    for file, some in by_file(cases).items():
        t = Tally(some)
        out.append('| %s | %d | %d | %d/%d | %d/%d | %d |' % (
            file, t.cnt, t.verdicts, t.msgs_ok, t.msgs, t.reasons_ok, t.reasons, t.out))
    out += ['', '## What differs', '',
            'A reason stands where one was written into tools/selftests/reasons.txt.', '',
            '| test | kernel | Skep | reason |', '|---|---|---|---|']
    for c in cases:
        if difference(c):
            out.append('| %s | %s | %s | %s |' % (
                escape(c.key()), escape(c.k_reason or said(c.kernel)),
                escape(c.s_reason or said(c.skep)), escape(reason_of(why, c.key()))))
    out += ['', '## What runs otherwise, or looks otherwise after the proof', '',
            '| test | what | reason |', '|---|---|---|']
    for c in cases:
        if not c.out and c.ran is False:
            out.append('| %s | returns: %s | %s |' % (escape(c.key()), returned(c),
                                                     escape(reason_of(why, c.key() + '#run'))))
        if not c.out and c.xlated_ok is False:
            out.append('| %s | no line `%s` | %s |' % (escape(c.key()), c.xlated_misses,
                                                       escape(reason_of(why, c.key() + '#xlated'))))
    out += ['', '## Out of scope', '', '| why | tests |', '|---|---:|']
    counts = collections.Counter(re.sub(r'^(kfunc|map field|helper) (\w+).*', r'\1 \2', c.out)
                                 for c in cases if c.out)
    counts.update(w if w.startswith('program type') else 'libbpf cannot load it' for _, _, w in skipped)
    out += ['| %s | %d |' % (escape(w), n) for w, n in counts.most_common()]
    return '\n'.join(out) + '\n'


def escape(text):
    return text.replace('|', '\\|').replace('<', '&lt;').replace('*', '\\*').strip()


def first_difference(ours, theirs):
    """The first line that differs, between some that agree. Addresses and times are not compared."""
    a, b = ours.split('\n'), theirs.split('\n')

    def norm(text):
        text = re.sub(r'(r\d = )0x[0-9a-f]{8,}', r'\1X', text)
        return re.sub(r'verification time \d+ usec', '', text).rstrip()
    n = 0
    while n < min(len(a), len(b)) and norm(a[n]) == norm(b[n]):
        n += 1
    if n == len(a) == len(b):
        return 'the logs are equal (%d lines)' % n
    out = ['   ' + x for x in a[max(0, n - 6):n]]
    out += [' S ' + x for x in a[n:n + 4]] + [' K ' + x for x in b[n:n + 4]]
    return 'line %d of %d (skep), %d (kernel):\n' % (n + 1, len(a), len(b)) + '\n'.join(out)
