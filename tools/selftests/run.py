#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's selftests of its verifier, on the live kernel and on Skep, compared.

    run.py                            all; a table by file, differences grouped by their reasons
    run.py --only FILE[:TEST]         a part (globs; FILE as in progs/, or test_verifier/PART)
    run.py --only FILE:TEST -v        expected messages, our log, the kernel's log
    run.py --only FILE:TEST -d        the first difference between the two logs at level 2
    run.py --differ                   only what differs, a line each
    run.py --file OBJ.o               the programs of any object; --objects: those of packages
    run.py --why 'REGEX'              only what the kernel refuses with such a reason
    run.py --report docs/parity/selftests.md    writes the page
    run.py --csv F, --json F          all results for machines

The live kernel's answers are kept in ~/.cache/skep: only the first run needs root, and sets
sysctl kernel.unprivileged_bpf_disabled to 0 while it asks about unprivileged programs. Without
bpf(2), what is annotated decides.
"""
import argparse
import contextlib
import csv
import fcntl
import fnmatch
import hashlib
import json
import os
import pickle
import platform
import re
import subprocess
import sys
import time
import zlib

import corpus
import expect
import objects
import report
import scope

LOG_KEPT = 4 << 20
UNPRIV = '/proc/sys/kernel/unprivileged_bpf_disabled'
KEPT_FORMAT = 2
NO_HOOK = -524  # ENOTSUPP: the type cannot be run for a test, or here is no hook for it yet


class Answer:
    """What a backend said to one record. The log is packed: there are thousands."""

    def __init__(self, ret, usec, setup, log):
        self.ret, self.usec, self.setup = ret, usec, setup
        self.packed = zlib.compress(log.encode(errors='replace'), 1)

    def log(self):
        return zlib.decompress(self.packed).decode(errors='replace')

    def accepted(self):
        return self.ret == 0

    def died(self):
        return self.setup == 'died'


def replay(backend, rights, level, path, only=(), flags=()):
    """{record name: Answer} from verify_replay; None where rights are refused."""
    args = [corpus.tool('verify_replay'), '--backend', backend, '--rights', rights,
            '--level', str(level), '--log-max', str(LOG_KEPT)]
    if backend == 'skep':
        args += ['--isolate', '120']
    for name in only:
        args += ['--only', name]
    done = subprocess.run(args + list(flags) + [path], capture_output=True)
    if done.returncode == 77:
        return None
    if done.returncode:
        raise SystemExit('%s\n%s' % (' '.join(args), done.stderr.decode()))
    answers, out, at = {}, done.stdout, 0
    while at < len(out):
        end = out.index(b'\n', at)
        _, _, ret, usec, size, setup, name = out[at:end].decode().split(' ', 6)
        log = out[end + 1:end + 1 + int(size)].decode(errors='replace')
        answers[name] = Answer(int(ret), int(usec), '' if setup == '-' else setup, log)
        at = end + 1 + int(size) + 1
    return answers


class OpenToAll:
    """Unprivileged bpf(2) while the kernel is asked; nothing changes where it is not allowed.
    One process at a time: who leaves first would close the door on the others."""

    def __enter__(self):
        self.old = None
        os.makedirs(corpus.CACHE, exist_ok=True)
        self.lock = open(os.path.join(corpus.CACHE, 'open-to-all.lock'), 'w')
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            with open(UNPRIV) as f:
                old = f.read().strip()
            if old == '2':
                with open(UNPRIV, 'w') as f:
                    f.write('0')
                self.old = old
        except OSError:
            pass

    def __exit__(self, *_):
        if self.old is not None:
            with open(UNPRIV, 'w') as f:
                f.write(self.old)
        self.lock.close()


def groups(cases):
    """Records are loaded by rights, log level and flags at once."""
    out = {}
    for case in cases:
        out.setdefault((case.mode, case.level, case.add_flags), []).append(case.rec.name)
    return out


def ask(backend, path, cases):
    """{(mode, name): Answer}; modes that are refused are missing."""
    answers = {}
    for (mode, level, add), names in groups(cases).items():
        # A command line has its limits; a whole file is one call.
        for i in range(0, len(names), 2000):
            got = replay(backend, mode, level, path, names[i:i + 2000],
                         ('--add-flags', str(add)))
            for name, answer in (got or {}).items():
                answers[mode, name] = answer
    return answers


def kernel_kept(path, cases):
    """The live kernel's answers to a whole file, from the cache or asked now."""
    h = hashlib.sha1()
    with open(path, 'rb') as f:
        h.update(f.read())
    h.update(repr(sorted(groups(cases).items())).encode())
    h.update(('%s %s %d' % (platform.release(), platform.version(), KEPT_FORMAT)).encode())
    where = os.path.join(corpus.CACHE, 'selftests-kernel')
    os.makedirs(where, exist_ok=True)
    kept = os.path.join(where, h.hexdigest())
    raw = {}
    if os.path.exists(kept):
        with open(kept, 'rb') as f:
            raw = pickle.load(f)
    # Refused rights are no answer to keep: another day they may be granted.
    if any((c.mode, c.rec.name) not in raw for c in cases):
        with OpenToAll():
            answers = ask('kernel', path, cases)
        raw = {k: (a.ret, a.usec, a.setup, a.packed) for k, a in answers.items()}
        with open(kept + '.%d' % os.getpid(), 'wb') as f:
            pickle.dump(raw, f)
        os.replace(kept + '.%d' % os.getpid(), kept)
    out = {}
    for k, (ret, usec, setup, packed) in raw.items():
        out[k] = Answer(ret, usec, setup, '')
        out[k].packed = packed
    return out


def cases_of(name, path, args, sc):
    recs, blobs, skips = corpus.parse(path)
    cases = []
    for rec in recs:
        for case in expect.of_table(rec) if name == 'test_verifier' else \
                expect.of_object(name, rec):
            case.rec, case.path = rec, path
            case.out = sc.of(rec, blobs)
            cases.append(case)
    skipped = []
    for rec_name, why in skips:
        file = name
        if name == 'test_verifier':
            part = rec_name.split('#')[0]
            file, rec_name = 'test_verifier/' + part, rec_name[len(part):]
        skipped.append((file, rec_name, why))
    return cases, skipped


def wanted(args, file, test, mode):
    if args.mode not in ('both', mode):
        return False
    for only in args.only or ['*']:
        f, _, t = only.partition(':')
        if fnmatch.fnmatchcase(file, f) or (file.startswith('test_verifier/') and
                                            f == 'test_verifier'):
            if not t or fnmatch.fnmatchcase(test, t) or test.startswith(t + ' '):
                return True
    return False


def judge(case):
    """Fills in what of a case agrees."""
    k, s = case.kernel, case.skep
    case.k_reason = expect.reason(k.log()) if k and not k.accepted() else ''
    case.s_reason = expect.reason(s.log()) if s and not s.accepted() else ''
    if k and not case.out:
        m = scope.REGISTER.search(k.log())
        if m:
            case.out = 'register of type ' + re.sub(r'ptr_.*', 'ptr_', m.group(1))
    if k and k.setup and not case.out:
        case.out = 'the kernel made no %s (%s)' % (k.setup, os.strerror(-k.ret))
    case.target = k.accepted() if k else case.accept
    case.verdict_ok = s is not None and not s.setup and s.accepted() == case.target
    n = len(case.patterns)
    case.k_matched = expect.matches(k.log(), case.patterns) if k else n
    case.s_matched = expect.matches(s.log(), case.patterns) if s else 0
    # Messages count where the live kernel has them all: else they are of another version.
    case.counts = n > 0 and case.k_matched == n
    case.msgs_ok = case.counts and case.s_matched == n
    case.plain = case.counts and not any(p.state() for p in case.patterns)
    case.reason_ok = bool(case.k_reason) and case.k_reason == case.s_reason
    case.shown, case.ran, case.no_hook, case.xlated_ok = {}, None, False, None
    case.as_annotated, case.xlated_misses = None, ''


def show_all(path, cases, backends):
    """What accepted programs return, on the live kernel and by both of our engines, and what they
    look like after the proof."""
    wanted_ = [c for c in cases if not c.out and (c.retvals or c.xlated) and c.skep and
               c.skep.accepted() and c.accept and (not c.kernel or c.kernel.accepted())]
    for (mode, _, add), names in groups(wanted_).items():
        for who, backend, engine in (('kernel', 'kernel', 'jit'), ('jit', 'skep', 'jit'),
                                     ('interp', 'skep', 'interp')):
            if backend not in backends:
                continue
            with OpenToAll() if backend == 'kernel' else contextlib.nullcontext():
                got = replay(backend, mode, 1, path, names,
                             ('--add-flags', str(add), '--show', engine)) or {}
            for c in wanted_:
                if (c.mode, c.add_flags) == (mode, add) and c.rec.name in got and \
                        not got[c.rec.name].ret:
                    c.shown[who] = expect.shown(got[c.rec.name].log())
    for c in wanted_:
        judge_shown(c)


def judge_shown(case):
    """case.ran: None, where nobody can run it, or does it return what it should, by each engine?
    case.xlated_ok the same of the listing."""
    kernel = case.shown.get('kernel')
    ours = [case.shown[e][0] for e in ('jit', 'interp') if e in case.shown]
    want = [v for v, _ in case.retvals]
    if kernel and want:
        # Where the kernel says something else, what is annotated is not what it is about.
        want = [r[1] if not r[0] else None for r in kernel[0]]
    if want and None not in want and len(ours) == 2:
        case.no_hook = any(r[0] == NO_HOOK for r in ours[0])
        if not case.no_hook:
            case.ran = all([(0, v) for v in want] == runs or expect.RETVALS['POINTER_VALUE'] in
                           [v for v, _ in case.retvals] for runs in ours)
        case.as_annotated = all(r[1] & 0xffffffff == v & 0xffffffff for r, (v, _) in
                                zip(ours[0], case.retvals))
    if case.xlated and 'jit' in case.shown and \
            (not kernel or expect.listed(kernel[1], case.xlated) == len(case.xlated)):
        n = expect.listed(case.shown['jit'][1], case.xlated)
        case.xlated_ok = n == len(case.xlated)
        case.xlated_misses = '' if case.xlated_ok else case.xlated[n][0].text


def differs(case):
    return not case.out and (not case.verdict_ok or (case.counts and not case.msgs_ok) or
                             case.ran is False or case.xlated_ok is False)


def verbose(case, args):
    print('== %s  %s' % (case.key(), case.description))
    print('   expected: %s; kernel: %s; skep: %s%s' % (
        report.word(case.accept), report.said(case.kernel), report.said(case.skep),
        '; OUT OF SCOPE: ' + case.out if case.out else ''))
    for n, p in enumerate(case.patterns):
        print('   [%s kernel %s skep] %s' % ('+' if n < case.k_matched else '-',
                                             '+' if n < case.s_matched else '-', p.text))
    logs = []
    for backend in ('skep', 'kernel'):
        level = args.level or max(2, case.level)
        with OpenToAll():
            got = replay(backend, case.mode, level, case.path, [case.rec.name],
                         ('--add-flags', str(case.add_flags)))
        answer = (got or {}).get(case.rec.name)
        logs.append(answer.log() if answer else '')
        if not args.diff:
            print('-- %s (level %d): %s' % (backend, level, report.said(answer)))
            print(logs[-1])
    if args.diff:
        print(report.first_difference(*logs))


def select(args):
    sc = scope.Scope()
    if args.file:
        files, left = objects.records(args.file), {}
    elif args.objects:
        files, left = objects.all_records(), {}
    else:
        files, left = corpus.records(args.more)
    chosen, skipped, missing = [], [], 0
    for name, path in sorted(files.items()):
        if args.only and not any(fnmatch.fnmatchcase(name, o.split(':')[0]) or
                                 name == o.split('/')[0] for o in args.only):
            continue
        cases, skips = cases_of(name, path, args, sc)
        kernel = kernel_kept(path, cases) if 'kernel' in args.backend else {}
        picked = [c for c in cases if wanted(args, c.file, c.name, c.mode)]
        skep = ask('skep', path, picked) if picked and 'skep' in args.backend else {}
        for c in picked:
            c.kernel = kernel.get((c.mode, c.rec.name))
            c.skep = skep.get((c.mode, c.rec.name))
            missing += 'kernel' in args.backend and c.kernel is None
            judge(c)
        if not args.no_run:
            show_all(path, picked, args.backend)
        chosen += picked
        skipped += [s for s in skips if wanted(args, s[0], s[1], 'priv')]
    if missing:
        corpus.say('%d cases: no answer from the kernel (rights refused): annotations decide' %
                   missing)
    return chosen, skipped, left


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--only', action='append', metavar='FILE[:TEST]')
    p.add_argument('--mode', choices=('priv', 'unpriv', 'both'), default='both')
    p.add_argument('--backend', action='append', choices=('kernel', 'skep'))
    p.add_argument('--more', action='store_true', help='all annotated programs, not only verifier_*')
    p.add_argument('--objects', action='store_true', help='objects of Debian packages and our own')
    p.add_argument('--file', action='append', metavar='OBJ', help='objects at hand')
    p.add_argument('--all', action='store_true', help='list what is out of scope, too')
    p.add_argument('-v', '--verbose', action='store_true')
    p.add_argument('-d', '--diff', action='store_true')
    p.add_argument('--level', type=int, default=0)
    p.add_argument('--differ', action='store_true')
    p.add_argument('--why', metavar='REGEX')
    p.add_argument('--report', metavar='FILE')
    p.add_argument('--csv', metavar='FILE')
    p.add_argument('--json', metavar='FILE')
    p.add_argument('--no-build', action='store_true')
    p.add_argument('--no-run', action='store_true', help='verdicts and messages alone')
    p.add_argument('--top', type=int, default=25, help='groups of differences shown')
    p.add_argument('--min', metavar='V,M', help='fail below these per cents of verdicts, messages')
    args = p.parse_args()
    args.backend = args.backend or ['kernel', 'skep']
    return args


def main():
    args = arguments()
    start = time.time()
    if not args.no_build:
        corpus.build()
    cases, skipped, left = select(args)
    if args.why:
        cases = [c for c in cases if re.search(args.why, c.k_reason)]
    if args.differ:
        cases = [c for c in cases if differs(c)]
    if args.verbose or args.diff:
        for c in cases:
            verbose(c, args)
        return 0
    rows = [report.row(c) for c in cases]
    if args.csv:
        with open(args.csv, 'w', newline='') as f:
            w = csv.DictWriter(f, fieldnames=list(rows[0]) if rows else ['file'])
            w.writeheader()
            w.writerows(rows)
    if args.json:
        with open(args.json, 'w') as f:
            json.dump(rows, f, indent=0)
    if args.report:
        with open(args.report, 'w') as f:
            f.write(report.page(cases, skipped, left))
    if args.differ or len(cases) <= 40:
        for c in cases:
            print(report.line(c))
    totals = report.summary(cases, skipped, left, args.top)
    print('%d cases, %.1f seconds' % (len(cases), time.time() - start))
    if args.min:
        need = [float(x) for x in args.min.split(',')]
        return 0 if totals[0] >= need[0] and totals[1] >= need[1] else 1
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except BrokenPipeError:  # head
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
