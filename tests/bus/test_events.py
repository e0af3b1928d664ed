# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals: which, with what, and in which order. Clients act on the order."""
from harness import (
    CRASH,
    DEFINED,
    PROPERTIES,
    RESUMED,
    ROOT,
    SHUTDOWN,
    SHUTOFF,
    STARTED,
    START_PAUSED,
    STOPPED,
    SUSPENDED,
    UNDEFINED,
    BusTest,
    Domain,
)

MANAGER = 'org.freedesktop.DBus.ObjectManager'


class Events(BusTest):
    def after(self, domain, member, *arguments):
        """The domain's events that had come when the call was answered."""
        start = len(self.client.signals)
        domain.call(member, *arguments)
        return self.client.events(domain.path, start)

    def test_definitions(self):
        domain = self.bed.define('one')
        self.assertEqual(self.client.events(domain.path), [(DEFINED, 0)])
        start = len(self.client.signals)
        self.client.define(domain.xml)
        self.assertEqual(self.client.events(domain.path, start), [(DEFINED, 1)])
        self.assertEqual(self.after(domain, 'Rename', 'two', 0), [(UNDEFINED, 1), (DEFINED, 2)])
        self.assertEqual(self.after(domain, 'Undefine', 0), [(UNDEFINED, 0)])

    def test_start(self):
        domain = self.bed.define('one')
        self.assertEqual(self.after(domain, 'Create', 0), [(RESUMED, 0), (STARTED, 0)])

    def test_start_paused(self):
        domain = self.bed.define('one')
        self.assertEqual(self.after(domain, 'Create', START_PAUSED), [(STARTED, 0), (SUSPENDED, 0)])
        self.assertEqual(self.after(domain, 'Resume'), [(RESUMED, 0)])

    def test_suspend_and_resume(self):
        domain, _ = self.running('one')
        self.assertEqual(self.after(domain, 'Suspend'), [(SUSPENDED, 0)])
        self.assertEqual(self.after(domain, 'Resume'), [(RESUMED, 0)])

    def test_destroy(self):
        domain, _ = self.running('one')
        self.assertIn(
            self.after(domain, 'Destroy', 0), ([(SHUTDOWN, 2), (STOPPED, 1)], [(STOPPED, 1)])
        )

    def test_destroy_of_a_transient_one(self):
        domain = Domain(self.client, self.client.connect('DomainCreateXML', self.bed.xml('one'), 0))
        self.assertEqual(self.client.events(domain.path)[-2:], [(RESUMED, 0), (STARTED, 0)])
        events = self.after(domain, 'Destroy', 0)
        self.assertEqual([event for event in events if event != (SHUTDOWN, 2)], [(STOPPED, 1)])
        self.client.until(
            lambda one: one.member == 'InterfacesRemoved' and one.body[0] == domain.path
        )

    def test_shutdown(self):
        domain, _ = self.running('one')
        start = len(self.client.signals)
        domain.Shutdown(0)
        self.client.event(domain.path, STOPPED, start)
        self.assertEqual(self.client.events(domain.path, start), [(SHUTDOWN, 1), (STOPPED, 0)])

    def test_reset_is_one_reboot(self):
        domain, console = self.running('one')
        start = len(self.client.signals)
        domain.Reset(0)
        console.until(b'ready')
        self.client.collect(0.3)
        reboots = [one for one in self.client.signals[start:] if one.member == 'Reboot']
        self.assertEqual(
            [(one.path, one.interface) for one in reboots], [(domain.path, 'org.libvirt.Domain')]
        )
        self.assertEqual(self.client.events(domain.path, start), [])

    def test_panic(self):
        domain, console = self.running('one', devices="<panic model='isa'/>")
        start = len(self.client.signals)
        console.send(b'c')
        self.client.event(domain.path, STOPPED, start)
        events = self.client.events(domain.path, start)
        self.assertEqual(
            [one for one in events if one != (SHUTDOWN, 2)], [(CRASH, 0), (STOPPED, 2)]
        )

    def test_failed_start_says_nothing_of_a_start(self):
        domain = self.bed.define('one', disk=self.bed.path('missing.img'))
        start = len(self.client.signals)
        self.refused(domain.Create, 0)
        self.assertNotIn(STARTED, [event for event, _ in self.client.events(domain.path, start)])
        self.assertEqual(domain.state, SHUTOFF)

    def test_everything_is_told_before_the_reply(self):
        domain = self.bed.define('one')
        for member, arguments in ('Create', [0]), ('Suspend', []), ('Resume', []), ('Destroy', [0]):
            start = len(self.client.signals)
            domain.call(member, *arguments)
            n = len(self.client.events(domain.path, start))
            self.client.collect(0.2)
            self.assertEqual(
                len(self.client.events(domain.path, start)),
                n,
                f'{member} told more after its reply',
            )

    def test_two_clients_see_the_same(self):
        other = self.bed.new_client()
        domain, _ = self.running('one')
        domain.Destroy(0)
        other.event(domain.path, STOPPED)
        self.assertEqual(other.events(domain.path), self.client.events(domain.path))


class Properties(BusTest):
    def changes(self, domain, start):
        """What PropertiesChanged said last of each property; None for one only invalidated."""
        seen = {}
        for one in self.client.signals[start:]:
            if (
                one.member == 'PropertiesChanged'
                and one.path == domain.path
                and one.body[0] == 'org.libvirt.Domain'
            ):
                seen.update({name: value[1] for name, value in one.body[1].items()})
                seen.update(dict.fromkeys(one.body[2]))
        return seen

    def test_start_and_stop(self):
        domain = self.bed.define('one')
        start = len(self.client.signals)
        domain.Create(0)
        identity = domain.get('Id')
        seen = self.changes(domain, start)
        self.assertEqual((seen.get('Active'), seen.get('Id')), (True, identity))
        start = len(self.client.signals)
        domain.Destroy(0)
        seen = self.changes(domain, start)
        self.assertEqual((seen.get('Active'), seen.get('Id')), (False, 0))

    def test_rename_and_autostart(self):
        domain = self.bed.define('one')
        start = len(self.client.signals)
        domain.Rename('two', 0)
        self.assertEqual(self.changes(domain, start).get('Name'), 'two')
        start = len(self.client.signals)
        self.client.call(
            domain.path, PROPERTIES, 'Set', 'org.libvirt.Domain', 'Autostart', ('b', True)
        )
        self.client.collect(0.1)
        self.assertEqual(self.changes(domain, start), {'Autostart': True})

    def test_what_changed_is_what_get_says(self):
        domain, _ = self.running('one')
        domain.Undefine(0)
        seen = self.changes(domain, 0)
        self.assertEqual(seen.get('Persistent'), False)
        for name, value in seen.items():
            self.assertEqual(domain.get(name), value, name)

    def test_objects_come_and_go(self):
        domain = self.bed.define('one')
        (added,) = [one for one in self.client.signals if one.member == 'InterfacesAdded']
        self.assertEqual(added.body[0], domain.path)
        self.assertEqual(added.interface, MANAGER)
        self.assertEqual(added.body[1]['org.libvirt.Domain']['Name'], ('s', 'one'))
        domain.Undefine(0)
        (removed,) = [one for one in self.client.signals if one.member == 'InterfacesRemoved']
        self.assertEqual(removed.body[0], domain.path)
        self.assertIn('org.libvirt.Domain', removed.body[1])
