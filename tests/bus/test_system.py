# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system bus: who may do what, judged by a real polkitd."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import system
from harness import (
    BUILD,
    CONNECT,
    DOMAIN,
    NAME,
    OWN,
    PAUSED,
    PROPERTIES,
    ROOT,
    RUNNING,
    SHUTOFF,
    TEST_TIME,
    BusError,
    BusTest,
    Domain,
)

DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
ASK = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
MANAGER = 'org.freedesktop.DBus.ObjectManager'
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
SECRET = 'geheim'
SCREEN = f"<graphics type='vnc' port='-1' autoport='yes' passwd='{SECRET}'/>"
READ_SECURE = '''
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.api.domain.read-secure" && subject.user == "alice")
        return polkit.Result.YES;
    if (subject.user == "mallory")
        return polkit.Result.NO;
});
'''
ROOT_ADMINISTERS = '''
polkit.addAdminRule(function(action, subject) {
    return ["unix-user:root"];
});
'''


class System(unittest.TestCase):
    """A test with a SystemBed: root's client, alice's and mallory's."""

    refused = BusTest.refused

    def setUp(self):
        system.enter()
        signal.signal(signal.SIGALRM, BusTest.late)
        signal.alarm(TEST_TIME)
        self.bed = system.SystemBed()
        self.addCleanup(self.end)
        self.client = self.bed.client
        self.alice = self.bed.new_client('alice')
        self.mallory = self.bed.new_client('mallory')

    end = BusTest.end

    def rule(self, text):
        with open(os.path.join(system.RULES, '10-test.rules'), 'w') as file:
            file.write(text)

    def seen_by(self, client, domain):
        return Domain(client, domain.path)

    # ---- the bus ----

    def test_activated_by_its_name(self):
        self.assertFalse(self.bed.owns(NAME))
        self.assertEqual(self.alice.connect('ListDomains', 0), [])
        self.assertEqual(os.readlink(f'/proc/{self.bed.pid_of(NAME)}/exe'), system.SERVICE)
        self.bed.stop_service()
        self.assertFalse(self.bed.owns(NAME))
        self.assertEqual(self.alice.connect('ListDomains', 0), [])

    def test_only_root_owns_the_name(self):
        with self.assertRaises(BusError) as caught:
            self.mallory.ask_bus('RequestName', 'su', NAME, 0)
        self.assertEqual(caught.exception.name, DENIED)

    # ---- root, and what everybody has ----

    def test_root_starts_and_stops(self):
        domain = self.bed.define('web')
        domain.Create(0)
        self.assertEqual(domain.state, RUNNING)
        console = domain.console()
        self.addCleanup(console.close)
        console.knock()
        domain.Destroy(0)
        self.assertEqual(domain.state, SHUTOFF)
        self.assertFalse(self.bed.owns('org.freedesktop.PolicyKit1'))

    def test_what_is_free(self):
        domain = self.bed.define('web')
        alice = self.seen_by(self.alice, domain)
        self.assertEqual(alice.get('Name'), 'web')
        self.assertIn('<name>web</name>', alice.GetXMLDesc(0))
        self.assertEqual(alice.state, SHUTOFF)
        self.assertEqual(self.alice.connect('ListDomains', 0), [domain.path])
        self.assertEqual(self.alice.connect('DomainLookupByName', 'web'), domain.path)
        self.assertIn('Create', self.alice.call(domain.path, INTROSPECTABLE, 'Introspect'))
        every = self.alice.call(domain.path, PROPERTIES, 'GetAll', DOMAIN, signature='s')
        self.assertIn('Active', every)
        self.assertFalse(self.bed.owns('org.freedesktop.PolicyKit1'))

    def test_nothing_secret_is_free(self):
        domain = self.bed.define('web', devices=SCREEN)
        alice = self.seen_by(self.alice, domain)
        shown = [
            self.alice.call('/org/libvirt', MANAGER, 'GetManagedObjects'),
            self.alice.call(ROOT, MANAGER, 'GetManagedObjects'),
            self.alice.call(domain.path, PROPERTIES, 'GetAll', DOMAIN),
            self.alice.call(domain.path, PROPERTIES, 'GetAll', OWN),
            alice.GetXMLDesc(0),
            alice.GetXMLDesc(2),
        ]
        self.assertIn(domain.path, shown[0])
        self.assertNotIn(SECRET, str(shown))
        self.assertIn(SECRET, domain.GetXMLDesc(1))

    # ---- without a rule ----

    def test_everything_else_wants_an_administrator(self):
        domain = self.bed.define('web')
        alice = self.seen_by(self.alice, domain)
        for call, *arguments in (
            (alice.Create, 0),
            (alice.Destroy, 0),
            (alice.Undefine, 0),
            (alice.Rename, 'mine', 0),
            (alice.GetXMLDesc, 1),
            (alice.console,),
            (self.alice.define, self.bed.xml('other')),
            (self.alice.connect, 'DomainCreateXML', self.bed.xml('other'), 0),
        ):
            with self.subTest(call=str(call), arguments=arguments[:1]):
                self.refused(call, *arguments, name=ASK)
        arguments = (domain.path, PROPERTIES, 'Set', DOMAIN, 'Autostart', ('b', True))
        self.refused(self.alice.call, *arguments, name=ASK)
        self.assertEqual(self.client.connect('ListDomains', 0), [domain.path])
        self.assertEqual((domain.state, domain.get('Autostart')), (SHUTOFF, False))

    def test_polkit_that_says_no(self):
        self.rule(READ_SECURE)
        domain = self.bed.define('web')
        mallory = self.seen_by(self.mallory, domain)
        error = self.refused(mallory.Create, 0, name=DENIED)
        self.assertIn('org.libvirt.api.domain.start', error.message)
        self.mallory.interactive = True
        self.refused(mallory.Create, 0, name=DENIED)
        self.assertEqual(domain.state, SHUTOFF)

    def test_nobody_there_to_type_a_password(self):
        domain = self.bed.define('web')
        self.alice.interactive = True
        with self.assertRaises(BusError) as caught:
            self.seen_by(self.alice, domain).Create(0)
        self.assertIn(caught.exception.name, (ASK, DENIED))
        self.assertEqual(domain.state, SHUTOFF)

    # ---- a password ----

    def call_with_agent(self, password, *words):
        self.rule(ROOT_ADMINISTERS)
        words = ('busctl', '--system', 'call', NAME, *words)
        return system.call_with_agent('alice', password, *words)

    def test_the_password_of_an_administrator(self):
        domain = self.bed.define('web')
        status, said = self.call_with_agent(
            system.PASSWORD, domain.path, DOMAIN, 'Create', 'u', '1'
        )
        self.assertEqual(status, 0, said)
        self.assertIn('Authentication is required to start guest web\r', said)
        self.assertEqual(domain.state, PAUSED)
        # It was for that call.
        self.refused(self.seen_by(self.alice, domain).Destroy, 0, name=ASK)

    def test_a_wrong_password(self):
        domain = self.bed.define('web')
        status, said = self.call_with_agent('lion', domain.path, DOMAIN, 'Create', 'u', '1')
        self.assertEqual(status, 1, said)
        self.assertEqual(said.count('Password:'), 1)
        self.assertEqual(domain.state, SHUTOFF)

    def test_a_password_for_what_has_no_name_yet(self):
        xml = self.bed.xml('other')
        status, said = self.call_with_agent(
            system.PASSWORD, ROOT, CONNECT, 'DomainDefineXML', 's', xml
        )
        self.assertEqual(status, 0, said)
        for permission in 'domain:write', 'domain:save':
            self.assertIn(f'required for DomainDefineXML, which needs {permission}\r', said)
        self.assertNotIn('$(', said)
        self.client.connect('DomainLookupByName', 'other')

    # ---- rules ----

    def test_secrets_by_a_rule(self):
        self.rule(READ_SECURE)
        domain = self.bed.define('web', devices=SCREEN)
        self.assertIn(SECRET, self.seen_by(self.alice, domain).GetXMLDesc(1))
        self.refused(self.seen_by(self.alice, domain).Create, 0, name=ASK)
        self.refused(self.seen_by(self.mallory, domain).GetXMLDesc, 1, name=DENIED)
        self.assertIn('<name>', self.seen_by(self.mallory, domain).GetXMLDesc(0))

    def test_the_example_of_one_guest(self):
        self.bed.rules('50-virtbus-guest.rules')
        web, other = self.bed.define('web'), self.bed.define('webber')
        alice = self.seen_by(self.alice, web)
        alice.Create(1)
        self.assertEqual(web.state, PAUSED)
        self.refused(alice.Resume, name=ASK)
        self.refused(self.seen_by(self.alice, other).Create, 0, name=ASK)
        self.refused(self.seen_by(self.mallory, web).Destroy, 0, name=ASK)
        alice.Destroy(0)
        self.assertEqual((web.state, other.state), (SHUTOFF, SHUTOFF))
        # A name is what the rule goes by: who has it now is who is meant.
        web.Rename('old', 0)
        other.Rename('web', 0)
        self.refused(alice.Create, 0, name=ASK)
        self.seen_by(self.alice, other).Create(1)

    def test_the_example_of_a_group(self):
        self.bed.rules('50-virtbus-group.rules')
        oscar = self.bed.new_client('oscar')
        domain = oscar.define(self.bed.xml('web'))
        domain.Create(0)
        self.assertEqual(domain.state, RUNNING)
        self.refused(self.seen_by(self.alice, domain).Destroy, 0, name=ASK)
        domain.Destroy(0)
        domain.Undefine(0)
        self.assertEqual(self.client.connect('ListDomains', 0), [])

    def test_the_example_of_an_owner(self):
        self.bed.rules('50-virtbus-owner.rules')
        own, other = self.bed.define('alice-web'), self.bed.define('alicewonder')
        alice = self.seen_by(self.alice, own)
        alice.Create(1)
        alice.Resume()
        alice.Destroy(0)
        self.refused(alice.Undefine, 0, name=ASK)
        self.refused(alice.Rename, 'mallory-web', 0, name=ASK)
        self.refused(self.seen_by(self.alice, other).Create, 0, name=ASK)
        self.refused(self.seen_by(self.mallory, own).Create, 0, name=ASK)

    # ---- trouble ----

    def test_without_polkit_the_answer_is_no(self):
        self.bed.rules('50-virtbus-guest.rules')
        domain = self.bed.define('web')
        alice = self.seen_by(self.alice, domain)
        alice.Create(1)
        self.bed.mask_polkit()
        self.refused(alice.Destroy, 0, name=DENIED)
        self.assertEqual(alice.get('Name'), 'web')
        self.assertEqual(domain.state, PAUSED)
        domain.Destroy(0)

    def test_polkit_that_died_is_started_again(self):
        self.bed.rules('50-virtbus-guest.rules')
        domain = self.bed.define('web')
        alice = self.seen_by(self.alice, domain)
        alice.Create(1)
        pid = self.bed.pid_of('org.freedesktop.PolicyKit1')
        os.kill(pid, signal.SIGKILL)
        self.bed.until_gone(pid)
        alice.Destroy(0)
        self.assertEqual(domain.state, SHUTOFF)

    def test_many_at_once(self):
        self.rule(READ_SECURE)
        domain = self.bed.define('web', devices=SCREEN)
        many = [self.bed.new_client('alice') for _ in range(10)]
        many += [self.alice] * 10
        begun = [(client, self.seen_by(client, domain).begin('GetXMLDesc', 1)) for client in many]
        denied = [self.seen_by(self.mallory, domain).begin('GetXMLDesc', 1) for _ in range(10)]
        self.assertEqual(domain.state, SHUTOFF)
        for client, serial in begun:
            self.assertIn(SECRET, client.finish(serial))
        for serial in denied:
            with self.assertRaises(BusError) as caught:
                self.mallory.finish(serial)
            self.assertEqual(caught.exception.name, DENIED)


class Units(unittest.TestCase):
    """What systemd says of the units, with the path of a program that is there."""

    def verify(self, room, *words):
        if not shutil.which('systemd-analyze'):
            self.skipTest('SKIPPED: no systemd-analyze')
        folder = os.path.join(self.folder, room)
        os.mkdir(folder)
        name = 'virtbusd.service' if room == 'system' else 'virtbusd-user.service'
        with open(os.path.join(BUILD, 'data', name)) as file:
            text = re.sub(r'(?m)^ExecStart=\S+', f'ExecStart={system.SERVICE}', file.read())
        unit = os.path.join(folder, 'virtbusd.service')
        with open(unit, 'w') as file:
            file.write(text)
        done = subprocess.run(
            ['systemd-analyze', *words, 'verify', '--man=no', unit],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, XDG_RUNTIME_DIR=folder),
        )
        # About other units of the machine nothing is said here.
        said = [line for line in done.stdout.splitlines() if 'virtbusd' in line]
        self.assertEqual((said, done.returncode), ([], 0))

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='vb')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_of_the_system(self):
        self.verify('system')

    def test_of_a_user(self):
        self.verify('user', '--user')
