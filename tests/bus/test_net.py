# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interfaces on bridges and plain ethernet: real taps, in a network namespace of the test's own."""
import os
import re
import shutil
import subprocess
import unittest

from harness import PAUSED, SHUTOFF, BusTest

START_PAUSED = 1


@unittest.skipUnless(
    os.geteuid() == 0 and shutil.which('ip') and os.path.exists('/dev/net/tun'),
    'needs root, ip and /dev/net/tun',
)
class Net(BusTest):
    def setUp(self):
        with subprocess.Popen(
            ['unshare', '--net', 'sh', '-c', 'echo; read line'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as maker:
            if not maker.stdout.readline():
                self.skipTest('no network namespace can be made here')
            namespace = os.open(f'/proc/{maker.pid}/ns/net', os.O_RDONLY)
        self.addCleanup(os.close, namespace)  # with the descriptor it goes
        self.wrapper = ['nsenter', f'--net=/proc/{os.getpid()}/fd/{namespace}']
        self.ip('link', 'add', 'br0', 'type', 'bridge')
        super().setUp()

    def ip(self, *words):
        command = [*self.wrapper, 'ip', *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def links(self):
        """What each interface but lo is a member of."""
        found = {}
        for line in self.ip('-o', 'link').splitlines():
            name = re.match(r'\d+: ([^:@]+)', line)[1]
            master = re.search(r' master (\S+)', line)
            found[name] = master and master[1]
        del found['lo']
        return found

    def test_bridge(self):
        domain = self.bed.define(
            'guest',
            devices="<interface type='bridge'><mac address='52:54:00:12:34:56'/>"
            "<source bridge='br0'/><model type='virtio'/></interface>",
        )
        domain.Create(START_PAUSED)
        self.assertEqual(self.links(), {'br0': None, 'vnet0': 'br0'})
        self.assertIn('fe:54:00:12:34:56', self.ip('-o', 'link', 'show', 'vnet0'))
        self.assertIn(',UP', self.ip('-o', 'link', 'show', 'vnet0'))
        self.assertIn("<target dev='vnet0'/>", domain.xml)
        self.assertNotIn('vnet0', domain.call('GetXMLDesc', 2))
        self.bed.restart()
        self.assertEqual(domain.state, PAUSED)
        self.assertEqual(self.links(), {'br0': None, 'vnet0': 'br0'})
        domain.Destroy(0)
        self.assertEqual(self.links(), {'br0': None})

    def test_ethernet(self):
        domain = self.bed.define(
            'guest',
            devices="<interface type='ethernet'><target dev='mine'/><mtu size='1400'/></interface>"
            "<interface type='ethernet'/>",
        )
        domain.Create(START_PAUSED)
        self.assertEqual(self.links(), {'br0': None, 'mine': None, 'vnet0': None})
        self.assertIn('mtu 1400', self.ip('-o', 'link', 'show', 'mine'))
        domain.Destroy(0)
        self.assertEqual(self.links(), {'br0': None})

    def test_what_is_not_there(self):
        domain = self.bed.define(
            'guest',
            devices="<interface type='bridge'><source bridge='br0'/></interface>"
            "<interface type='bridge'><source bridge='absent'/></interface>",
        )
        self.refused(domain.Create, 0, text='absent')
        self.assertEqual(domain.state, SHUTOFF)
        self.assertEqual(self.links(), {'br0': None})
