# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of the service at every single file operation of a change: the next start finds the
state before it or the state after it, whole, and nothing else.

strace delivers the signal at the entry of the n-th call of a kind, n = 1, 2, ... until the change
gets through.
"""
import contextlib
import shutil
import signal
import subprocess
import time
import unittest

from harness import CONNECT, DOMAIN, PROPERTIES, ROOT, RUNNING, SHUTOFF, BusError, BusTest

KINDS = ('openat', 'write', 'fsync', 'renameat', 'unlink,unlinkat', 'symlinkat', 'mkdir,mkdirat')
CALLS_MAX = 60
UUID = 'c7a5fdbd-edaf-9455-926a-d65c16db1809'
PATH = ROOT + '/domain/_' + UUID.replace('-', '_')


@unittest.skipUnless(shutil.which('strace'), 'strace is not installed')
class Writes(BusTest):
    @contextlib.contextmanager
    def killed_at(self, kind, n):
        """Within, the service is killed at its n-th call of this kind."""
        tracer = subprocess.Popen(
            ['strace', '-p', str(self.bed.service.pid), '-e', f'trace={kind}', '-o', '/dev/null']
            + ['-e', f'inject={kind}:signal=KILL:when={n}'],
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertIn('attached', tracer.stderr.readline())
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
            tracer.stderr.close()

    def tried(self, change):
        """The change, until it gets through; whether it does."""
        try:
            change()
            return True
        except BusError as error:
            if 'NoReply' not in error.name:
                raise
            return False

    def everywhere(self, prepare, change, check):
        kills = 0
        for kind in KINDS:
            for n in range(1, CALLS_MAX):
                prepare()
                with self.killed_at(kind, n):
                    done = self.tried(change)
                if not done:
                    self.bed.service.wait()
                    self.bed.start()
                    kills += 1
                with self.subTest(kind=kind, n=n):
                    check(done)
                self.clean()
                if done:
                    break
            else:
                self.fail(f'more than {CALLS_MAX} calls of {kind}')
        return kills

    def clean(self):
        for path in self.client.connect('ListDomains', 0):
            with contextlib.suppress(BusError):
                self.client.call(path, DOMAIN, 'Destroy', 0)
            with contextlib.suppress(BusError):
                self.client.call(path, DOMAIN, 'Undefine', 0)
        self.bed.until_guests(0)
        self.assertEqual(self.bed.files('config') + self.bed.files('run'), [])

    def setUp(self):
        super().setUp()
        self.disk = self.bed.image()

    def define(self, name='guest', machine='pc'):
        xml = self.bed.xml(name, disk=self.disk, machine=machine, uuid=UUID)
        self.client.connect('DomainDefineXML', xml)

    def definition(self):
        return self.client.call(PATH, DOMAIN, 'GetXMLDesc', 0)

    def names(self):
        return [
            self.client.call(path, PROPERTIES, 'Get', DOMAIN, 'Name')[1]
            for path in self.client.connect('ListDomains', 0)
        ]

    def set_autostart(self):
        self.client.call(PATH, PROPERTIES, 'Set', DOMAIN, 'Autostart', ('b', True))

    def test_define(self):
        def check(done):
            self.assertIn(self.names(), (['guest'],) if done else ([], ['guest']))
            if self.names():
                self.assertIn('</domain>', self.definition())

        self.assertGreaterEqual(self.everywhere(lambda: None, self.define, check), 4)

    def test_redefine(self):
        def check(done):
            self.assertEqual(self.names(), ['guest'])
            if done:
                self.assertIn('pc-i440fx-7.1', self.definition())
            self.assertIn('</domain>', self.definition())

        self.assertGreaterEqual(
            self.everywhere(self.define, lambda: self.define(machine='pc-i440fx-7.1'), check), 4
        )

    def test_rename(self):
        def check(done):
            self.assertIn(self.names(), (['other'],) if done else (['guest'], ['other']))
            self.assertIn(f'<name>{self.names()[0]}</name>', self.definition())

        self.everywhere(
            self.define, lambda: self.client.call(PATH, DOMAIN, 'Rename', 'other', 0), check
        )

    def test_autostart_and_undefine(self):
        def prepare():
            self.define()

        def check_autostart(done):
            value = self.client.call(PATH, PROPERTIES, 'Get', DOMAIN, 'Autostart')[1]
            self.assertIn(value, (True,) if done else (True, False))

        self.everywhere(prepare, self.set_autostart, check_autostart)

        def prepare_marked():
            self.define()
            self.set_autostart()

        def check_undefine(done):
            self.assertIn(self.names(), ([],) if done else ([], ['guest']))

        self.everywhere(
            prepare_marked, lambda: self.client.call(PATH, DOMAIN, 'Undefine', 0), check_undefine
        )

    def settled(self):
        """The state, when there is a process for it or none; one that was told to end may take a
        moment longer than the service."""
        deadline = time.monotonic() + 10
        while True:
            state = self.client.call(PATH, DOMAIN, 'GetState', 0)[0]
            if len(self.bed.guests()) == (1 if state == RUNNING else 0):
                return state
            self.assertLess(time.monotonic(), deadline, f'state {state}')
            time.sleep(0.01)

    def test_start(self):
        def check(done):
            self.assertIn(self.settled(), (RUNNING,) if done else (RUNNING, SHUTOFF))

        self.everywhere(self.define, lambda: self.client.call(PATH, DOMAIN, 'Create', 0), check)

    def test_destroy(self):
        def prepare():
            self.define()
            self.client.call(PATH, DOMAIN, 'Create', 0)

        def check(done):
            self.assertIn(self.settled(), (SHUTOFF,) if done else (RUNNING, SHUTOFF))

        self.everywhere(prepare, lambda: self.client.call(PATH, DOMAIN, 'Destroy', 0), check)
