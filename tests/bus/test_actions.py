# SPDX-License-Identifier: LGPL-2.1-or-later
"""on_poweroff, on_reboot, on_crash: what becomes of a guest that powers off, resets itself or
panics.
"""
from harness import CRASH, CRASHED, RUNNING, SHUTDOWN, SHUTOFF, STARTED, STOPPED, BusTest

OFF = 4  # virDomainState's SHUTDOWN: QEMU is there, the machine is off


class Actions(BusTest):
    def guest(self, rule, action):
        domain, self.console = self.running(
            'guest', rules=f'<{rule}>{action}</{rule}>', devices="<panic model='isa'/>"
        )
        self.start = len(self.client.signals)
        return domain

    def events(self, domain):
        return self.client.events(domain.path, self.start)

    def restarted(self, domain):
        """In the same QEMU, or in a new one: it is up again and answers."""
        self.console.until(b'ready\r\n')
        self.console.knock()
        self.assertEqual(domain.state, RUNNING)
        self.assertNotIn(STOPPED, [event for event, _ in self.events(domain)])

    def renamed(self, domain):
        self.client.event(domain.path, STARTED, self.start)
        self.assertEqual(domain.get('Name'), 'guest-1')
        self.assertEqual(domain.state, RUNNING)
        domain.console().knock()

    def test_poweroff_destroy(self):
        domain = self.guest('on_poweroff', 'destroy')
        self.console.send(b'p')
        self.client.event(domain.path, STOPPED, self.start)
        self.assertEqual(self.events(domain), [(SHUTDOWN, 1), (STOPPED, 0)])
        self.assertEqual(domain.GetState(0), (SHUTOFF, 1))

    def test_poweroff_restart(self):
        domain = self.guest('on_poweroff', 'restart')
        self.console.send(b'p')
        self.restarted(domain)

    def test_poweroff_preserve(self):
        domain = self.guest('on_poweroff', 'preserve')
        self.console.send(b'p')
        domain.until_state(OFF)
        self.client.collect(0.3)
        self.assertEqual(domain.state, OFF)
        self.assertEqual(len(self.bed.guests()), 1)
        self.bed.restart()
        self.assertEqual(domain.until_state(OFF), 0)
        domain.Destroy(0)
        self.assertEqual(domain.state, SHUTOFF)

    def test_poweroff_rename_restart(self):
        domain = self.guest('on_poweroff', 'rename-restart')
        self.console.send(b'p')
        self.renamed(domain)

    def test_reboot_restart(self):
        domain = self.guest('on_reboot', 'restart')
        self.console.send(b'r')
        self.restarted(domain)
        self.assertEqual(
            [one.member for one in self.client.signals[self.start :] if one.member == 'Reboot'],
            ['Reboot'],
        )

    def test_reboot_destroy(self):
        domain = self.guest('on_reboot', 'destroy')
        self.console.send(b'r')
        self.client.event(domain.path, STOPPED, self.start)
        self.assertEqual(domain.state, SHUTOFF)
        self.bed.until_guests(0)

    def test_reboot_preserve(self):
        domain = self.guest('on_reboot', 'preserve')
        self.console.send(b'r')
        domain.until_state(OFF)
        self.client.collect(0.3)
        self.assertEqual(domain.state, OFF)
        self.assertEqual(len(self.bed.guests()), 1)

    def test_reboot_rename_restart(self):
        domain = self.guest('on_reboot', 'rename-restart')
        self.console.send(b'r')
        self.renamed(domain)

    def test_reset_from_outside_with_reboot_destroy(self):
        domain = self.guest('on_reboot', 'destroy')
        domain.Reset(0)
        self.restarted(domain)
        self.console.send(b'r')
        domain.until_state(SHUTOFF)

    def test_crash_destroy(self):
        domain = self.guest('on_crash', 'destroy')
        self.console.send(b'c')
        self.client.event(domain.path, STOPPED, self.start)
        events = [one for one in self.events(domain) if one != (SHUTDOWN, 2)]
        self.assertEqual(events, [(CRASH, 0), (STOPPED, 2)])
        self.assertEqual(domain.GetState(0), (SHUTOFF, 3))

    def test_crash_restart(self):
        domain = self.guest('on_crash', 'restart')
        self.console.send(b'c')
        self.restarted(domain)

    def test_crash_preserve(self):
        domain = self.guest('on_crash', 'preserve')
        self.console.send(b'c')
        self.assertEqual(domain.until_state(CRASHED), 1)
        self.client.collect(0.3)
        self.assertEqual(self.events(domain), [(CRASH, 0)])
        self.assertEqual(len(self.bed.guests()), 1)
        self.bed.restart()
        self.assertEqual(domain.until_state(CRASHED), 1)

    def test_crash_rename_restart(self):
        domain = self.guest('on_crash', 'rename-restart')
        self.console.send(b'c')
        self.renamed(domain)

    def test_the_rules_hold_after_a_restart_of_the_service(self):
        domain = self.guest('on_poweroff', 'restart')
        self.bed.restart()
        self.console = domain.console()
        self.console.knock()
        self.console.send(b'p')
        self.restarted(domain)
