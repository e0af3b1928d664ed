# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a machine is, as one flat dict, and what differs between two.

Names that nobody but the one who wrote the line sees (nodes of the block graph, secrets, sockets)
are replaced by what they stand for.
"""
import re

from line import plain

# Properties of devices that name a block node or say the same in two ways.
ALIKE = {'write-cache': {'auto': 'on'}, 'vram64_size_mb': {'4294967295 (0xffffffff)': '0 (0x0)'}}


def flatten(prefix, value, out):
    if isinstance(value, dict):
        for key, one in value.items():
            flatten(f'{prefix}/{key}', one, out)
    elif isinstance(value, list):
        for key, one in enumerate(value):
            flatten(f'{prefix}/{key}', one, out)
    else:
        out[prefix] = plain(value)


def tree(text):
    """`info qtree` as {path: {property: value}}."""
    out, stack, counts = {}, [], {}
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        line = line.strip()
        opened = re.match(r'(bus|dev): ([^,\n]+)(?:, id "(.*)")?', line)
        if opened:
            while stack and stack[-1][0] >= depth:
                stack.pop()
            kind, what, name = opened.groups()
            if kind == 'bus':
                label = 'bus:' + what
            else:
                label = f'{what}({name})' if name else what
            path = '/'.join([entry[1] for entry in stack] + [label])
            if not name:
                counts[path] = counts.get(path, 0) + 1
                if counts[path] > 1:
                    label += f'#{counts[path]}'
                    path = '/'.join([entry[1] for entry in stack] + [label])
            stack.append((depth, label))
            out[path] = {}
        elif stack and ' = ' in line + ' ':
            key, _, value = line.partition(' =')
            value = value.strip().strip('"')
            value = ALIKE.get(key, {}).get(value, value)
            if key == 'drive' and value:
                value = 'there'
            out['/'.join(entry[1] for entry in stack)][key] = plain(value)
        elif stack and re.match(r'(addr|bar|class|gpio)', line) and not line.startswith('bar'):
            out['/'.join(entry[1] for entry in stack)][line] = ''
    return out


def image(info):
    """An image with its chain, without names of nodes."""
    if not info:
        return None
    keep = {key: info[key] for key in ('ro', 'drv', 'cache', 'detect_zeroes', 'encrypted',
                                       'bps', 'bps_rd', 'bps_wr', 'iops', 'iops_rd', 'iops_wr',
                                       'iops_size', 'group', 'bps_max', 'iops_max',
                                       'write_threshold') if key in info}
    return {**keep, 'file': strip_names(info.get('file', '')),
            'backing': info.get('backing_file') and strip_names(info['backing_file'])}


def strip_names(text):
    return re.sub(r'libvirt-[\w-]+|#block\d+', 'node', text)


def machine(answers, said, original):
    """One flat dict. original: turns paths of the stage back."""
    out = {}

    def put(name, value):
        flatten(name, value, out)

    put('uuid', answers['query-uuid'])
    put('tree', tree(answers['info qtree']))
    for block in answers['query-block'] or []:
        name = block.get('qdev') or block['device']
        put(f'block/{name}', {'tray': block.get('tray_open'), 'removable': block['removable'],
                              'io-status': block.get('io-status'),
                              'image': image(block.get('inserted'))})
    for chardev in answers['query-chardev']:
        if chardev['label'] != 'charmonitor':
            put('chardev/' + chardev['label'], re.sub(r'/dev/pts/\d+', 'pty', chardev['filename']))
    for key in 'query-memory-devices', 'query-hotpluggable-cpus', 'query-iothreads':
        put(key, answers[key])
    put('cpus', len(answers['query-cpus-fast']))
    put('cpu-places', [one.get('props') for one in answers['query-cpus-fast']])
    put('numa', answers['info numa'])
    put('network', sorted(line.strip() for line in answers['info network'].splitlines()))
    put('spice', bool((answers['query-spice'] or {}).get('enabled')))
    put('vnc', [{key: one[key] for key in ('auth', 'vencrypt', 'display') if key in one}
                for one in answers['query-vnc-servers'] or []])
    put('machine', answers['machine'])
    put('cpu', answers['cpu'])
    put('objects', {name: one for name, one in answers['objects'].items()
                    if one['qom-type'] != 'secret'})
    for name, value in said:
        key = value.get('id') or value.get('node-name') if isinstance(value, dict) else None
        key = f'said/{name}/{key or len([one for one in out if one.startswith(f"said/{name}/")])}'
        if name == 'device' and 'hostbus' in value and 'hostaddr' in value:  # the older way
            value = {**value, 'hostdevice': '/dev/bus/usb/%03d/%03d' % (
                int(value['hostbus']), int(value['hostaddr']))}
            del value['hostbus'], value['hostaddr']
        if name == 'netdev' and value.get('type') == 'stream':
            value = {**value, 'addr': 'of the process beside'}
        put(key, value)
    return {key: placeless(original(value)) if isinstance(value, str) else value
            for key, value in out.items() if not is_free(key)}


def placeless(text):
    """Names of files that are chosen by whoever starts the guest."""
    text = re.sub(r'/usr/share/(OVMF|edk2|qemu|ovmf|seabios)/[\w./-]+', 'firmware', text)
    text = re.sub(r'[\w./-]+/nvram/[\w.-]+|/some/user/nvram/path/[\w.-]+', 'nvram', text)
    text = re.sub(r'/[\w./-]+/run/dbus/[\w.-]+-dbus\.sock', 'guest/dbus.sock', text)
    return re.sub(r'(/tmp/lib/domain-[^/]*|/runtime)/', 'guest/', text)


def is_free(key):
    return re.search(r'/(thread-id|secret|key-secret|password-secret|passwordid|'
                     r'pci-hole64-(start|end))$', key) or '/qom-path' in key


def is_same_text(a, b):
    """What libvirt passes as a descriptor has no name to compare, and what lies between QEMU and a
    process beside it has the name that its maker likes."""
    return '/dev/fdset/' in a + b or a.startswith('/runtime/')


def differences(ours, theirs, assumed=()):
    """assumed: what was added to libvirt's line, and so says nothing."""
    out = []
    for key in sorted(set(ours) | set(theirs)):
        if any(key.startswith(f'said/{one}/') for one in assumed):
            continue
        a, b = ours.get(key), theirs.get(key)
        if a != b and not (isinstance(a, str) and isinstance(b, str) and is_same_text(a, b)):
            out.append(f'{key}: ours {a!r}, libvirt\'s {b!r}')
    return out
