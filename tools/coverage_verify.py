#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How much of src/verify its tests run: sides of branches, and every place that rejects a program.

    tools/coverage_verify.py [-v] [--sites] [CLANG-VERSION]      (default: 19)

Builds for itself (build-cov), with clang's source-based coverage, and runs what needs no live
kernel: the cases of tests/verify/*.data and tests/vectors at three levels of rights, and the unit
tests. Fails when less than PERCENT of the sides are run or a message has no test that triggers it.
-v lists the sides that nothing runs, --sites every message with the tests that trigger it.

Left out: sides that lead to env_bug() (what cannot be), and what clang counts as the branch of a
switch over an enum to a value that the enum does not have.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, 'build-cov')
os.environ['BUILD'] = BUILD
os.environ['LLVM_PROFILE_FILE'] = os.devnull # of tools that are instrumented, too
sys.path[:0] = [os.path.join(TOP, 'tools/selftests'), os.path.join(TOP, 'tests/verify')]
import cases as cs  # noqa: E402
import reasons_test  # noqa: E402

OBJ_DUMP = os.path.join(TOP, 'build/tests/verify/verify_obj_dump') # needs libbpf: the usual build's

PERCENT = 95.0
SITE = re.compile(r'\b(reject|reject_reg|flow_reject|env_reject|env_reject_reg)\(')
UNITS = {
    'limits': ['tests/verify/verify_limits_test'],
    'contain': ['tests/verify_contain/verify_contain_test', '6000', '1'],
    'flow': ['tests/verify_flow/verify_flow_test'],
    'fold': ['tests/verify_flow/verify_fold_test', '--count', '3000'],
    'state': ['tests/verify_state/verify_state_test'],
    'log': ['tests/verify_state/verify_log_test'],
    'past-oom': ['tests/verify_past/verify_past_oom_test'],
    'stricter': ['tests/verify_step/verify_step_stricter_test'],
    'xlate': ['tests/xlate/xlate_test'],
    'fuzz': ['tests/fuzz/fuzz_verify', '--count', '4000', '--seed', '1'],
    'vectors': ['tests/vectors/test_vectors'] + sorted(
        os.path.relpath(p, TOP) for p in glob.glob(os.path.join(TOP, 'tests/vectors/*.data'))),
}


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def build(version):
    run('ninja', '-C', 'build', 'tests/verify/verify_obj_dump')
    flags = '-O1 -fprofile-instr-generate -fcoverage-mapping'
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        run('meson', 'setup', BUILD, '-Dfrontend=disabled', '-Dbuildtype=plain', '-Dwerror=false',
            f'-Dc_args={flags}', '-Dc_link_args=-fprofile-instr-generate',
            env={**os.environ, 'CC': os.environ.get('COV_CC', f'clang-{version}')})
    run('ninja', '-C', BUILD, 'tests/verify/verify_replay', 'tests/verify/verify_asm_many',
        *sorted({u[0] for u in UNITS.values()}))


def replay_cases(path, work, env):
    """The cases of a file, at three levels of rights, with and without the full log."""
    with open(path, encoding='utf-8') as f:
        cases = cs.parse(f.read())
    if 'vectors' in path:
        cases = [c for c in cases if 'reject' in c.sections]
    if not cases:
        return
    cs.assemble(cases)
    rec = os.path.join(work, 'cases.rec')
    cs.write_records(cases, rec)
    replay(rec, env)


def replay(rec, env):
    for rights in cs.RIGHTS:
        for level in ('1', '2') if rights == 'priv' else ('1',):
            subprocess.run([os.path.join(BUILD, 'tests/verify/verify_replay'), '--backend', 'skep',
                            '--rights', rights, '--level', level, rec],
                           stdout=subprocess.DEVNULL, env=env, check=False)


def profiles(version, work):
    """{test: profile}"""
    jobs = {}
    for path in sorted(glob.glob('tests/verify/*.data')):
        jobs[os.path.basename(path)] = lambda env, p=path: replay_cases(p, work, env)
    for path in sorted(glob.glob('tests/vectors/*.data')):
        jobs['vectors/' + os.path.basename(path)] = lambda env, p=path: replay_cases(p, work, env)
    jobs['reasons.bpf.c'] = lambda env: replay(
        reasons_test.dump('tests/verify/reasons.bpf.c', OBJ_DUMP, work), env)
    for name, command in UNITS.items():
        jobs[name] = lambda env, c=command: subprocess.run(
            [os.path.join(BUILD, c[0])] + c[1:], stdout=subprocess.DEVNULL, env=env, check=False)
    out = {}
    for n, (name, job) in enumerate(jobs.items()):
        where = os.path.join(work, str(n))
        os.mkdir(where)
        job({**os.environ, 'LLVM_PROFILE_FILE': os.path.join(where, '%m-%p.profraw')})
        raw = glob.glob(os.path.join(where, '*.profraw'))
        if raw:
            out[name] = os.path.join(work, f'{n}.profdata')
            run(f'llvm-profdata-{version}', 'merge', '-sparse', *raw, '-o', out[name])
    return out


def export(version, profile):
    exes = [os.path.join(BUILD, e) for e in
            ['tests/verify/verify_replay'] + sorted({u[0] for u in UNITS.values()})]
    args = [exes[0]] + [a for e in exes[1:] for a in ('-object', e)]
    done = run(f'llvm-cov-{version}', 'export', *args, f'-instr-profile={profile}', 'src/verify',
               stderr=subprocess.DEVNULL)
    return json.loads(done)['data'][0]['files']


def read_lines(name):
    with open(name, encoding='utf-8') as f:
        return f.read().split('\n')


def branches_of(entry, lines):
    """Each branch once, however often it is compiled: place -> [true, false]; None: not counted."""
    found = {}
    for line, col, end_line, end_col, true, false, *_ in entry['branches']:
        if 'switch (' in lines[line - 1]:
            continue
        counts = found.setdefault((line, col, end_line, end_col), [0, 0])
        counts[0] += true
        counts[1] += false
    for place, counts in found.items():
        text = lines[place[0] - 1]
        if text.lstrip().startswith('case '):
            counts[1] = max(counts[1], 1) # how often it was not taken says nothing
        if not counts[0] and any('env_bug(' in x for x in lines[place[0] - 1:place[2] + 2]):
            counts[0] = None
    return found


def count_at(segments, line, col):
    count = 0
    for seg_line, seg_col, seg_count, has, *_ in segments:
        if (seg_line, seg_col) > (line, col):
            break
        count = seg_count if has else count
    return count


def sites_of(name, lines):
    """Where a program is rejected: (line, column, message)."""
    text, out, at = '\n'.join(lines), [], 0
    for m in SITE.finditer(text):
        line = text.count('\n', 0, m.start()) + 1
        before = lines[line - 1][:m.start() - text.rfind('\n', 0, m.start()) - 1]
        if re.match(r'(static |int |must_check|#define|void|\s*\*|\s*/\*)', before) and \
                not before.startswith('\t'):
            continue
        at = text.find(';', m.start())
        if 'reject()' in lines[line - 1]:
            continue # a comment
        words = re.findall(r'"((?:[^"\\]|\\.)*)"', text[m.start():at])
        out.append((line, m.start() - text.rfind('\n', 0, m.start()), ''.join(words)))
    return out


def main():
    os.chdir(TOP)
    args = [a for a in sys.argv[1:] if not a.startswith('-')]
    version = args[0] if args else '19'
    build(version)
    total = missed = silent = 0
    with tempfile.TemporaryDirectory() as work:
        profs = profiles(version, work)
        everything = os.path.join(work, 'all.profdata')
        run(f'llvm-profdata-{version}', 'merge', '-sparse', *profs.values(), '-o', everything)
        whole = {os.path.relpath(e['filename'], TOP): e for e in export(version, everything)}
        each = {name: {os.path.relpath(e['filename'], TOP): e for e in export(version, p)}
                for name, p in profs.items()} if '--sites' in sys.argv else {}
    for name, entry in sorted(whole.items()):
        lines = read_lines(name)
        found = branches_of(entry, lines)
        bad = 0
        for place, sides in sorted(found.items()):
            for n, side in enumerate(('true', 'false')):
                total += sides[n] is not None
                if sides[n] == 0:
                    bad += 1
                    if '-v' in sys.argv:
                        print(f'{name}:{place[0]}:{place[1]}: never {side}: '
                              f'{lines[place[0] - 1].strip()}')
        missed += bad
        for line, col, message in sites_of(name, lines):
            hit = count_at(entry['segments'], line, col)
            if not hit:
                silent += 1
                print(f'{name}:{line}: nothing triggers "{message}"')
            elif each:
                who = [t for t, files in each.items() if name in files and
                       count_at(files[name]['segments'], line, col)]
                print(f'{name}:{line}: "{message}": {" ".join(who)}')
        print(f'{name}: {2 * len(found)} sides of branches, {bad} missed')
    percent = 100.0 * (total - missed) / max(total, 1)
    print(f'total: {total - missed} of {total} sides of branches ({percent:.1f} %); '
          f'{silent} messages without a test')
    return 1 if percent < PERCENT or silent else 0


if __name__ == '__main__':
    sys.exit(main())
