# SPDX-License-Identifier: BSD-2-Clause
"""TAP for the tests of the command, and ways to call it."""
import json
import os
import subprocess
import sys

SKEP, TOP = sys.argv[1], sys.argv[2]
CAPTURE = os.path.join(TOP, 'examples', 'packets.pcap')
state = {'number': 0, 'failed': 0}


def ok(cond, name, detail=''):
    state['number'] += 1
    state['failed'] += not cond
    print(f"{'ok' if cond else 'not ok'} {state['number']} - {name}")
    if not cond and detail:
        for line in str(detail).splitlines()[:40]:
            print(f'# {line}')
    sys.stdout.flush()
    return cond


def skip(name, why):
    state['number'] += 1
    print(f"ok {state['number']} - {name} # SKIP {why}")


def done():
    print(f"1..{state['number']}")
    sys.exit(1 if state['failed'] else 0)


def skep(*args, stdin=None, user=None):
    """Runs the command; returns (status, stdout, stderr)."""
    p = subprocess.run([SKEP, *map(str, args)], input=stdin, capture_output=True, timeout=120,
                       user=user, extra_groups=[] if user else None)
    return p.returncode, p.stdout.decode(errors='replace'), p.stderr.decode(errors='replace')


def skep_json(*args):
    status, out, err = skep(*args, '--json')
    try:
        return status, json.loads(out), err
    except ValueError:
        return status, None, out + err


def example(name):
    return os.path.join(TOP, 'examples', name)
