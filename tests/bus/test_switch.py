# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interfaces on bridges of a real Open vSwitch, which runs in the test's own network namespace with
its datapath in user space, so that no module of the kernel is needed."""
import os
import shutil
import signal
import subprocess
import time
import unittest

from harness import PAUSED, START_PAUSED
from joining import CONFIG, LIVE, MAC, Joins, interface

SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema'
PORT = "<virtualport type='openvswitch'>{}</virtualport>"
IDENTITY = '11223344-5566-7788-99aa-bbccddeeff00'
OTHER = MAC[:-1] + '5'


class Switch:
    """ovsdb-server and ovs-vswitchd, with all of their files in one folder."""

    def __init__(self, host, folder):
        self.host = host
        self.folder = folder
        os.mkdir(folder)
        names = ('OVS_RUNDIR', 'OVS_DBDIR', 'OVS_LOGDIR', 'OVS_SYSCONFDIR')
        self.environment = [f'{name}={folder}' for name in names]
        self.wrapper = [*host.wrapper, 'env', *self.environment]
        self.run('ovsdb-tool', 'create', f'{folder}/conf.db', SCHEMA)
        self.children = []
        self.begin('ovsdb-server', f'{folder}/conf.db', f'--remote=punix:{folder}/db.sock')
        deadline = time.monotonic() + 20
        while not os.path.exists(f'{folder}/db.sock') and time.monotonic() < deadline:
            time.sleep(0.02)
        self.vsctl('--no-wait', 'init')
        self.begin('ovs-vswitchd', f'unix:{folder}/db.sock')

    def begin(self, program, *arguments):
        with open(f'{self.folder}/{program}.log', 'ab') as log:
            self.children.append(subprocess.Popen(
                [*self.wrapper, program, *arguments, f'--unixctl={self.folder}/{program}.ctl',
                 '--pidfile'], stdout=log, stderr=log))

    def run(self, *words):
        return self.host.run('env', *self.environment, *words)

    def vsctl(self, *words):
        return self.run('ovs-vsctl', '--timeout=20', *words).strip()

    def bridge(self, name):
        self.vsctl('add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev')

    def get(self, table, record, column):
        return self.vsctl('get', table, record, column).replace('"', '')

    def close(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGKILL)
            child.wait()


@unittest.skipUnless(
    all(map(shutil.which, ('ovs-vsctl', 'ovs-vswitchd', 'ovsdb-server', 'ovsdb-tool')))
    and os.path.exists(SCHEMA),
    'needs Open vSwitch (openvswitch-switch)',
)
class OpenVSwitch(Joins):
    seconds = 150

    def begin(self):
        self.switch = Switch(self.host, self.folder())
        self.addCleanup(self.switch.close)
        self.switch.bridge('sw0')
        self.wrapper = self.switch.wrapper

    def setUp(self):
        super().setUp()
        self.bed.others += [child.pid for child in self.switch.children]

    def ports(self):
        return self.switch.vsctl('list-ports', 'sw0').split()

    def rows(self, table):
        found = self.switch.vsctl('--bare', '--columns=_uuid', 'list', table)
        return found.split()

    def test_what_it_is_told(self):
        """Port, ids, tags and limits are as asked, change with the interface and go with it."""
        def net(more, parameters='', source="<source bridge='sw0'/>", kind='bridge', mac=MAC):
            return interface(kind, source, PORT.format(parameters) + more, mac)

        ids = f"<parameters interfaceid='{IDENTITY}' profileid='a &quot;b&quot;, c'/>"
        limits = "<bandwidth><inbound average='1000' burst='64'/></bandwidth>"
        nets = [
            net("<vlan><tag id='42'/></vlan><port isolated='yes'/>" + limits, ids),
            net("<vlan trunk='yes'><tag id='7'/><tag id='8' nativeMode='untagged'/></vlan>",
                mac=OTHER),
        ]
        domain = self.bed.define('guest', devices=''.join(nets))
        domain.Create(START_PAUSED)
        get = self.switch.get
        self.assertEqual(self.ports(), ['vnet0', 'vnet1'])
        self.assertEqual(get('Port', 'vnet0', 'tag'), '42')
        self.assertEqual(get('Port', 'vnet0', 'protected'), 'true')
        self.assertEqual(get('Port', 'vnet1', 'trunks'), '[7, 8]')
        self.assertEqual(get('Port', 'vnet1', 'tag'), '8')
        self.assertEqual(get('Port', 'vnet1', 'vlan_mode'), 'native-untagged')
        for name, value in (('iface-id', IDENTITY), ('attached-mac', MAC),
                            ('vm-id', domain.get('UUID')), ('iface-status', 'active'),
                            ('port-profile', 'a \\b\\, c')):
            self.assertEqual(get('Interface', 'vnet0', f'external_ids:{name}'), value)
        self.assertIn(get('Interface', 'vnet1', 'external_ids:iface-id'), domain.xml)
        self.assertEqual(get('QoS', IDENTITY, 'other_config:max-rate'), str(1000 * 8192))
        self.assertIn('htb', self.host.run('tc', 'qdisc', 'show', 'dev', 'vnet0'))
        # Told anew where it changes, and only there.
        known = get('Interface', 'vnet1', '_uuid')
        self.update(domain, nets[1].replace("<model", "<link state='down'/><model"))
        self.assertEqual(get('Interface', 'vnet1', '_uuid'), known)
        self.update(domain, net("<vlan><tag id='43'/></vlan>", ids))
        self.assertEqual(get('Port', 'vnet0', 'tag'), '43')
        self.assertEqual(get('Port', 'vnet0', 'protected'), 'false')
        self.assertEqual((self.rows('QoS'), self.rows('Queue')), ([], []))
        self.assertNotIn('htb', self.host.run('tc', 'qdisc', 'show', 'dev', 'vnet0'))
        # A change that comes to nothing leaves it where it was.
        self.refused(self.update, domain,
                     net("<vlan><tag id='43'/></vlan>", ids, "<source bridge='sw9'/>"),
                     text='no bridge named sw9')
        self.until(lambda: self.ports() == ['vnet0', 'vnet1'])
        self.assertEqual(get('Port', 'vnet0', 'tag'), '43')
        self.assertIn("<source bridge='sw0'/>", domain.xml)
        # Found again by another life of the service, and by one that comes too late.
        self.bed.restart()
        self.assertEqual(domain.state, PAUSED)
        self.update(domain, nets[0])
        self.assertEqual(len(self.rows('Queue')), 1)
        self.bed.kill()
        for pid in self.bed.guests('guest'):
            os.kill(pid, signal.SIGKILL)
        self.bed.start()
        self.until(lambda: self.ports() == [])
        self.assertEqual((self.rows('QoS'), self.rows('Queue')), ([], []))
        domain.Create(START_PAUSED)
        self.assertEqual(self.ports(), ['vnet0', 'vnet1'])
        domain.Destroy(0)
        domain.Create(START_PAUSED)  # the same names, while the old ports are being removed
        self.assertEqual(self.ports(), ['vnet0', 'vnet1'])
        domain.Destroy(0)
        self.until(lambda: self.ports() == [])

    def update(self, domain, xml, flags=LIVE):
        return domain.client.call(domain.path, 'org.libvirt.Domain', 'UpdateDevice', xml, flags,
                                  signature='su')

    def test_what_it_refuses(self):
        self.bridge('br0')
        net = interface('bridge', "<source bridge='{}'/>", PORT.format('') + '{}')
        for bridge, more, text in (
            ('none', '', 'no bridge named none'),
            ('br0', '', 'no bridge named br0'),
            ('sw0', "<filterref filter='clean-traffic'/>", 'Open vSwitch'),
        ):
            domain = self.bed.define('guest', devices=net.format(bridge, more))
            self.refused(domain.Create, 0, text=text)
            self.assertEqual(self.ports(), [])
            domain.Undefine(0)
        plain = interface('bridge', "<source bridge='{}'/>", '{}')
        for bridge, more, text in (
            ('sw0', '', "virtualport type='openvswitch'"),
            ('br0', "<vlan><tag id='4'/></vlan>", 'vlan'),
            ('br0', "<virtualport type='midonet'/>", 'midonet'),
        ):
            domain = self.bed.define('guest', devices=plain.format(bridge, more))
            self.refused(domain.Create, 0, text=text)
            domain.Undefine(0)
        # It stands still: whoever waits is told, and the service serves others.
        domain = self.bed.define('guest', devices=net.format('sw0', ''))
        os.kill(self.switch.children[1].pid, signal.SIGSTOP)
        serial = domain.begin('Create', 0)
        self.client.ping()
        error = self.refused(self.client.finish, serial, text='ovs-vsctl')
        self.assertIn('vnet0', error.message)
        os.kill(self.switch.children[1].pid, signal.SIGCONT)
        self.until(lambda: self.ports() == [], 30)
        self.assertNotIn('vnet0', self.links())

    def test_tags_in_traffic(self):
        """Two guests, one by a network with a portgroup, talk as long as their tags are equal."""
        groups = ''.join(
            f"<portgroup name='{name}'><vlan><tag id='{tag}'/></vlan></portgroup>"
            for name, tag in (('red', 10), ('blue', 20))
        )
        self.client.call('/org/libvirt/QEMU', 'org.libvirt.Connect', 'NetworkCreateXML',
                         "<network><name>net</name><forward mode='bridge'/>"
                         f"<bridge name='sw0'/>{PORT.format('')}{groups}</network>", signature='s')
        by_network = "<source network='net' portgroup='{}'/>"
        nets = [
            interface('network', by_network.format('red')),
            interface('bridge', "<source bridge='sw0'/>",
                      PORT.format('') + "<vlan><tag id='10'/></vlan>", OTHER),
        ]
        one, two = (self.guest(f'guest{i}', net) for i, net in enumerate(nets))
        for i, guest in enumerate((one, two)):
            guest.booted().address(f'10.1.1.{i + 1}')
        self.assertTrue(one.pings('10.1.1.2', 3, 3))
        self.device('Update', one, interface('network', by_network.format('blue')), LIVE | CONFIG)
        self.assertEqual(self.switch.get('Port', 'vnet0', 'tag'), '20')
        self.assertFalse(one.pings('10.1.1.2', 2))
        self.assertFalse(two.pings('10.1.1.1', 2))
        self.device('Detach', two, nets[1])
        self.until(lambda: self.ports() == ['vnet0'])
        self.device('Attach', two, nets[1].replace("'10'", "'20'"))
        two.device('eth0')
        two.address('10.1.1.2')
        self.assertTrue(two.pings('10.1.1.1', 3, 3))


del Joins
