# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts a command line, paused, and asks the machine what it is."""
import json
import os
import re
import socket
import subprocess

PATIENCE = 20  # s, for each answer
# Of the machine and of processors: what differs from run to run, or is another object.
TRANSIENT = {'rtc-time', 'hotplugged', 'hotpluggable', 'realized', 'type', 'parent_bus',
             'unavailable-features', 'thread-id', 'crash-information', 'firmware', 'kernel',
             'initrd', 'dtb', 'memory-backend', 'pflash0', 'pflash1', 'append', 'initialized'}


class NoStart(Exception):
    pass


class Guest:
    """A QEMU whose monitor is a socket that was listening before it came."""

    def __init__(self, argv, folder):
        path = os.path.join(folder, 'monitor')
        if os.path.exists(path):
            os.unlink(path)
        self.errors = os.path.join(folder, 'errors')
        with socket.socket(socket.AF_UNIX) as listener, open(self.errors, 'wb') as errors:
            listener.bind(path)
            listener.listen(1)
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(path)
            argv = argv + ['-chardev',
                           f'socket,id=charmonitor,fd={listener.fileno()},server=on,wait=off']
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=errors,
                                            stderr=errors, pass_fds=[listener.fileno()],
                                            cwd=folder)
        self.reader = self.socket.makefile('r')
        try:
            if not self.reader.readline():
                raise OSError('no greeting')
            self.ask([('qmp_capabilities', {})])
        except OSError as error:
            self.close()
            raise NoStart(self.last_words() or str(error)) from error

    def last_words(self):
        with open(self.errors, errors='replace') as file:
            lines = [line for line in file.read().splitlines() if 'warning:' not in line]
        return lines[-1] if lines else ''

    def ask(self, questions):
        """All at once; the answers in the same order, None for an error."""
        text = ''.join(json.dumps({'execute': name, 'arguments': arguments, 'id': n}) + '\n'
                       for n, (name, arguments) in enumerate(questions))
        self.socket.sendall(text.encode())
        answers = [None] * len(questions)
        waiting = len(questions)
        while waiting:
            line = self.reader.readline()
            if not line:
                raise OSError('QEMU ended')
            message = json.loads(line)
            if 'id' in message:
                answers[message['id']] = message.get('return')
                waiting -= 1
        return answers

    def properties(self, paths):
        """{path: {name: value}} of QOM objects, but not what links to others."""
        lists = self.ask([('qom-list', {'path': path}) for path in paths])
        wanted = [(path, one['name']) for path, one_list in zip(paths, lists)
                  for one in one_list or []
                  if not re.match(r'(child|link)<', one['type']) and one['name'] not in TRANSIENT]
        values = self.ask([('qom-get', {'path': path, 'property': name})
                           for path, name in wanted])
        out = {path: {} for path in paths}
        for (path, name), value in zip(wanted, values):
            out[path][name] = value
        return out

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.close()
        self.socket.close()


def describe(guest):
    """All that this QEMU says of its machine."""
    names = ['query-uuid', 'query-block', 'query-chardev', 'query-memory-devices',
             'query-hotpluggable-cpus', 'query-cpus-fast', 'query-iothreads', 'query-vnc-servers',
             'query-spice']
    human = ['info qtree', 'info network', 'info numa']
    answers = guest.ask([(name, {}) for name in names] +
                        [('human-monitor-command', {'command-line': line}) for line in human] +
                        [('qom-list', {'path': '/objects'})])
    out = dict(zip(names + human + ['objects'], answers))
    objects = [one for one in out.pop('objects') or [] if one['type'].startswith('child<')]
    cpus = [one['qom-path'] for one in out['query-cpus-fast'][:1]]
    found = guest.properties(['/machine'] + cpus + ['/objects/' + one['name'] for one in objects])
    out['machine'] = found['/machine']
    out['cpu'] = found[cpus[0]] if cpus else {}
    out['objects'] = {one['name']: {'qom-type': one['type'][6:-1], **found['/objects/' +
                                                                          one['name']]}
                      for one in objects}
    return out
