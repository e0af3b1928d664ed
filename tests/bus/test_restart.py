# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service is killed (kill -9) at any moment; the next one finds the truth: guests, ids, states,
consoles.
"""
import os
import random
import signal
import time

from harness import CONNECT, PAUSED, ROOT, RUNNING, SHUTOFF, BusError, BusTest, Domain

ROUNDS = int(os.environ.get('VIRTBUS_ROUNDS', 12))


class Restart(BusTest):
    seconds = 180

    def test_running_and_paused(self):
        running, console = self.running('running')
        paused, _ = self.running('paused')
        paused.Suspend()
        off = self.bed.define('off')
        before = [(one.get('Id'), one.GetState(0)[0], one.xml) for one in (running, paused, off)]
        pids = sorted(self.bed.guests())
        self.bed.restart()
        self.assertEqual(
            [(one.get('Id'), one.GetState(0)[0], one.xml) for one in (running, paused, off)], before
        )
        self.assertEqual(sorted(self.bed.guests()), pids)
        self.assertTrue(console.ended())
        running.console().knock()
        paused.Resume()
        paused.console().knock()
        running.Shutdown(0)
        self.assertEqual(running.until_state(SHUTOFF), 1)

    def test_stopped_in_order(self):
        domain, _ = self.running()
        identity = domain.get('Id')
        self.assertEqual(self.bed.stop(), 0)
        self.bed.start()
        self.assertEqual((domain.get('Id'), domain.state), (identity, RUNNING))

    def test_every_call_is_answered_when_it_stops(self):
        for _ in range(5):
            calls = []
            for number in range(200):
                if number == 100:
                    self.bed.service.terminate()
                calls.append(self.client.begin(ROOT, CONNECT, 'ListDomains', 0))
            for serial in calls:
                try:
                    self.client.finish(serial)
                except BusError as error:
                    # Those that came when nobody had the name any more.
                    self.assertEqual(error.name, 'org.freedesktop.DBus.Error.ServiceUnknown')
            self.assertEqual(self.bed.service.wait(10), 0)
            self.bed.start()

    def test_transient(self):
        domain = Domain(
            self.client, self.client.connect('DomainCreateXML', self.bed.xml('guest'), 0)
        )
        self.bed.restart()
        self.assertEqual(domain.state, RUNNING)
        self.assertFalse(domain.get('Persistent'))
        domain.Destroy(0)
        self.assertEqual(self.client.connect('ListDomains', 0), [])

    def test_ids_are_not_used_again(self):
        first, _ = self.running('first')
        identity = first.get('Id')
        self.bed.restart()
        second = self.bed.define('second')
        second.Create(1)
        self.assertGreater(second.get('Id'), identity)

    def test_guest_ended_meanwhile(self):
        domain, _ = self.running()
        passing = Domain(
            self.client, self.client.connect('DomainCreateXML', self.bed.xml('passing'), 0)
        )
        self.bed.kill()
        for pid in self.bed.guests():
            os.kill(pid, signal.SIGKILL)
        self.bed.until_guests(0)
        self.bed.start()
        self.assertEqual(domain.state, SHUTOFF)
        self.assertEqual(self.client.connect('ListDomains', 0), [domain.path])
        self.assertEqual(self.bed.files('run'), [])
        domain.Create(0)

    def test_guest_powered_off_meanwhile(self):
        domain, console = self.running()
        tty = domain.xml.split("<serial type='pty'>")[1].split("path='")[1].split("'")[0]
        self.bed.kill()
        device = os.open(tty, os.O_RDWR | os.O_NOCTTY)
        os.write(device, b'p')
        time.sleep(2.5)  # QEMU looks once a second whether somebody is there
        os.close(device)
        self.bed.start()
        self.assertEqual(domain.until_state(SHUTOFF), 1)
        self.bed.until_guests(0)

    def test_another_process_with_the_same_id_is_left_alone(self):
        domain, _ = self.running()
        (pid,) = self.bed.guests()
        self.bed.kill()
        os.kill(pid, signal.SIGKILL)
        self.bed.until_guests(0)
        innocent = os.fork()
        if innocent == 0:
            time.sleep(60)
            os._exit(0)
        self.addCleanup(os.waitpid, innocent, 0)
        self.addCleanup(os.kill, innocent, signal.SIGKILL)
        names = [name for name in self.bed.files('run') if name.endswith('.xml')]
        for name in names:
            with open(self.bed.path(name)) as file:
                text = file.read()
            with open(self.bed.path(name), 'w') as file:
                file.write(
                    text.replace(f'>{pid}<', f'>{innocent}<').replace(f"'{pid}'", f"'{innocent}'")
                )
        self.bed.start()
        self.assertEqual(domain.state, SHUTOFF)
        os.kill(innocent, 0)
        self.bed.guests = lambda *a: []  # the innocent one is ours

    def test_definitions_that_cannot_be_read_are_left_alone(self):
        good = self.bed.define('good')
        bad = self.bed.define('bad')
        (name,) = [name for name in self.bed.files('config') if bad.get('UUID') in name]
        self.bed.kill()
        with open(self.bed.path(name), 'w') as file:
            file.write('<domain type="qemu"><name>ba')
        self.bed.start()
        self.assertEqual(self.client.connect('ListDomains', 0), [good.path])
        with open(self.bed.path(name)) as file:
            self.assertEqual(file.read(), '<domain type="qemu"><name>ba')

    def test_killed_during_define(self):
        disk = self.bed.image()
        promised = {}
        for round in range(ROUNDS):
            calls = {f'r{round}n{i}': None for i in range(60)}
            for name in calls:
                calls[name] = self.client.begin(
                    ROOT, CONNECT, 'DomainDefineXML', self.bed.xml(name, disk=disk)
                )
            time.sleep(random.random() * 0.15)
            self.bed.kill()
            for name, serial in calls.items():
                try:
                    promised[name] = self.client.finish(serial)
                except BusError:
                    pass
            self.bed.start()
            there = {
                Domain(self.client, path).get('Name'): path
                for path in self.client.connect('ListDomains', 0)
            }
            for name, path in promised.items():
                self.assertEqual(there.get(name), path)
                self.assertIn(f'<name>{name}</name>', Domain(self.client, path).xml)
            for path in there.values():
                self.client.call(path, 'org.libvirt.Domain', 'Undefine', 0)
            promised.clear()
        self.assertEqual(self.bed.files('config'), [])

    def agrees(self, domain):
        """What is said is what is: off without a trace, or one process that answers. A guest that
        was told to go before the service was killed may go just now; then it is neither."""
        state, n = domain.state, len(self.bed.guests('guest'))
        if state == SHUTOFF:
            if n > 0 or self.bed.files('run'):
                return False
            domain.Create(0)
        try:
            if domain.state == PAUSED:
                domain.Resume()
            domain.console().knock(timeout=3)
        except (BusError, EOFError, OSError):
            return False
        return len(self.bed.guests('guest')) == 1

    def check(self, domain):
        deadline = time.monotonic() + 15
        while not self.agrees(domain):
            seen = domain.state, len(self.bed.guests('guest')), self.bed.files('run')
            self.assertLess(time.monotonic(), deadline, f'state, processes, files: {seen}')
            time.sleep(0.02)

    def test_killed_during_start(self):
        domain = self.bed.define('guest')
        domain.Create(0)
        domain.Destroy(0)
        for round in range(ROUNDS):
            call = domain.begin('Create', 0)
            time.sleep(random.random() * 0.3)
            self.bed.kill()
            answered = True
            try:
                self.client.finish(call)
            except BusError:
                answered = False
            self.bed.start()
            if answered:
                self.assertEqual(domain.state, RUNNING)
            self.check(domain)
            domain.Destroy(0)
            self.assertEqual(self.bed.guests(), [])

    def test_killed_during_destroy(self):
        domain = self.bed.define('guest')
        for round in range(ROUNDS):
            domain.Create(0)
            call = domain.begin('Destroy', 0)
            time.sleep(random.random() * 0.03)
            self.bed.kill()
            try:
                self.client.finish(call)
                self.assertEqual(self.bed.guests(), [])
            except BusError:
                pass
            self.bed.start()
            self.check(domain)
            domain.Destroy(0)

    def test_killed_at_any_moment(self):
        domain = self.bed.define('guest')
        for round in range(ROUNDS):
            calls = [
                domain.begin(member, *arguments)
                for member, arguments in random.choices(
                    (
                        ('Create', [0]),
                        ('Create', [1]),
                        ('Destroy', [0]),
                        ('Suspend', []),
                        ('Resume', []),
                        ('Reset', [0]),
                    ),
                    k=6,
                )
            ]
            time.sleep(random.random() * 0.4)
            self.bed.kill()
            for call in calls:
                try:
                    self.client.finish(call)
                except BusError:
                    pass
            self.bed.start()
            self.check(domain)
        domain.Destroy(0)
