# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU command lines as data: from the text of a sample, or from an argv, to a list of options.

An option is [name, value]; a value is None, a dict, or a string where QEMU doesn't split it. In a
dict a parameter that is given more than once is a list. JSON and QEMU's own syntax end up the same.
"""
import json
import re
import shlex

# What the first word of a value stands for when it has no name.
FIRST = {
    'accel': 'accel', 'audiodev': 'driver', 'blockdev': 'driver', 'chardev': 'backend',
    'cpu': 'model', 'device': 'driver', 'display': 'type', 'fsdev': 'fsdriver', 'fw_cfg': 'name',
    'm': 'size', 'machine': 'type', 'mon': 'chardev', 'netdev': 'type', 'numa': 'type',
    'object': 'qom-type', 'sandbox': 'enable', 'smp': 'cpus', 'spice': None, 'tpmdev': 'type',
    'vnc': 'vnc', 'add-fd': None, 'boot': 'order', 'rtc': None, 'smbios': 'file',
    'overcommit': None, 'global': None, 'acpitable': None, 'msg': None, 'name': 'guest',
}


def split(text, first):
    """`a,b=c,,d` as {first: 'a', 'b': 'c,d'}."""
    out = {}
    for n, part in enumerate(re.findall(r'(?:[^,]|,,)+', text)):
        part = part.replace(',,', ',')
        key, equals, value = part.partition('=')
        if n == 0 and first and (not equals or not re.fullmatch(r'[A-Za-z0-9_.-]+', key)):
            key, value = first, part
        elif not equals:
            value = 'on'
        if key in out:
            out[key] = (out[key] if isinstance(out[key], list) else [out[key]]) + [value]
        else:
            out[key] = value
    return out


def join(values, first):
    parts = []
    for key, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            text = str(one).replace(',', ',,')
            bare = key == first and not parts and '=' not in text
            parts.append(text if bare else f'{key}={text}')
    return ','.join(parts)


class Option:
    def __init__(self, name, text):
        self.name = name
        self.is_json = bool(text) and text.startswith('{')
        if self.is_json:
            self.value = json.loads(text)
        elif text is not None and name in FIRST:
            self.value = split(text, FIRST[name])
        else:
            self.value = text

    def argv(self):
        if self.value is None:
            return ['-' + self.name]
        if self.is_json:
            return ['-' + self.name, json.dumps(self.value)]
        if isinstance(self.value, dict):
            return ['-' + self.name, join(self.value, FIRST[self.name])]
        return ['-' + self.name, self.value]

    def get(self, key, default=None):
        return self.value.get(key, default) if isinstance(self.value, dict) else default


def parse(argv):
    """The program and its options."""
    options = []
    rest = argv[1:]
    while rest:
        name = rest.pop(0).removeprefix('-').removeprefix('-')
        takes = rest and not re.match(r'-[a-z]', rest[0])
        options.append(Option(name, rest.pop(0) if takes else None))
    return argv[0], options


def read(path):
    """A sample: the environment stands before the program."""
    with open(path) as file:
        words = shlex.split(file.read().replace('\\\n', ' '))
    while re.match(r'[A-Z_]+=', words[0]):
        words.pop(0)
    return words


def plain(value):
    """The same text for the same meaning: True and 'on', 1 and '1'."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if value is True or value in ('true', 'yes'):
        return 'on'
    if value is False or value in ('false', 'no'):
        return 'off'
    if value is None:
        return ''
    text = str(value)
    return str(int(text, 16)) if re.fullmatch(r'0x[0-9a-f]+', text) else text
