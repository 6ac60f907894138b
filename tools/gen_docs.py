#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Writes docs/reference/*.md and docs/parity/*.md from the tables of src/spec/ and src/isa/ops.def:

    gen_docs.py SPEC_DUMP            writes them
    gen_docs.py SPEC_DUMP --check    a test: fails when a page is not what it would write

SPEC_DUMP is build/tests/spec/spec-dump. What a table cannot know (how something here differs from
Linux) stands in docs/parity/README.md, by hand.
"""
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEAD = "<!-- Written by tools/gen_docs.py from src/spec/ and src/isa/ops.def: edit those. -->\n"
RIGHTS = {"unpriv": "none", "bpf": "CAP_BPF", "perfmon": "CAP_PERFMON", "admin": "CAP_SYS_ADMIN"}
ALL_BUT_UNSPEC = 32
SELECTORS = ("", "off", "imm", "src")
LATER = 5


def table(columns, rows):
    out = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    out += ["| " + " | ".join(str(c).replace("|", "\\|") for c in row) + " |" for row in rows]
    return "\n".join(out) + "\n"


def rows(spec, key):
    return spec[key][:-1]


def arg_text(arg):
    kind, flags, size = arg
    text = kind.lower()
    if size:
        text += f"[{size}]"
    words = [f for f in flags if f not in ("uninit",)]
    return text + (f" ({', '.join(words)})" if words else "")


def ret_text(h):
    text = h["ret"].lower()
    return text + (" or NULL" if "or_null" in h["ret_flags"] else "")


def types_text(h):
    names = list(h["types"])
    return "all" if len(names) == ALL_BUT_UNSPEC else ", ".join(names)


def helpers_page(spec):
    text = HEAD + "# Helpers\n\nThe 211 helpers of Linux 6.18. `bpf_` is left out of the names. " \
        "**Rights**: what the loader needs beside what the program type needs. Which of them " \
        "exist in Skep: [parity](../parity/tables.md).\n\n"
    data = []
    for h in rows(spec, "helpers"):
        data.append((h["id"], f"`{h['name']}`", h["since"], RIGHTS[h["rights"]],
                     ret_text(h), ", ".join(arg_text(a) for a in h["args"]) or "–",
                     ", ".join(h["props"]) or "–"))
    text += table(("number", "name", "since", "rights", "result", "arguments",
                   "properties"), data)
    text += "\n## Who may call them\n\nProgram types; some have conditions on the expected " \
        "attach type (src/spec/helper_at.def).\n\n"
    text += table(("name", "program types"),
                  [(f"`{h['name']}`", types_text(h)) for h in rows(spec, "helpers")])
    return text


def maps_page(spec):
    by_type = {}
    for h in rows(spec, "helpers"):
        if any(a[0] == "CONST_MAP_PTR" for a in h["args"]):
            for name in h["maps"]:
                by_type.setdefault(name, []).append(h["name"])
    text = HEAD + "# Map types\n\n**Helpers**: what a program may do with a map of the type.\n\n"
    data = [(v, f"`{name}`", since, ", ".join(by_type.get(name, [])))
            for _, v, name, since, _ in rows(spec, "map_types")[1:]]
    text += table(("number", "name", "since", "helpers"), data)
    text += "\n## Flags of BPF_MAP_CREATE\n\n"
    return text + table(("name", "value"), [(f"`BPF_F_{n}`", hex(v))
                                            for n, v in rows(spec, "map_flags")])


def progs_page(spec):
    attach = {}
    for t, a in rows(spec, "prog_attach"):
        attach.setdefault(t, []).append(a.lower())
    text = HEAD + "# Program types\n\n**Helpers**: how many a fully privileged program may call " \
        "at attach type 0, or at the first that its type allows.\n\n"
    numbers = {n: v for n, v, *_ in rows(spec, "attach_types")}
    data = []
    for ident, v, name, since, ctx, flags, _ in rows(spec, "prog_types")[1:]:
        at = min((numbers[a.upper()] for a in attach.get(ident, [])), default=0)
        cnt = sum(int(h["types"].get(name, ("", "0"))[1], 16) >> at & 1
                  for h in rows(spec, "helpers"))
        needs = [n for bit, n in ((2, "CAP_NET_ADMIN"), (4, "CAP_PERFMON")) if flags & bit]
        needs = ["nothing"] if flags & 1 else ["CAP_BPF"] + needs
        data.append((v, f"`{name}`", since, f"`{ctx}`" if ctx else "–",
                     ", ".join(needs), cnt, ", ".join(attach.get(ident, [])) or "–"))
    text += table(("number", "name", "since", "context", "load needs", "helpers",
                   "expected attach types"), data)
    text += "\n## Attach types\n\n"
    text += table(("number", "name", "since"), [(v, f"`{n}`", s)
                                                for _, v, n, s in rows(spec, "attach_types")])
    text += "\n## Link types\n\n"
    return text + table(("number", "name", "since"), [(v, f"`{n}`", s)
                                                      for _, v, n, s in rows(spec, "link_types")])


def insns_page(spec):
    text = HEAD + "# Instructions\n\nEvery operation and operand form that Skep knows: RFC 9669 " \
        "and what Linux has added since. **Where** names the field that tells forms with one " \
        "opcode byte apart, and its value. **cpu** is the level of clang's `-mcpu` (later: " \
        "none has it).\n\n"
    data = []
    for name, code, op, sel, value, cpu, since in rows(spec, "insns"):
        data.append((f"`{name}`", f"0x{code:02x}", f"{SELECTORS[sel]} = {value}" if sel else "",
                     f"`{op}`" if op else "", "later" if cpu >= LATER else f"v{cpu}",
                     since if since != "0.0" else "–"))
    return text + table(("name", "opcode", "where", "text", "cpu", "Linux"), data)


def commands_page(spec):
    text = HEAD + "# Commands of bpf(2)\n\n**Bytes**: how much of `union bpf_attr` a command of " \
        "Linux 6.18 knows; non-zero bytes behind are -EINVAL.\n\n"
    text += table(("number", "name", "bytes", "since"),
                  [(v, f"`BPF_{n}`", b, s) for n, v, b, s in rows(spec, "commands")])
    text += "\n## Limits of Linux 6.18\n\n"
    return text + table(("name", "value", "of"), rows(spec, "limits"))


def parity_page(spec):
    groups = [("Helpers", [(h["name"], h["here"]) for h in rows(spec, "helpers")]),
              ("Map types", [(r[2], r[4]) for r in rows(spec, "map_types")[1:]]),
              ("Program types that run on packets",
               [(r[2], r[6]) for r in rows(spec, "prog_types")[1:]])]
    text = HEAD + "# What of Linux 6.18 exists\n\nCounted from the tables. How what exists " \
        "differs from Linux stands in [README.md](README.md).\n\n"
    text += table(("", "here", "Linux 6.18"),
                  [(title, sum(h == 1 for _, h in items), len(items)) for title, items in groups])
    for title, items in groups:
        text += f"\n## {title}\n\n"
        for word, want in (("Here", 1), ("Declared, to verify programs that use them", 2),
                           ("Not yet", 0)):
            names = ", ".join(f"`{n}`" for n, h in items if int(h) == want)
            if names or want != 2:
                text += f"{word}: {names or 'none'}.\n\n"
    return text.rstrip("\n") + "\n"


PAGES = {"docs/reference/helpers.md": helpers_page, "docs/reference/map-types.md": maps_page,
         "docs/reference/program-types.md": progs_page,
         "docs/reference/instructions.md": insns_page,
         "docs/reference/commands.md": commands_page, "docs/parity/tables.md": parity_page}


def main():
    spec = json.loads(subprocess.run([sys.argv[1]], capture_output=True, check=True).stdout)
    check = "--check" in sys.argv[2:]
    stale = 0
    if check:
        print(f"1..{len(PAGES)}")
    for n, (path, page) in enumerate(PAGES.items(), 1):
        full, text = os.path.join(TOP, path), page(spec)
        if not check:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
            continue
        try:
            with open(full, encoding="utf-8") as f:
                same = f.read() == text
        except FileNotFoundError:
            same = False
        stale += not same
        print(f"{'' if same else 'not '}ok {n} - {path}" +
              ("" if same else " (run tools/gen_docs.py build/tests/spec/spec-dump)"))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
