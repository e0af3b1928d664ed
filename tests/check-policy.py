#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-policy.py POLICY ROWS TABLE: compares the polkit policy with the permissions that are asked
for, by the program ROWS and by the table of the org.libvirt API: each has an action, each action is
asked for, the free ones are free and nothing else is, and no answer is kept. Any difference fails.
Without the table (exit status 77) only what ROWS says is looked for.
"""
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

PREFIX = 'org.libvirt.api.'
DTD = '/usr/share/polkit-1/policyconfig-1.dtd'
ROWS_PERMISSIONS, TABLE_PERMISSIONS = 4, 6


def permissions_of(line, column):
    columns = line.rstrip('\n').split('\t')
    for permission in columns[column].split() if len(columns) > column else ():
        parts = permission.split(':')
        if len(parts) > 1:
            yield ':'.join(parts[:2])


def read_rows(program):
    out = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {one for line in out.splitlines() for one in permissions_of(line, ROWS_PERMISSIONS)}


def read_table(path):
    with open(path) as file:
        lines = [line for line in file if not line.startswith('#')]
    return {one for line in lines for one in permissions_of(line, TABLE_PERMISSIONS)}


def is_free(permission):
    verb = permission.split(':')[1]
    return verb in ('getattr', 'read') or verb.startswith('search_')


def check_action(action, permission):
    """What is wrong with one action by itself."""
    who = 'yes' if is_free(permission) else 'auth_admin'
    for where in ('any', 'inactive', 'active'):
        given = action.findtext(f'defaults/allow_{where}')
        if given != who:
            yield f'{action.get("id")}: allow_{where} is {given} and not {who}'
    for text in ('description', 'message'):
        if not action.findtext(text):
            yield f'{action.get("id")}: has no {text}'
    if '{' in ''.join(action.itertext()):
        yield f'{action.get("id")}: a brace was left'


def compare(actions, wanted, is_complete):
    wrong = []
    by_id = {PREFIX + one.replace(':', '.').replace('_', '-'): one for one in wanted}
    ids = [action.get('id') for action in actions]
    for missing in sorted(set(by_id) - set(ids)):
        wrong.append(f'{missing}: has no action')
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        wrong.append(f'{twice}: is there more than once')
    for action in actions:
        permission = by_id.get(action.get('id'))
        if permission:
            wrong += check_action(action, permission)
        elif is_complete:
            wrong.append(f'{action.get("id")}: nobody asks for it')
    return wrong


def validate(policy):
    """By polkit's own grammar, where it is there."""
    if not shutil.which('xmllint') or not os.path.exists(DTD):
        print('not validated: no xmllint, or no grammar of polkit')
        return []
    done = subprocess.run(
        ['xmllint', '--noout', '--nonet', '--dtdvalid', DTD, policy],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.splitlines() or ['not valid'] if done.returncode else []


def main():
    policy, rows, table = sys.argv[1:]
    has_table = os.path.exists(table)
    wanted = read_rows(rows)
    if has_table:
        wanted |= read_table(table)
    actions = ElementTree.parse(policy).findall('action')
    wrong = compare(actions, wanted, has_table) + validate(policy)
    for line in wrong:
        print(line)
    print(f'{len(actions)} actions, {len(wanted)} permissions, {len(wrong)} differences')
    if wrong or not wanted:
        return 1
    if not has_table:
        print(f'SKIPPED: no {table} to compare with')
        return 77
    return 0


if __name__ == '__main__':
    sys.exit(main())
