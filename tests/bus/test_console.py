# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's serial port as a descriptor over the bus: one holder, who can be replaced."""
import os
import subprocess
import time

from harness import BUILD, OWN, SHUTOFF, BusError, BusTest

FORCE, SAFE = 1, 2
TOOL = os.path.join(BUILD, 'tools/virtbus-console')


class Open(BusTest):
    def test_both_ways(self):
        _, console = self.running()
        text = bytes(range(0x20, 0x60)) * 20
        console.send(text)
        console.until(text)

    def test_by_alias(self):
        domain = self.bed.define('guest')
        domain.Create(0)
        domain.console('serial0').knock()

    def test_unknown_alias(self):
        domain = self.bed.define('guest')
        domain.Create(0)
        self.refused(lambda: domain.console('serial7'), text='serial7')

    def test_not_running(self):
        self.refused(self.bed.define('guest').console, text='not running')

    def test_one_holder(self):
        domain, console = self.running()
        self.refused(domain.console)
        console.knock()

    def test_force(self):
        domain, first = self.running()
        second = domain.console(flags=FORCE)
        self.assertTrue(first.ended())
        second.knock()
        self.refused(domain.console)

    def test_unknown_flags(self):
        domain, _ = self.running()
        self.refused(lambda: domain.console(flags=1 << 20))

    def test_closed_it_can_be_opened_again(self):
        domain, console = self.running()
        console.close()
        deadline = time.monotonic() + 5
        while True:
            try:
                again = domain.console()
                break
            except BusError:
                self.assertLess(time.monotonic(), deadline)
        again.knock()

    def test_ends_with_the_guest(self):
        domain, console = self.running()
        console.send(b'p')
        domain.until_state(SHUTOFF)
        self.assertTrue(console.ended())

    def test_a_holder_that_reads_nothing_holds_nobody_up(self):
        domain, console = self.running()
        for _ in range(20):
            console.send(b'x' * 1000)
        began = time.monotonic()
        for _ in range(50):
            domain.GetState(0)
            self.client.ping()
        self.assertLess(time.monotonic() - began, 2)
        domain.Destroy(0)

    def test_a_holder_whose_client_vanished(self):
        other = self.bed.new_client()
        domain = self.bed.define('guest')
        domain.Create(0)
        descriptor = other.call(domain.path, OWN, 'OpenConsole', '', 0)
        os.close(descriptor.to_raw_fd())
        other.close()
        self.client.collect(0.2)
        domain.console().knock()

    def test_two_ports(self):
        domain, _ = self.running(devices="<serial type='pty'><target port='1'/></serial>")
        second = domain.console('serial1')
        self.addCleanup(second.close)
        self.refused(lambda: domain.console('serial1'))

    def test_after_a_restart_of_the_service(self):
        domain, console = self.running()
        self.bed.restart()
        self.assertTrue(console.ended())
        domain.console().knock()


class Tool(BusTest):
    def setUp(self):
        if not os.path.exists(TOOL):
            self.skipTest(f'no {TOOL}')
        super().setUp()

    def start(self, *arguments):
        tool = subprocess.Popen(
            [TOOL, '--session', *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.bed.environment,
        )
        self.addCleanup(lambda: [file.close() for file in (tool.stdin, tool.stdout, tool.stderr)])
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)
        return tool

    def test_talks(self):
        domain = self.bed.define('guest')
        domain.Create(1)
        tool = self.start('guest')
        self.assertIn(b'guest', tool.stderr.readline())  # connected
        domain.Resume()
        self.assertEqual(tool.stdout.readline(), b'ready\r\n')
        tool.stdin.write(b'HALLO\n')
        tool.stdin.flush()
        self.assertEqual(tool.stdout.readline(), b'HALLO\n')
        tool.stdin.write(b'p')
        tool.stdin.flush()
        self.assertEqual(tool.wait(10), 0)

    def test_ends_by_its_key(self):
        domain = self.bed.define('guest')
        domain.Create(0)
        tool = self.start('guest', 'serial0')
        tool.stdin.write(b'\x1d')
        tool.stdin.flush()
        self.assertEqual(tool.wait(10), 0)

    def test_says_what_is_wrong(self):
        tool = self.start('nobody')
        self.assertEqual(tool.wait(10), 1)
        self.assertIn(b'nobody', tool.stderr.read())
