# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service ends while guests are being started or ended: who waits is told, nothing is lost."""
from harness import CONNECT, DOMAIN, ROOT, SHUTOFF, BusError, BusTest

# It speaks to no monitor until somebody connects, which nobody will.
WAITS = '''<domain type='qemu'><name>waits</name><memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
<devices><interface type='vhostuser'><source type='unix' path='%s' mode='server'/>
<model type='virtio'/></interface><memballoon model='none'/></devices></domain>'''


class Leaving(BusTest):
    def ends(self, *serials):
        self.assertEqual(self.bed.stop(), 0, self.bed.words())
        for serial in serials:
            with self.assertRaises(BusError) as caught:
                self.client.finish(serial)
            self.assertIn('the service ends', caught.exception.message)
        self.bed.start()

    def test_while_a_guest_starts(self):
        xml = WAITS % self.bed.path('socket')
        self.client.connect('GetCapabilities')  # what QEMU can do is known from then on
        first = self.client.begin(ROOT, CONNECT, 'DomainCreateXML', xml, 0)
        self.bed.until_guests(1, name='waits')
        self.ends(first)
        self.bed.until_guests(0)
        self.assertEqual(self.client.connect('ListDomains', 0), [])

    def test_while_others_wait_behind_it(self):
        domain = self.client.define(WAITS % self.bed.path('socket'))
        calls = [domain.begin('Create', 0), domain.begin('Create', 0), domain.begin('Undefine', 0)]
        self.bed.until_guests(1)
        self.ends(*calls)
        self.bed.until_guests(0)
        self.assertEqual(domain.state, SHUTOFF)
        self.client.call(domain.path, DOMAIN, 'Undefine', 0)
