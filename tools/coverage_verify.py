#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How much of src/verify its tests run: sides of branches, and every place that rejects a program.

    tools/coverage_verify.py [-v] [--sites] [--quick] [CLANG-VERSION]      (default: 19)

Builds for itself (build-cov), with clang's source-based coverage, and runs what exercises our
verifier: the cases of tests/verify/*.data, tests/vectors and the matrices at three levels of
rights, the unit tests, the fuzzer's corpus, random programs compared with the live kernel, and,
where linux-source-6.12 is there, the kernel's selftests, and the objects of packages that
`make check-selftests` left in its cache. --quick leaves the last two out. What lasts longer than SECONDS is stopped and named.

Fails when less than PERCENT of the sides are run or a message has no test that triggers it.
-v lists the sides that nothing runs, --sites every message with the tests that trigger it.

Left out, by rules on the text (impossible()):
- a side that leads to env_bug() or is an assert's failure: what cannot be;
- the branch of a switch over an enum to a value that the enum does not have, and how often a
  `case` was not taken; labels that share what follows count as one;
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, 'build-cov')
os.environ['BUILD'] = os.path.join(TOP, 'build') # of the tools that only make records
os.environ['LLVM_PROFILE_FILE'] = os.devnull # of tools that are instrumented, too
sys.path[:0] = [os.path.join(TOP, 'tools/selftests'), os.path.join(TOP, 'tests/verify')]
import cases as cs  # noqa: E402
import corpus  # noqa: E402
import matrix  # noqa: E402
import reasons_test  # noqa: E402

OBJ_DUMP = os.path.join(TOP, 'build/tests/verify/verify_obj_dump') # needs libbpf: the usual build's

PERCENT = 95.0
SECONDS = 300
SITE = re.compile(r'\b(reject|reject_reg|flow_reject|env_reject|env_reject_reg)\(')
REPLAY = 'tests/verify/verify_replay'
OOM = 'tests/verify/verify_oom_test'
UNITS = {
    'limits': ['tests/verify/verify_limits_test'],
    'contain': ['tests/verify_contain/verify_contain_test', '4000', '1'],
    'contain-bugs': ['tests/verify_contain/verify_contain_test', '4000', '1', '-1'],
    'flow': ['tests/verify_flow/verify_flow_test'],
    'fold': ['tests/verify_flow/verify_fold_test', '--count', '3000'],
    'state': ['tests/verify_state/verify_state_test'],
    'log': ['tests/verify_state/verify_log_test'],
    'past-oom': ['tests/verify_past/verify_past_oom_test'],
    'past-kernel': ['tests/verify_past/verify_past_kernel_test'],
    'flow-kernel': ['tests/verify_flow/verify_flow_kernel_test'],
    'step-log': ['tests/verify_step/verify_step_log_test', '3000'],
    'raw': ['tests/verify_step/verify_step_raw_test'],
    'stricter': ['tests/verify_step/verify_step_stricter_test'],
    'domain': ['tests/domain/domain_unit_test'],
    'xlate': ['tests/xlate/xlate_test'],
    'fuzz': ['tests/fuzz/fuzz_verify', '--count', '4000', '--seed', '1'],
    'verdicts': ['tests/verify/verify_verdicts', '--count', '5000'],
    'vectors': ['tests/vectors/test_vectors'] + sorted(
        os.path.relpath(p, TOP) for p in glob.glob(os.path.join(TOP, 'tests/vectors/*.data'))),
}


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def build(version):
    run('ninja', '-C', 'build', 'tests/verify/verify_obj_dump', 'tests/verify/verify_asm_many')
    flags = '-O1 -fprofile-instr-generate -fcoverage-mapping'
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        run('meson', 'setup', BUILD, '-Dfrontend=disabled', '-Dbuildtype=plain', '-Dwerror=false',
            f'-Dc_args={flags}', '-Dc_link_args=-fprofile-instr-generate',
            env={**os.environ, 'CC': os.environ.get('COV_CC', f'clang-{version}')})
    run('ninja', '-C', BUILD, REPLAY, OOM, *sorted({u[0] for u in UNITS.values()}))


class Job:
    """A name, and commands to run for it in the instrumented build."""

    def __init__(self, name, commands):
        self.name, self.commands = name, commands
        self.profile = None

    def run(self, version, work, num):
        where = os.path.join(work, str(num))
        os.mkdir(where)
        env = {**os.environ, 'MALLOC_PERTURB_': '0',
               'LLVM_PROFILE_FILE': os.path.join(where, '%m-%p.profraw')}
        start, note = time.time(), ''
        for command in self.commands:
            # SIGTERM would leave no profile: what is stopped counts for nothing, and is named.
            try:
                subprocess.run([os.path.join(BUILD, command[0])] + command[1:], env=env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               check=False, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                note += f'; stopped: {" ".join(command)[-100:]}'
        raw = glob.glob(os.path.join(where, '*.profraw'))
        if raw:
            self.profile = os.path.join(work, f'{num}.profdata')
            run(f'llvm-profdata-{version}', 'merge', '-sparse', *raw, '-o', self.profile)
            shutil.rmtree(where)
        print(f'{self.name}: {time.time() - start:.0f} s{note}', file=sys.stderr, flush=True)


def replays(name, recs, levels=(('priv', 1), ('priv', 2), ('priv', 4), ('bpf', 1), ('unpriv', 1))):
    return Job(name, [[REPLAY, '--backend', 'skep', '--rights', rights, '--level', str(level),
                       '--log-max', '0', *recs] for rights, level in levels] +
               [[REPLAY, '--backend', 'skep', '--show', 'jit', '--log-max', '0', *recs]])


def cached():
    """The kernel's annotated programs and the objects of packages: big files alone, the rest in
    handfuls."""
    kinds = {'selftests': [], 'objects': []}
    if os.path.exists(corpus.ARCHIVE) or os.path.exists(os.path.join(corpus.SOURCE, '.unpacked')):
        kinds['selftests'] = corpus.records(more=True)[0].values()
    else:
        print(f'no {corpus.ARCHIVE}: without the selftests', file=sys.stderr)
    found = glob.glob(os.path.join(corpus.CACHE, 'objects-rec-*'))
    if found:
        kinds['objects'] = glob.glob(os.path.join(max(found, key=os.path.getmtime), '*.rec'))
    jobs = []
    for kind, recs in kinds.items():
        recs = sorted(recs, key=os.path.getsize, reverse=True)
        big = [r for r in recs if os.path.getsize(r) > 1 << 20]
        groups = [[r] for r in big] + [recs[len(big):][i::4] for i in range(4)]
        jobs += [replays(f'{kind}/{n}', g, (('priv', 2), ('unpriv', 1)))
                 for n, g in enumerate(groups) if g]
    return jobs


def cases_job(name, cases, work):
    """Cases as records, at three levels of rights, with and without the full log."""
    rec = os.path.join(work, name.replace('/', '-') + '.rec')
    cs.assemble(cases)
    cs.write_records(cases, rec)
    return replays(name, [rec])


def jobs_of(work):
    """What lasts long comes first."""
    jobs = []
    if '--quick' not in sys.argv:
        jobs += cached()
    jobs += [Job(name, [command]) for name, command in UNITS.items()]
    jobs.append(cases_job('matrix', matrix.all_cases(), work))
    for path in sorted(glob.glob('tests/verify/*.data') + glob.glob('tests/vectors/*.data')):
        cases = cs.read(path)
        if cases:
            jobs.append(cases_job(path[len('tests/'):], cases, work))
    for path in sorted(glob.glob('tests/verify/*.bpf.c')):
        rec = os.path.join(work, 'verify-' + os.path.basename(path) + '.rec')
        os.rename(reasons_test.dump(path, OBJ_DUMP, work), rec)
        jobs.append(replays(path[len('tests/'):], [rec]))
    jobs += [Job('oom/' + os.path.basename(r), [[OOM, r]])
             for r in sorted(glob.glob(os.path.join(work, 'verify-*.rec')))]
    return jobs


def profiles(version, work):
    """{test: profile}"""
    jobs = jobs_of(work)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(job.run, version, work, n) for n, job in enumerate(jobs)]:
            done.result()
    return {job.name: job.profile for job in jobs if job.profile}


def export(version, profile):
    """Of one program that holds the whole verifier: functions are told apart by name and hash, so
    that it shows what the others ran, too."""
    done = run(f'llvm-cov-{version}', 'export', os.path.join(BUILD, REPLAY),
               f'-instr-profile={profile}', 'src/verify', stderr=subprocess.DEVNULL)
    return json.loads(done)['data'][0]['files']


def read_lines(name):
    with open(name, encoding='utf-8') as f:
        return f.read().split('\n')


def impossible(text, lines, place):
    """The side that the rules leave out, 'true' or 'false'; None: both count."""
    after = lines[place[0] - 1:place[2] + 2]
    if text.startswith('case '):
        return 'false' # how often it was not taken says nothing
    if 'assert(' in text:
        return 'false'
    if any('env_bug(' in x for x in after):
        return 'true'
    return None


def merge_labels(found, lines):
    """Labels one below the other lead to one place: their counts are those of the last."""
    def label(line):
        return re.match(r'\s*case [^;{]*:(\s*/\*.*)?$', lines[line - 1])
    for place in sorted(p for p in found if label(p[0])):
        below = [p for p in found if p[0] == place[0] + 1 and label(p[0])]
        if below:
            for n in (0, 1):
                found[below[0]][n] += found[place][n]
            del found[place]


def branches_of(entry, lines):
    """Each branch once, however often it is compiled: place -> [true, false]; None: not counted."""
    found = {}
    for line, col, end_line, end_col, true, false, *_ in entry['branches']:
        if 'switch (' in lines[line - 1]:
            continue
        counts = found.setdefault((line, col, end_line, end_col), [0, 0])
        counts[0] += true
        counts[1] += false
    merge_labels(found, lines)
    for place, counts in found.items():
        side = impossible(lines[place[0] - 1].strip(), lines, place)
        n = {'true': 0, 'false': 1}.get(side)
        if n is not None and not counts[n]:
            counts[n] = None
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
