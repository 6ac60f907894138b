# SPDX-License-Identifier: BSD-2-Clause
"""What a record's annotations ask for, and whether a log has it.

Mirrors test_loader.c (declaration tags) and test_verifier.c (its table's fields).
"""
import re

FLAGS = {'BPF_F_STRICT_ALIGNMENT': 1, 'BPF_F_ANY_ALIGNMENT': 2, 'BPF_F_TEST_RND_HI32': 4,
         'BPF_F_TEST_STATE_FREQ': 8, 'BPF_F_SLEEPABLE': 16, 'BPF_F_XDP_HAS_FRAGS': 32,
         'BPF_F_TEST_REG_INVARIANTS': 128}
PREFIX = 'comment:test_'
TEST_DATA = '00' * 64
RETVALS = {'INT_MIN': -2**31, 'POINTER_VALUE': 0xcafe4a, 'TEST_DATA_LEN': 64}


class Pattern:
    """A message: text with {{extended regular expressions}} in it."""

    def __init__(self, text):
        self.text = text
        parts = re.split(r'\{\{(.*?)\}\}', text)
        out = ''
        for i, part in enumerate(parts):
            out += posix(part) if i % 2 else re.escape(part)
        self.regex = re.compile(out, re.M)

    def state(self):
        """Does it pin what the verifier thinks (registers, precision, counts), not a reason?"""
        return bool(re.search(r'R\d+(_\w+)?=|fp-\d+|mark_precise|^\{*\^?\d+:|frame\d|processed |'
                              r'regs=|stack=|last_idx|live|goto|\br\d+ \S?= |\(\w\w\) ', self.text))


def posix(text):
    """The little of POSIX syntax that differs from Python's."""
    return text.replace('[[:digit:]]', '[0-9]').replace('[[:space:]]', r'\s')


class Case:
    """One test at one level of rights."""

    def __init__(self, file, name, mode):
        self.file, self.name, self.mode = file, name, mode
        self.accept = True
        self.patterns = []
        self.level = 1
        self.add_flags = 0
        self.retvals = []
        self.xlated = []  # [(pattern, does it stand right behind the one before?)]
        self.description = ''

    def key(self):
        return '%s:%s%s' % (self.file, self.name, '' if self.mode == 'priv' else '@' + self.mode)


def matches(log, patterns):
    """How many of @patterns are in @log, in order; as many as there are: all."""
    at = 0
    for n, p in enumerate(patterns):
        m = p.regex.search(log, at)
        if not m:
            return n
        at = m.end()
    return len(patterns)


def number(text):
    return RETVALS[text] if text in RETVALS else int(text, 0)


def numbered(rest):
    """'0=foo' -> 'foo': a counter makes equal tags differ."""
    return rest.split('=', 1)[1] if re.match(r'\d+=', rest) else rest


def lines(texts):
    """Patterns of a listing: '...' lets lines stand between (push_disasm_msg)."""
    out, behind = [], True
    for text in texts:
        if text == '...':
            behind = False
            continue
        out.append((Pattern(text), behind))
        behind = True
    return out


def listed(listing, patterns):
    """How many of @patterns are in the lines of @listing, in order (validate_msgs)."""
    last, n = -1, 0
    for pattern, behind in patterns:
        found = next((i for i in range(last + 1 if n else 0, len(listing))
                      if pattern.regex.search(listing[i])), None)
        if found is None or (behind and n and found != last + 1):
            return n
        last, n = found, n + 1
    return n


def shown(text):
    """(results of runs, lines of the listing) of verify_replay --show; lines as disasm_insn()."""
    runs, listing = [], []
    for line in text.split('\n'):
        m = re.match(r'run (-?\d+) (-?\d+)$', line)
        if m:
            runs.append((int(m.group(1)), int(m.group(2))))
        elif line:
            line = re.sub(r'^(\d+: )\(..\) ', r'\1', line)
            listing.append(re.sub(r'(: call .*)#.*', r'\1', line))
    return runs, listing


def of_object(file, rec):
    """Cases of an annotated program; [] for auxiliary ones."""
    priv, unpriv = Case(file, rec.name, 'priv'), Case(file, rec.name, 'unpriv')
    modes, own_result, own_msgs, own_ret, level, aux = set(), False, False, False, 0, False
    description = ''
    clear = 0
    arches, xlated = set(), ([], [])
    for tag in rec.tags:
        if not tag.startswith(PREFIX):
            continue
        key, _, rest = tag[len(PREFIX):].partition('=')
        if key in ('expect_failure', 'expect_success'):
            priv.accept = key == 'expect_success'
            modes.add('priv')
        elif key in ('expect_failure_unpriv', 'expect_success_unpriv'):
            unpriv.accept = key == 'expect_success_unpriv'
            modes.add('unpriv')
            own_result = True
        elif key in ('auxiliary', 'auxiliary_unpriv'):
            aux = True
        elif key == 'expect_msg':
            priv.patterns.append(Pattern(numbered(rest)))
            modes.add('priv')
        elif key == 'expect_regex':
            priv.patterns.append(Pattern('{{' + numbered(rest) + '}}'))
            modes.add('priv')
        elif key == 'expect_msg_unpriv':
            unpriv.patterns.append(Pattern(numbered(rest)))
            modes.add('unpriv')
            own_msgs = True
        elif key == 'expect_xlated_unpriv':
            modes.add('unpriv')
            xlated[1].append(numbered(rest))
        elif key == 'expect_xlated':
            xlated[0].append(numbered(rest))
        elif key == 'arch':
            arches.add(rest)
        elif key == 'retval':
            priv.retvals = [(number(rest), TEST_DATA)]
            modes.add('priv')
        elif key == 'retval_unpriv':
            unpriv.retvals = [(number(rest), TEST_DATA)]
            modes.add('unpriv')
            own_ret = True
        elif key == 'log_level':
            level = int(rest, 0)
        elif key == 'description':
            description = rest
        elif key == 'prog_flags':
            off = rest.startswith('!')
            value = FLAGS.get(rest.lstrip('!'))
            value = int(rest.lstrip('!'), 0) if value is None else value
            if off:
                clear |= value
            else:
                priv.add_flags |= value
    if aux:
        return []
    priv.level = unpriv.level = level if level & 3 else level | 1
    priv.add_flags &= ~clear
    unpriv.add_flags = priv.add_flags
    priv.description = unpriv.description = description
    if not own_result:
        unpriv.accept = priv.accept
    if not own_msgs:
        unpriv.patterns = priv.patterns
    if not own_ret:
        unpriv.retvals = priv.retvals
    priv.xlated, unpriv.xlated = lines(xlated[0]), lines(xlated[1] or xlated[0])
    if arches and 'X86_64' not in arches:  # where the kernel's answers come from
        priv.xlated, unpriv.xlated = [], []
        priv.retvals, unpriv.retvals = [], []
    if not modes:
        # Not annotated: verdicts are compared, nothing is expected.
        if not any(t.startswith(PREFIX) for t in rec.tags):
            priv.accept = None
        modes.add('priv')
    return [c for c in (priv, unpriv) if c.mode in modes]


def of_table(rec):
    """Cases of a test of test_verifier; its file is the part of its name before '#'."""
    file = rec.name.split('#')[0]
    tags = dict(t.split('=', 1) for t in rec.tags if '=' in t)
    cases = []
    for mode, suffix, column in (('priv', '', 0), ('unpriv', '_unpriv', 1)):
        result = tags.get('result' + suffix)
        if result is None:
            continue
        case = Case('test_verifier/' + file, rec.name[len(file):], mode)
        case.accept = result != 'reject'
        if result != 'accept' or not case.accept:
            text = tags.get('errstr' + suffix, '')
            case.patterns = [Pattern(p) for p in text.split('\t') if p]
        case.level = 2 if result == 'verbose' else 1
        if mode == 'priv' and 'processed' in tags:
            case.patterns.append(Pattern('processed %s insns' % tags['processed']))
        case.retvals = [(int(r[column]) if column == 0 or int(r[column]) else int(r[0]), r[2])
                        for r in rec.runs]
        cases.append(case)
    return cases


def reason(log):
    """The line that says why a program is refused: the last before the statistics."""
    for line in reversed(log.rstrip('\n').split('\n')):
        if not line or re.match(r'processed \d+ insns|verification time|stack depth|mark_read|'
                                r'max_states|peak_states|total_states|cur state:|old state:', line):
            continue
        # Some of the kernel's reasons lack their newline.
        return re.sub(r'processed \d+ insns \(limit .*', '', line)
    return ''
