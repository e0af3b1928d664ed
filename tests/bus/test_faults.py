# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input, bad hypervisors, bad luck: each costs its own caller an error that says what is
wrong.
"""
import os
import signal
import socket
import time

from harness import CONNECT, HERE, PAUSED, ROOT, RUNNING, SHUTOFF, START_PAUSED, BusError, BusTest

FAKE = os.path.join(HERE, 'fakes/qemu')


class BadXml(BusTest):
    def refused_xml(self, text, expected=None):
        error = self.refused(self.client.connect, 'DomainDefineXML', text)
        if expected:
            self.assertIn(expected, error.message)
        self.client.ping()
        self.assertEqual(self.client.connect('ListDomains', 0), [])
        self.assertEqual(self.bed.files('config'), [])
        return error

    def test_not_xml(self):
        for text in (
            '',
            ' ',
            'domain',
            '<domain',
            '<domain>',
            '<domain/><domain/>',
            '<a></b>',
            '\ufeff',
            '<domain>&none;</domain>',
        ):
            with self.subTest(text=text):
                self.refused_xml(text)

    def test_not_a_domain(self):
        self.refused_xml('<network><name>n</name></network>')

    def test_incomplete(self):
        whole = self.bed.xml('one')
        for element, without in (
            ('name', '<name>one</name>'),
            ('memory', "<memory unit='MiB'>16</memory>"),
            ('os', "<type arch='x86_64' machine='pc'>hvm</type>"),
        ):
            with self.subTest(element=element):
                self.assertIn(without, whole)
                self.refused_xml(whole.replace(without, ''), element)

    def test_wrong_values(self):
        whole = self.bed.xml('one')
        for was, becomes in (
            ("unit='MiB'>16", "unit='MiB'>a lot"),
            ("unit='MiB'>16", "unit='MiB'>-16"),
            ("unit='MiB'>16", "unit='MiB'>99999999999999999999"),
            ("unit='MiB'", "unit='pint'"),
            ('<vcpu>1', '<vcpu>0'),
            ('<vcpu>1', '<vcpu>-1'),
            ("type='qemu'", "type='abacus'"),
            ("bus='ide'", "bus='omni'"),
            ("<name>one", '<name>'),
            ("<name>one", '<name>a/b'),
            ("<disk type='file'", "<disk type='shape'"),
            ("<serial type='pty'", "<serial type='x'"),
            ('<vcpu>', '<uuid>no uuid</uuid><vcpu>'),
        ):
            with self.subTest(value=becomes):
                self.assertIn(was, whole)
                self.refused_xml(whole.replace(was, becomes, 1))

    def test_says_where(self):
        error = self.refused_xml('<domain type="qemu">\n<name>x</name>\n<oops\n</domain>')
        self.assertRegex(error.message, r'[34]')

    def test_five_megabytes(self):
        began = time.monotonic()
        try:
            self.client.connect(
                'DomainDefineXML', self.bed.xml('one', rules=f'<title>{"x" * 5_000_000}</title>')
            )
        except BusError:
            pass
        try:
            self.client.connect(
                'DomainDefineXML',
                self.bed.xml('two', rules='<metadata>' + '<a b="c"/>' * 500_000 + '</metadata>'),
            )
        except BusError:
            pass
        self.client.ping()
        self.assertLess(time.monotonic() - began, 15)

    def test_a_thousand_deep(self):
        self.refused_xml(
            self.bed.xml('one', rules='<metadata>' + '<a>' * 1000 + '</a>' * 1000 + '</metadata>')
        )

    def test_a_hundred_thousand_deep(self):
        self.refused_xml('<domain>' + '<a>' * 100_000)

    def test_laughs(self):
        entities = '<!ENTITY l0 "lol">' + ''.join(
            f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)
        )
        began = time.monotonic()
        self.refused_xml(f'<!DOCTYPE domain [{entities}]>' + self.bed.xml('&l9;'))
        self.assertLess(time.monotonic() - began, 5)

    def test_external_entities(self):
        secret = self.bed.path('secret')
        with open(secret, 'w') as file:
            file.write('do-not-show')
        try:
            domain = self.client.define(
                f'<!DOCTYPE domain [<!ENTITY e SYSTEM "file://{secret}">]>'
                + self.bed.xml('one', rules='<title>&e;</title>')
            )
            self.assertNotIn('do-not-show', domain.xml)
        except BusError as e:
            self.assertNotIn('do-not-show', e.message)

    def test_document_type_from_the_network(self):
        server = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(server.close)
        server.settimeout(0.3)
        url = f'http://127.0.0.1:{server.getsockname()[1]}/d.dtd'
        try:
            self.client.connect(
                'DomainDefineXML', f'<!DOCTYPE domain SYSTEM "{url}">' + self.bed.xml('one')
            )
        except BusError:
            pass
        with self.assertRaises(TimeoutError):
            server.accept()

    def test_includes(self):
        xml = self.bed.xml(
            'one',
            rules="<metadata><x:include xmlns:x='http://www.w3.org/2001/XInclude' "
            "href='file:///etc/hostname' parse='text'/></metadata>",
        )
        self.assertIn('href=', self.client.define(xml).xml)


class BadStart(BusTest):
    arguments = ('--timeout', '2')

    def fake(self, name):
        path = self.bed.path(name)
        os.symlink(FAKE, path)
        return path

    def failed_start(self, domain, seconds):
        began = time.monotonic()
        error = self.refused(domain.Create, 0)
        self.assertLess(time.monotonic() - began, seconds, error.message)
        self.assertEqual(domain.state, SHUTOFF)
        self.assertEqual(domain.get('Id'), 0)
        self.bed.until_guests(0)
        self.assertEqual(self.bed.files('run'), [])
        return error

    def test_missing_disk(self):
        error = self.failed_start(self.bed.define('one', disk=self.bed.path('nowhere.img')), 5)
        self.assertIn('nowhere.img', error.message)

    def test_missing_disk_can_be_mended(self):
        path = self.bed.path('later.img')
        domain = self.bed.define('one', disk=path)
        self.failed_start(domain, 5)
        os.rename(self.bed.image(), path)
        domain.Create(0)
        self.assertEqual(domain.state, RUNNING)

    def test_missing_emulator(self):
        with self.assertRaises(BusError) as caught:
            self.bed.define('one', emulator='/nowhere/qemu').Create(0)
        self.assertIn('/nowhere/qemu', caught.exception.message)

    def test_emulator_that_is_no_program(self):
        with self.assertRaises(BusError) as caught:
            self.bed.define('one', emulator='/etc/hostname').Create(0)
        self.assertIn('/etc/hostname', caught.exception.message)

    def test_unknown_machine(self):
        with self.assertRaises(BusError) as caught:
            self.bed.define('one', machine='abacus').Create(0)
        self.assertIn('abacus', caught.exception.message)

    def test_last_words(self):
        error = self.failed_start(self.bed.define('one', emulator=self.fake('words')), 5)
        self.assertIn('this QEMU has had enough', error.message)

    def test_garbage(self):
        self.failed_start(self.bed.define('one', emulator=self.fake('garbage')), 8)

    def test_silent(self):
        error = self.failed_start(self.bed.define('one', emulator=self.fake('silent')), 8)
        self.assertIn('one', error.message + str(error.data))

    def test_greets_and_no_more(self):
        self.failed_start(self.bed.define('one', emulator=self.fake('greeting')), 8)

    def test_talks_without_end(self):
        self.failed_start(self.bed.define('one', emulator=self.fake('flood')), 15)

    def test_a_hundred_thousand_deep(self):
        self.failed_start(self.bed.define('one', emulator=self.fake('deep')), 8)

    def test_vanishes(self):
        self.failed_start(self.bed.define('one', emulator=self.fake('vanish')), 8)

    def test_ignores_sigterm(self):
        self.failed_start(self.bed.define('one', emulator=self.fake('stubborn')), 12)

    def test_probes_that_fail(self):
        for name in (
            'probe-words',
            'probe-garbage',
            'probe-silent',
            'probe-greeting',
            'probe-vanish',
        ):
            with self.subTest(name=name):
                began = time.monotonic()
                with self.assertRaises(BusError) as caught:
                    self.bed.define(name, emulator=self.fake(name)).Create(0)
                self.assertLess(time.monotonic() - began, 10)
                if name == 'probe-words':
                    self.assertIn('had enough', caught.exception.message)
                self.bed.until_guests(0)

    def test_a_silent_start_delays_nobody(self):
        slow = self.bed.define('slow', emulator=self.fake('silent'))
        other = self.bed.define('other')
        serial = slow.begin('Create', 0)
        began = time.monotonic()
        other.Create(0)
        self.assertLess(time.monotonic() - began, 1.8)
        other.Destroy(0)
        with self.assertRaises(BusError):
            self.client.finish(serial)

    def test_destroyed_while_it_starts(self):
        slow = self.bed.define('slow', emulator=self.fake('silent'))
        create = slow.begin('Create', 0)
        self.bed.until_guests(1)
        began = time.monotonic()
        try:
            slow.Destroy(0)
        except BusError:
            pass
        with self.assertRaises(BusError):
            self.client.finish(create)
        self.assertLess(time.monotonic() - began, 6)
        self.assertEqual(slow.state, SHUTOFF)

    def test_killed_while_it_starts(self):
        self.bed.define('warm').Create(START_PAUSED)
        for delay in 0, 0.01, 0.03, 0.06, 0.1:
            name = f'g{int(delay * 1000)}'
            with self.subTest(delay=delay):
                domain = self.bed.define(name)
                create = domain.begin('Create', 0)
                self.bed.until_guests(1, name=name)
                time.sleep(delay)
                os.kill(self.bed.guests(name)[0], signal.SIGKILL)
                try:
                    self.client.finish(create)
                except BusError as e:
                    self.assertTrue(e.message)
                domain.until_state(SHUTOFF)
                self.bed.until_guests(0, name=name)
                domain.Create(0)
                domain.Destroy(0)


class Frozen(BusTest):
    """A QEMU that is stopped (SIGSTOP) stands for one that hangs in a disk or in the kernel."""

    arguments = ('--timeout', '2')

    def setUp(self):
        super().setUp()
        self.other = self.bed.define('other')
        self.other.Create(START_PAUSED)
        self.domain, self.console = self.running('frozen')
        (self.pid,) = self.bed.guests('frozen')
        os.kill(self.pid, signal.SIGSTOP)

    def test_delays_nobody(self):
        stuck = self.domain.begin('Suspend')
        began = time.monotonic()
        self.other.Resume()
        self.other.Suspend()
        self.other.GetXMLDesc(0)
        self.domain.GetState(0)
        self.domain.GetXMLDesc(0)
        self.domain.get('Name')
        self.client.connect('ListDomains', 0)
        self.assertLess(time.monotonic() - began, 1)
        with self.assertRaises(BusError) as caught:
            self.client.finish(stuck, 5)
        self.assertIn('frozen', caught.exception.message + str(caught.exception.data))
        os.kill(self.pid, signal.SIGCONT)

    def test_its_changes_end_at_the_deadline(self):
        calls = [
            self.domain.begin('Suspend'),
            self.domain.begin('Reset', 0),
            self.domain.begin('Reset', 0),
        ]
        began = time.monotonic()
        for serial in calls:
            with self.assertRaises(BusError) as caught:
                self.client.finish(serial, 9)
            self.assertIn('frozen', caught.exception.message + str(caught.exception.data))
        self.assertLess(time.monotonic() - began, 8)
        os.kill(self.pid, signal.SIGCONT)

    def test_comes_back(self):
        with self.assertRaises(BusError):
            self.domain.Suspend()
        os.kill(self.pid, signal.SIGCONT)
        self.client.collect(0.5)
        if self.domain.state == PAUSED:  # the late answer of the first
            self.domain.Resume()
        self.console.knock()
        self.domain.Suspend()
        self.assertEqual(self.domain.state, PAUSED)

    def test_can_be_destroyed(self):
        began = time.monotonic()
        self.domain.Destroy(0)
        self.assertLess(time.monotonic() - began, 18)
        self.assertEqual(self.domain.state, SHUTOFF)

    def test_can_be_destroyed_while_a_change_hangs(self):
        stuck = self.domain.begin('Suspend')
        self.domain.Destroy(0)
        self.assertEqual(self.domain.state, SHUTOFF)
        with self.assertRaises(BusError):
            self.client.finish(stuck)

    def test_a_graceful_end_that_does_not_come(self):
        began = time.monotonic()
        self.refused(self.domain.Destroy, 1, text='frozen')
        self.assertLess(time.monotonic() - began, 12)
        self.assertEqual(self.domain.state, RUNNING)
        self.domain.Destroy(0)
        self.assertEqual(self.domain.state, SHUTOFF)

    def test_told_to_end_before_the_service_was_killed(self):
        self.domain.begin('Destroy', 0)
        self.client.call(self.domain.path, 'org.freedesktop.DBus.Peer', 'Ping')
        self.bed.restart()
        self.bed.until_guests(0, name='frozen')
        self.assertEqual(self.domain.until_state(SHUTOFF), 2)

    def test_found_again_while_frozen(self):
        self.bed.restart()
        self.assertEqual(self.other.state, PAUSED)
        self.other.Resume()
        self.assertEqual(self.domain.state, RUNNING)
        self.domain.Destroy(0)
        self.assertEqual(self.domain.state, SHUTOFF)
