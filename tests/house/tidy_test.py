#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/tidy.py finds each kind of fault in a small tree made for it, and nothing in a clean one."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TIDY = os.path.join(HERE, '../../tools/tidy.py')
SPDX = '/* SPDX-License-Identifier: BSD-2-Clause */\n'
FLOORS = '0 base\n1 spec\n2 isa\n2.5 isa/cbpf\n3 obj\n3 pkt\n6 jit\n11 cli\n'

CLEAN = {
    'src/base/a.c': '#include "base/a.h"\n#if 1\n#endif\nint a_add(int x)\n{\n\treturn x;\n}\n',
    'src/base/a.h': 'int a_add(int x);\n',
    'src/isa/cbpf/c.c': '#include "isa/i.h"\nstatic const char *const names[] = {"x{", "malloc("};\n'
                        'const char *c_name(void)\n{\n\treturn names[0];\n}\n',
    'src/isa/i.h': '#include "base/a.h"\n',
    'src/cli/m.c': '#include <stdio.h>\n#include "isa/i.h"\n#define M(x) \\\n\tstatic int x;\n'
                   'int main(void)\n{\n\tprintf("%d", a_add(1)); /* sprintf(x) */\n\treturn 0;\n}\n',
}

# name, files, words the output must hold (none: must be clean)
CASES = [
    ('a clean tree', {}, []),
    ('an upward include', {'src/base/b.h': '#include "isa/i.h"\n'}, ['src/base/b.h:2', 'floor']),
    ('rooms on one floor', {'src/obj/o.c': '#include "pkt/p.h"\n', 'src/pkt/p.h': ''}, ['src/obj/o.c:2']),
    ('a parent that includes its sub-room', {'src/isa/x.c': '#include "isa/cbpf/h.h"\n',
                                             'src/isa/cbpf/h.h': ''}, ['src/isa/x.c:2']),
    ('an include without its path', {'src/isa/y.c': '#include "i.h"\n'}, ['src/isa/y.c:2', 'full path']),
    ('a private header of another room', {'src/isa/z.c': '#include "base/k_int.h"\n',
                                          'src/base/k_int.h': ''}, ['private']),
    ('a function of 71 lines', {'src/base/l.c': 'int f(void)\n{\n' + '\t;\n' * 67 + '\treturn 0;\n}\n'},
     ['src/base/l.c:2', 'f() has 71 lines']),
    ('a function of 70 lines', {'src/base/l.c': 'int f(void)\n{\n' + '\t;\n' * 66 + '\treturn 0;\n}\n'}, []),
    ('braces in strings and macros', {'src/base/l.c': '#define B {{{\nint f(void)\n{\n\treturn "{{"[\'{\'];\n}\n'
                                      + 'int g(void)\n{\n' + '\t;\n' * 60 + '}\n'}, []),
    ('a waived long function', {'src/base/l.c': '/* tidy: allow long-function: a table */\nint f(void)\n{\n'
                                + '\t;\n' * 80 + '}\n'}, []),
    ('a file of 1001 lines', {'src/base/l.c': 'typedef int t;\n' * 1000}, ['1001 lines']),
    ('strcpy', {'src/base/s.c': 'void f(char *a)\n{\n\tstrcpy(a, a);\n}\n'}, ['src/base/s.c:4', 'strcpy']),
    ('malloc', {'src/isa/s.c': 'void *f(void)\n{\n\treturn malloc(3);\n}\n'}, ['malloc']),
    ('printf below cli', {'src/isa/s.c': 'void f(void)\n{\n\tprintf("x");\n}\n'}, ['printf']),
    ('errno kept', {'src/isa/s.c': 'int f(void)\n{\n\treturn errno;\n}\n'}, ['errno']),
    ('errno turned', {'src/isa/s.c': 'int f(void)\n{\n\treturn -errno;\n}\n'}, []),
    ('#ifdef', {'src/isa/s.c': '#ifdef X\n#endif\n'}, ['src/isa/s.c:2', '#if']),
    ('a global', {'src/isa/s.c': 'static int counter;\n'}, ['src/isa/s.c:2', 'global']),
    ('a global with a value', {'src/isa/s.c': 'struct s x = {\n\t.a = 1,\n};\n'}, ['global']),
    ('a pointer to const that changes', {'src/isa/s.c': 'static const char *last;\n'}, ['global']),
    ('a static inside a function', {'src/isa/s.c': 'int f(void)\n{\n\tstatic int n;\n\treturn n++;\n}\n'},
     ['src/isa/s.c:4']),
    ('const tables, types, prototypes', {'src/isa/s.c': 'static const int t[] = {1};\nstruct s {\n\tint a;\n};\n'
                                         'enum e { A };\nint f(int (*cb)(void));\n'
                                         'static int (*const g)(void) = 0;\n'}, []),
    ('six parameters', {'src/isa/s.c': 'int f(int a, int b, int c, int d, int e, int g)\n{\n\treturn a;\n}\n'},
     ['6 parameters']),
    ('no licence line', {'src/isa/s.c!': 'int x(void);\n'}, ['SPDX']),
    ('a dead file', {'src/isa/dead.c!': SPDX, 'meson.skip': 'src/isa/dead.c'}, ['src/isa/dead.c:1', 'meson']),
    ('a long line', {'src/isa/s.c': '\t/* ' + 'x' * 100 + ' */\n'}, ['columns']),
    ('a document that names a missing file', {'README.md!': 'see `src/none.c`\n'}, ['README.md:1']),
    ('a document with a dead link', {'docs/A.md!': '[b](B.md)\n'}, ['docs/A.md:1']),
    ('a document that names real files', {'docs/A.md!': '`src/base/a.c`, `src/*/i.h`, [r](../src/FLOORS)\n'}, []),
    ('a number given twice', {'src/spec/m.def': 'MAP_TYPE(A, 1, "a")\nMAP_TYPE(B, 1, "b")\n',
                              'src/spec/m.h': '#include "spec/m.def"\n'}, ['src/spec/m.def:3', 'number 1']),
]


def run(extra):
    top = tempfile.mkdtemp(prefix='skep-tidy-')
    try:
        os.mkdir(os.path.join(top, 'tools'))
        shutil.copy(TIDY, os.path.join(top, 'tools/tidy.py'))
        files = {name: SPDX + text for name, text in CLEAN.items()}
        for name, text in extra.items():
            files[name.rstrip('!')] = text if name.endswith('!') else SPDX + text
        skip = files.pop('meson.skip', '')
        sources = sorted(f for f in files if f.endswith('.c') and f not in skip)
        headers = sorted(f for f in files if f.endswith('.h'))
        files['meson.build'] = '# SPDX-License-Identifier: BSD-2-Clause\n' + \
            ''.join(f"'{f}'\n" for f in sources) + ''.join(f'# {os.path.basename(h)}\n' for h in headers)
        files['src/FLOORS'] = FLOORS
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(top, name)) or top, exist_ok=True)
            with open(os.path.join(top, name), 'w', encoding='utf-8') as f:
                f.write(text)
        done = subprocess.run([sys.executable, os.path.join(top, 'tools/tidy.py')],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    finally:
        shutil.rmtree(top)


def main():
    failed = 0
    print(f'1..{len(CASES)}')
    for n, (name, files, words) in enumerate(CASES, 1):
        status, out = run(files)
        good = status == (1 if words else 0) and all(w in out for w in words)
        failed += not good
        print(f'{"ok" if good else "not ok"} {n} - {name}'.replace('#', ''))
        if not good:
            print(''.join(f'# {line}\n' for line in out.split('\n')), end='')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
