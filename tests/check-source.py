#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks of the sources that no compiler makes: a line per check, and what is wrong with where.

Files past 600 lines and functions past 70 are reported, and are no failure.
"""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ROOMS = ['conf', 'drivers', 'objects', 'service']  # each may include itself and those before it
WIDTH = 100
LONG_FILE, LONG_FUNCTION = 600, 70

DATA = re.compile(r'^(tests/data/|tests/fuzz/corpus|LICENSE)')
CODE = re.compile(r'\.(c|h|S|py|sh|ld)$|(^|/)meson(\.build|_options\.txt)$|^\.ci/')
LEFT_OPEN = re.compile(r'\b(' + '|'.join(('TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK')) + r')\b')


def files():
    listed = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard'],
        cwd=TOP,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split('\n')
    for name in sorted(set(listed)):
        path = os.path.join(TOP, name)
        if not name or DATA.search(name) or not os.path.isfile(path) or os.path.islink(path):
            continue
        with open(path, 'rb') as file:
            data = file.read()
        if b'\0' not in data:
            yield name, data.decode(errors='replace')


def is_code(name, text):
    return bool(CODE.search(name)) or text.startswith('#!')


def licence(name, text):
    if not is_code(name, text) and not re.search(r'\.(xml|conf|service|policy|rules|in)$', name):
        return
    if 'SPDX-License-Identifier: LGPL-2.1-or-later' not in '\n'.join(text.split('\n')[:3]):
        yield 1, 'no SPDX line'


def purpose(name, text):
    """The first thing after the licence says what the file is for."""
    if name.endswith(('.c', '.h')) and not re.match(r'/\* SPDX[^\n]*\*/\n/\* \S', text):
        yield 2, 'no line that says what the file is for'


def direction(name, text):
    room = name.split('/')[0]
    for number, line in enumerate(text.split('\n'), 1):
        included = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not included:
            continue
        target = included[1].split('/')[0]
        if room in ROOMS and target in ROOMS and ROOMS.index(target) > ROOMS.index(room):
            yield number, f'{room} includes {included[1]}'
        if room in ROOMS and '/' not in included[1] and included[1] != 'config.h':
            yield number, f'"{included[1]}" is not written from the root'


def form(name, text):
    if not is_code(name, text):
        return
    for number, line in enumerate(text.split('\n'), 1):
        if len(line) > WIDTH:
            yield number, f'{len(line)} columns'
        if line != line.rstrip():
            yield number, 'blanks at the end'
        if '\t' in line:
            yield number, 'a tab'
    if text and not text.endswith('\n'):
        yield 1, 'no newline at its end'


def left_open(name, text):
    for number, line in enumerate(text.split('\n'), 1):
        if LEFT_OPEN.search(line):
            yield number, line.strip()[:WIDTH]


def switches(name, text):
    """No default over an enum of ours: then the compiler names the case that is missing."""
    if name.split('/')[0] not in ROOMS or not name.endswith('.c'):
        return
    for one in re.finditer(r'^( +)switch \([^\n]*\{\n(.*?)^\1\}', text, re.M | re.S):
        own = re.findall(r'^\s+case [A-Z][A-Z0-9]*_[A-Z0-9_]+:', one[2], re.M)
        if own and re.search(r'^\s+default:', one[2], re.M):
            yield text[: one.start()].count('\n') + 1, 'a default beside the values of an enum'


CHECKS = (
    ('licence', licence),
    ('purpose', purpose),
    ('direction of includes', direction),
    ('form', form),
    ('nothing left open', left_open),
    ('switches', switches),
)


def long_functions(text):
    start = None
    for number, line in enumerate(text.split('\n'), 1):
        if re.match(r'[A-Za-z_].*\) \{$', line) or (line.endswith(') {') and start is None):
            start = start or number
        if line == '}' and start:
            if number - start > LONG_FUNCTION:
                yield start, number - start
            start = None


def main():
    every = list(files())
    passed = failed = 0
    for title, check in CHECKS:
        found = [
            (name, number, words) for name, text in every for number, words in check(name, text)
        ]
        print(f'{"FAILED" if found else "ok"} {title}')
        for name, number, words in found:
            print(f'    {name}:{number}: {words}')
        passed, failed = passed + (not found), failed + bool(found)
    for name, text in every:
        if name.endswith('.c'):
            lines = text.count('\n')
            if lines > LONG_FILE:
                print(f'note: {name} has {lines} lines')
            for number, length in long_functions(text):
                print(f'note: {name}:{number}: a function of {length} lines')
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
