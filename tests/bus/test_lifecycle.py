# SPDX-License-Identifier: LGPL-2.1-or-later
"""From start to end, all of a guest's states."""
import os
import signal
import time

from harness import PAUSED, RUNNING, SHUTOFF, START_PAUSED, BusError, BusTest, Domain, command_of


class Lifecycle(BusTest):
    def test_start_and_destroy(self):
        domain, console = self.running()
        self.assertEqual(domain.GetState(0), (RUNNING, 1))
        self.assertTrue(domain.get('Active'))
        self.assertGreater(domain.get('Id'), 0)
        self.assertEqual(self.client.connect('DomainLookupByID', domain.get('Id')), domain.path)
        self.bed.until_guests(1)
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [], 'the process is over before the reply')
        self.assertEqual(domain.GetState(0), (SHUTOFF, 2))
        self.assertFalse(domain.get('Active'))
        self.assertEqual(domain.get('Id'), 0)
        self.assertTrue(console.ended())

    def test_the_button(self):
        domain, console = self.running()
        domain.Shutdown(0)
        console.until(b'button\r\n')
        self.assertEqual(domain.until_state(SHUTOFF), 1)

    def test_the_guest_powers_off(self):
        domain, console = self.running()
        console.send(b'p')
        self.assertEqual(domain.until_state(SHUTOFF), 1)

    def test_powers_off_at_once(self):
        domain = self.bed.define('guest', symbols=[f'auto={ord("p")}'])
        for _ in range(3):
            domain.Create(0)
            self.assertEqual(domain.until_state(SHUTOFF), 1)

    def test_a_deaf_guest_stays(self):
        domain = self.bed.define('guest', symbols=['deaf=1'])
        domain.Create(0)
        console = domain.console()
        console.knock()
        began = time.monotonic()
        domain.Shutdown(0)
        self.assertLess(time.monotonic() - began, 1, 'asking is all it does')
        console.knock()
        self.assertEqual(domain.state, RUNNING)

    def test_suspend_and_resume(self):
        domain, console = self.running()
        domain.Suspend()
        self.assertEqual(domain.GetState(0), (PAUSED, 1))
        console.send(b'x')
        with self.assertRaises(TimeoutError):
            console.until(b'x', 0.5)
        domain.Resume()
        self.assertEqual(domain.GetState(0), (RUNNING, 5))
        console.until(b'x')

    def test_started_paused(self):
        domain = self.bed.define('guest')
        domain.Create(START_PAUSED)
        self.assertEqual(domain.state, PAUSED)
        console = domain.console()
        domain.Resume()
        console.until(b'ready\r\n')

    def test_reset(self):
        domain, console = self.running()
        identity = domain.get('Id')
        domain.Reset(0)
        console.until(b'ready\r\n')
        self.assertEqual(domain.GetState(0)[0], RUNNING)
        self.assertEqual(domain.get('Id'), identity)

    def test_reboot(self):
        domain, console = self.running()
        domain.Reboot(0)
        console.until(b'button\r\n')
        console.until(b'ready\r\n')
        self.assertEqual(domain.state, RUNNING)

    def test_a_shutdown_after_a_reboot_is_one(self):
        domain, console = self.running()
        domain.Reboot(0)
        console.until(b'ready\r\n')
        console.knock()
        domain.Shutdown(0)
        self.assertEqual(domain.until_state(SHUTOFF), 1)

    def test_right_call_wrong_state(self):
        domain = self.bed.define('guest')
        for member, arguments in (
            ('Destroy', [0]),
            ('Shutdown', [0]),
            ('Reboot', [0]),
            ('Reset', [0]),
            ('Suspend', []),
            ('Resume', []),
        ):
            with self.subTest(member=member):
                self.refused(domain.call, member, *arguments, text='not running')
        domain.Create(START_PAUSED)
        self.refused(domain.Create, 0, text='running')
        self.refused(domain.Rename, 'other', 0)
        domain.Resume()
        self.refused(domain.Resume, text='running')

    def test_transient(self):
        domain = Domain(
            self.client, self.client.connect('DomainCreateXML', self.bed.xml('guest'), 0)
        )
        self.assertEqual(domain.state, RUNNING)
        self.assertFalse(domain.get('Persistent'))
        self.assertEqual(self.bed.files('config'), [])
        domain.Destroy(0)
        self.assertEqual(self.client.connect('ListDomains', 0), [])

    def test_transient_with_the_name_of_one_that_runs(self):
        domain, _ = self.running('guest')
        self.refused(
            self.client.connect, 'DomainCreateXML', self.bed.xml('guest', disk='/dev/null'), 0
        )
        self.assertEqual(domain.state, RUNNING)

    def test_killed_from_outside(self):
        domain, _ = self.running()
        os.kill(self.bed.guests('guest')[0], signal.SIGKILL)
        self.assertIn(domain.until_state(SHUTOFF), (3, 6))  # crashed or failed
        domain.Create(0)
        self.assertEqual(domain.state, RUNNING)

    def test_terminated_from_outside(self):
        domain, _ = self.running()
        os.kill(self.bed.guests('guest')[0], signal.SIGTERM)
        domain.until_state(SHUTOFF)

    def test_q35(self):
        controllers = "<controller type='sata' index='0'/>"
        disk = self.bed.image('q')
        xml = self.bed.xml('q', machine='q35', disk=disk, devices=controllers).replace(
            "<target dev='hda' bus='ide'/>", "<target dev='sda' bus='sata'/>"
        )
        domain = self.client.define(xml)
        domain.Create(0)
        console = domain.console()
        console.knock()
        domain.Shutdown(0)
        self.assertEqual(domain.until_state(SHUTOFF), 1)

    def test_destroy_graceful(self):
        domain, _ = self.running()
        domain.Destroy(1)
        self.assertEqual(domain.state, SHUTOFF)

    def test_destroy_of_a_suspended_one(self):
        domain, _ = self.running()
        domain.Suspend()
        domain.Destroy(0)
        self.assertEqual(domain.GetState(0), (SHUTOFF, 2))

    def test_ten_at_once(self):
        domains = [self.bed.define(f'g{i}') for i in range(10)]
        serials = [domain.begin('Create', 0) for domain in domains]
        for serial in serials:
            self.client.finish(serial, 40)
        self.assertEqual(len({domain.get('Id') for domain in domains}), 10)
        self.bed.until_guests(10)
        serials = [domain.begin('Destroy', 0) for domain in domains]
        for serial in serials:
            self.client.finish(serial)
        self.assertEqual(self.bed.guests(), [])

    def test_changes_of_one_domain_wait_in_line(self):
        domain = self.bed.define('guest')
        calls = [
            domain.begin('Create', 0),
            domain.begin('Suspend'),
            domain.begin('Resume'),
            domain.begin('Suspend'),
        ]
        for serial in calls:
            self.client.finish(serial)
        self.assertEqual(domain.state, PAUSED)

    def test_destroy_waits_for_no_other_change(self):
        domain = self.bed.define('guest')
        create = domain.begin('Create', 0)
        domain.Destroy(0)
        with self.assertRaises(BusError):
            self.client.finish(create)
        self.assertEqual(domain.state, SHUTOFF)

    def test_twenty_times(self):
        domain = self.bed.define('guest')
        for _ in range(20):
            domain.Create(0)
            domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])
        self.assertEqual(self.bed.files('run'), [])

    def test_what_runs_is_what_was_asked_for(self):
        domain, _ = self.running('strange,name=1')
        (pid,) = self.bed.guests()
        words = command_of(pid)
        self.assertIn('-nodefaults', words)
        self.assertTrue(any('strange,,name=1' in word for word in words), words)
