# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtual networks beside what else the host runs: a real firewalld on the test's own bus, and a
systemd-resolved that writes down what it is told."""
import os
import shutil
import signal
import subprocess
import threading
import unittest

from harness import SERVICE
from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
from test_networks import NetworksTest, network_xml

ZONE = "<bridge zone='{}'"
LIBVIRT_ZONE = '''<?xml version="1.0"?><zone target="ACCEPT"><short>{}</short></zone>'''


class HostTest(NetworksTest):
    """The service is the system's, on the test's own bus."""

    def setUp(self):
        super().setUp()
        self.bed.stop()
        os.chmod(self.bed.folder, 0o711)
        os.makedirs(self.bed.path('root/var/lib'))
        self.bed.command = [*self.wrapper, SERVICE, '--system', f'--root={self.bed.path("root")}']
        self.bed.environment['DBUS_SYSTEM_BUS_ADDRESS'] = self.bed.address
        self.bed.start()


@unittest.skipUnless(shutil.which('firewalld'), 'firewalld is not installed')
class Firewalld(HostTest):
    seconds = 300

    def setUp(self):
        super().setUp()
        self.firewalld = None
        self.zones = self.bed.path('zones')
        os.makedirs(f'{self.zones}/zones')
        self.addCleanup(self.end_firewalld)

    def begin_firewalld(self, *zones):
        for zone in zones:
            with open(f'{self.zones}/zones/{zone}.xml', 'w', encoding='ascii') as file:
                file.write(LIBVIRT_ZONE.format(zone))
        self.firewalld = subprocess.Popen(
            [*self.wrapper, 'unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /run/lock && '
             f'exec firewalld --nofork --nopid --system-config={self.zones} --log-target=file '
             f'--log-file={self.bed.path("firewalld.log")}'],
            env={**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': self.bed.address},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: self.zone_of('lo') is not None, 60)

    def end_firewalld(self):
        if self.firewalld:
            self.firewalld.send_signal(signal.SIGTERM)
            self.firewalld.wait()
        self.firewalld = None

    def firewall(self, interface, member, *args):
        done = subprocess.run(
            ['busctl', f'--address={self.bed.address}', 'call', 'org.fedoraproject.FirewallD1',
             '/org/fedoraproject/FirewallD1', f'org.fedoraproject.FirewallD1{interface}', member,
             *args], capture_output=True, text=True, check=False, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else None

    def zone_of(self, link):
        found = self.firewall('.zone', 'getZoneOfInterface', 's', link)
        return found and found.split('"')[1]

    def ours(self):
        known = super().ours()
        own = {self.firewalld.pid} if self.firewalld else set()
        return [pid for pid in known if pid not in own]

    def test_zone_of_the_definition(self):
        network = self.define(network_xml().replace('<bridge', ZONE.format('public')))
        self.refused(network.Create, text="zone 'public' of interface 'vb7' takes firewalld")
        self.assertEqual(self.traces(), [])
        self.begin_firewalld()
        network.Create()
        self.assertEqual(self.zone_of('vb7'), 'public')
        self.bed.restart()
        self.assertEqual(self.zone_of('vb7'), 'public')
        network.Destroy()
        self.until(lambda: self.zone_of('vb7') == '')
        other = self.define(network_xml('o', 8).replace('<bridge', ZONE.format('nowhere')))
        self.refused(other.Create, text='INVALID_ZONE: nowhere')
        self.assertEqual(self.traces(), [])

    def test_zone_of_libvirt(self):
        self.begin_firewalld()
        network = self.started()
        self.assertEqual(self.zone_of('vb7'), '')
        self.assertIn('firewalld runs, and has none of the zones', self.bed.words())
        network.Destroy()
        self.end_firewalld()
        self.begin_firewalld('libvirt', 'libvirt-routed')
        network.Create()
        self.assertEqual(self.zone_of('vb7'), 'libvirt')
        routed = self.started(name='r', number=8, forward="<forward mode='route'/>")
        free = self.started(name='o', number=9, forward="<forward mode='open'/>")
        self.assertEqual(self.zone_of('vb8'), 'libvirt-routed')
        self.assertEqual(self.zone_of('vb9'), '')
        self.assertTrue(self.lease(self.guest(network)))
        self.assertIsNotNone(self.firewall('', 'completeReload'))
        self.until(lambda: self.zone_of('vb7') == 'libvirt', 60)
        self.end_firewalld()
        self.bed.restart()
        self.begin_firewalld()
        self.until(lambda: self.zone_of('vb7') == 'libvirt' and
                   self.zone_of('vb8') == 'libvirt-routed', 60)
        for one in network, routed, free:
            one.Destroy()
        self.until(lambda: self.zone_of('vb7') == '' and self.zone_of('vb8') == '')


class Resolved(threading.Thread):
    """Answers to the name of systemd-resolved; keeps its calls; refuses what `refuses` names."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.calls, self.refuses = [], None
        self.connection = open_dbus_connection(address)
        self.connection.send_and_get_reply(message_bus.RequestName('org.freedesktop.resolve1'))
        self.start()

    def run(self):
        while True:
            try:
                message = self.connection.receive()
            except (OSError, EOFError):
                return
            if message.header.message_type != MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            self.calls.append((member, message.body))
            self.connection.send(new_error(message, 'org.freedesktop.resolve1.No', 's', ('no',))
                                 if member == self.refuses else new_method_return(message))


class Names(HostTest):
    xml = network_xml(more="<domain name='lan.example' register='yes'/>")

    def test_domain_is_registered(self):
        network = self.define(self.xml)
        self.refused(network.Create, text='systemd-resolved refuses')
        self.assertFalse(network.get('Active'))
        resolved = Resolved(self.bed.address)
        self.addCleanup(resolved.connection.close)
        network.Create()
        index = int(self.host.run('cat', '/sys/class/net/vb7/ifindex', check=False).stdout or 0)
        self.assertEqual([call[0] for call in resolved.calls], ['SetLinkDNS', 'SetLinkDomains'])
        (link, servers), (same, domains) = (call[1] for call in resolved.calls)
        self.assertEqual(link, same)
        self.assertIn(index, (0, link))  # sysfs shows another network namespace's
        self.assertEqual([(family, bytes(address)) for family, address in servers],
                         [(2, bytes((10, 77, 7, 1)))])
        self.assertEqual(domains, [('lan.example', True)])
        network.Destroy()
        resolved.refuses = 'SetLinkDomains'
        self.refused(network.Create, text='systemd-resolved refuses')
        self.assertEqual(self.traces(), [])
        plain = self.started(name='p', number=8, more="<domain name='lan.example'/>")
        self.assertEqual(len(resolved.calls), 4)
        plain.Destroy()
