#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`skep verify`: verdicts, columns, filters, comparisons, JSON and SARIF; and the embedding example.
argv: the command, the source tree, the built example.
"""
import json
import os
import subprocess
import sys
import tempfile

from tap import done, example, ok, skep

TMP = tempfile.mkdtemp(prefix='skep-test-')
GOOD, BAD, MANY = example('count.bpf.c'), example('faulty.bpf.c'), example('vlan.bpf.c')


def tmp(name, text=None):
    path = os.path.join(TMP, name)
    if text is not None:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    return path


def test_verdicts():
    status, out, err = skep('verify', GOOD)
    ok(status == 0 and 'success' in out and 'count' in out and 'Processed 1 files, 1 programs' in out,
       'an accepted program: exit 0, a row, a summary', out + err)
    status, out, err = skep('verify', BAD)
    ok(status == 1 and 'failure' in out, 'a rejected program: exit 1', out + err)
    ok('invalid access to packet' in err and 'faulty.bpf.c:' in err and 'instruction' in err,
       'the reason, instruction and source line on stderr', err)
    status, out, err = skep('verify', '-v', BAD)
    ok('R1=ctx()' in out and 'processed' in out, '-v: the log', out)
    status, out, err = skep('verify', '-q', '-l', '4', '-v', GOOD)
    ok('verification time' in out and 'stack depth' in out, '-l 4: statistics', out)
    status, out, err = skep('verify', '-q', '-S', '3', GOOD)
    ok('Top source lines (count)' in out and out.count(' @ ') >= 3, '-S: source lines', out)
    status, out, err = skep('verify', '--max-insns', '10', GOOD)
    ok(status == 1 and 'too large' in err, '--max-insns: a limit of one\'s own', err)
    status, out, err = skep('verify', tmp('none.o'))
    ok(status == 1 and 'none.o' in err, 'a file that is not there is named', err)


def test_rights():
    # A socket filter returns what it computed from a pointer: fine for root, a leak for others.
    source = tmp('leak.bpf.c', '''
        #define SEC(name) __attribute__((section(name), used))
        SEC("socket") int leak(void *ctx) { return (int)(long)ctx; }
        char _license[] SEC("license") = "GPL";
    ''')
    status, _, err = skep('verify', source)
    ok(status == 0, 'root may leak a pointer', err)
    status, _, err = skep('verify', '--rights', 'unpriv', source)
    ok(status == 1 and ('leak' in err or 'pointer' in err), 'unprivileged programs may not', err)


def test_columns():
    status, out, err = skep('verify', '-q', '-o', 'csv', MANY)
    lines = out.splitlines()
    ok(status == 0 and lines[0].startswith('file_name,prog_name,verdict,duration,total_insns') and
       len(lines) == 5 and all(len(l.split(',')) == 15 for l in lines), 'csv has all columns', out + err)
    status, out, err = skep('verify', '-q', '-o', 'csv', '-e', 'prog,insns', '-s', 'insns^', MANY)
    counts = [int(l.split(',')[1]) for l in out.splitlines()[1:]]
    ok(len(counts) == 4 and counts == sorted(counts), '-e chooses, -s sorts', out)
    status, out, err = skep('verify', '-q', '-o', 'csv', '-f', '*_xdp', MANY)
    ok(out.count('_xdp') == 2 and len(out.splitlines()) == 3, '-f PATTERN', out)
    status, out, err = skep('verify', '-q', '-o', 'csv', '-f', '!*_xdp', MANY)
    ok('_xdp' not in out and len(out.splitlines()) == 3, '-f !PATTERN', out)
    status, out, err = skep('verify', '-q', '-o', 'csv', '-f', 'insns>100', '-e', 'prog,insns', MANY)
    ok(len(out.splitlines()) > 1 and all(int(l.split(',')[1]) > 100 for l in out.splitlines()[1:]),
       '-f COLUMN OP VALUE', out)
    status, out, err = skep('verify', '-e', 'nothing', MANY)
    ok(status == 2 and 'nothing' in err, 'an unknown column is named', err)


def test_compare():
    head = 'file_name,prog_name,verdict,total_insns\n'
    a = tmp('a.csv', head + 'x.o,one,success,100\nx.o,two,success,50\nx.o,gone,failure,1\n')
    b = tmp('b.csv', head + 'x.o,one,success,150\nx.o,two,failure,50\nx.o,new,success,7\n')
    status, out, err = skep('verify', '-C', '-e', 'file,prog,verdict,insns', a, b)
    ok(status == 0 and '+50 (+50.00%)' in out and 'MISMATCH' in out and 'N/A' in out,
       '-C: differences beside each other', out + err)
    status, out, err = skep('verify', '-C', '-o', 'csv', '-e', 'prog,insns', '-f', 'insns_pct>10', a, b)
    ok(out.splitlines()[0] == 'prog_name,total_insns_base,total_insns_comp,total_insns_diff' and
       out.splitlines()[1:] == ['one,100,150,+50 (+50.00%)'], '-C -f: only what changed', out + err)
    status, out, err = skep('verify', '-C', a, tmp('broken.csv', 'who,knows\n1,2\n'))
    ok(status == 1 and 'broken.csv:1' in err, 'a file that is no result is named', err)


def test_machines():
    status, out, err = skep('verify', '-q', '--json', GOOD, BAD)
    rows = {r['prog_name']: r for r in json.loads(out)}
    ok(status == 1 and rows['count']['verdict'] == 'success' and rows['count']['total_insns'] > 0,
       'JSON: a row for each program', out)
    bad = rows['count_syn']
    ok(bad['reason'].startswith('invalid access to packet') and '%d' in bad['code'] and
       bad['source_file'].endswith('faulty.bpf.c') and bad['line'] > 0 and bad['register'].startswith('R'),
       'JSON: why, by code, place and register', bad)
    status, out, err = skep('verify', '-q', '-o', 'sarif', GOOD, BAD)
    run = json.loads(out)['runs'][0]
    place = run['results'][0]['locations'][0]
    ok(len(run['results']) == 1 and run['results'][0]['level'] == 'error' and
       place['physicalLocation']['region']['startLine'] == bad['line'] and
       place['logicalLocations'][0]['name'] == 'count_syn', 'SARIF: the rejected program at its line', out)


def test_example():
    p = subprocess.run([sys.argv[3]], capture_output=True, text=True, timeout=60)
    ok(p.returncode == 0 and 'careless: rejected at instruction 1: invalid access to packet' in p.stdout and
       'careful: accepted' in p.stdout, 'the embedding example says what is wrong', p.stdout + p.stderr)


test_verdicts()
test_rights()
test_columns()
test_compare()
test_machines()
test_example()
done()
