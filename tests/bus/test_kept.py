# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secrets and network filters of the QEMU driver: they lie in files, and a service that is killed
(kill -9) at any moment leaves them whole.
"""
import base64
import glob
import os
import random
import stat
import time

from harness import CONNECT, BusError, BusTest
from things import Thing, leaf_of_uuid

QEMU = '/org/libvirt/QEMU'
UUID = '55806c7d-8e93-456f-829b-607d8c198367'
OTHER = '55806c7d-8e93-456f-829b-607d8c198368'
VALUE = b'tell nobody \x00\xff'
VALUES = [bytes([65 + i]) * size for i, size in enumerate((1, 40, 3000))]
ROUNDS = int(os.environ.get('VIRTBUS_ROUNDS', 8))


def secret_xml(uuid=UUID, name='disks', attributes=''):
    return (
        f'<secret {attributes}><uuid>{uuid}</uuid>'
        f"<usage type='ceph'><name>{name}</name></usage></secret>"
    )


class Kept(BusTest):
    seconds = 120

    def setUp(self):
        super().setUp()
        self.connection = Thing(self.client, QEMU, CONNECT)

    def secret(self, uuid=UUID):
        return Thing(
            self.client, f'{QEMU}/secret/{leaf_of_uuid(uuid)}', 'org.libvirt.Secret'
        )

    def file(self, name):
        return self.bed.path(f'config/virtbus/qemu/secrets/{name}')

    def files(self):
        return sorted(glob.glob('*', root_dir=self.file(''), include_hidden=True))

    def test_files(self):
        self.connection.SecretDefineXML(secret_xml(), 0)
        self.secret().SetValue(VALUE, 0)
        with open(self.file(f'{UUID}.base64'), 'rb') as file:
            self.assertEqual(base64.b64decode(file.read()), VALUE)
        mode = os.stat(self.file(f'{UUID}.base64')).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertNotIn('tell nobody', self.secret().GetXMLDesc(0))
        self.secret().Undefine()
        self.assertEqual(self.files(), [])

    def test_a_new_service_finds_them(self):
        self.connection.SecretDefineXML(secret_xml(), 0)
        self.secret().SetValue(VALUE, 0)
        self.connection.SecretDefineXML(secret_xml(OTHER, 'gone', "ephemeral='yes'"), 0)
        self.secret(OTHER).SetValue(VALUE, 0)
        low = self.connection.NWFilterDefineXML("<filter name='low'/>")
        self.connection.NWFilterDefineXML("<filter name='high'><filterref filter='low'/></filter>")
        self.bed.restart()
        self.assertEqual(self.connection.ListSecrets(0), [self.secret().path])
        self.assertEqual(bytes(self.secret().GetValue(0)), VALUE)
        self.assertEqual(self.secret().get('UsageID'), 'disks')
        self.assertEqual(self.connection.NWFilterLookupByName('low'), low)
        self.assertEqual(len(self.connection.ListNWFilters(0)), 2)
        self.refused(Thing(self.client, low, 'org.libvirt.NWFilter').Undefine, text='in use')

    def secret_begin(self, member, *args):
        """Without a question: there may be no secret yet."""
        signature = {'SetValue': 'ayu', 'Undefine': ''}[member]
        self.client.begin(
            self.secret().path, 'org.libvirt.Secret', member, *args, signature=signature
        )

    def test_killed_at_any_moment(self):
        for turn in range(ROUNDS):
            for i in range(turn, turn + 30):
                self.connection.begin('SecretDefineXML', secret_xml(), 0)
                self.secret_begin('SetValue', VALUES[i % 3], 0)
                if i % 2:
                    self.secret_begin('Undefine')
            time.sleep(random.uniform(0, 0.1))
            self.bed.restart()
            left = self.files()
            self.assertIn(left, ([], [f'{UUID}.xml'], [f'{UUID}.base64', f'{UUID}.xml']))
            known = self.connection.ListSecrets(0)
            self.assertEqual(known, [self.secret().path] if left else [])
            if len(left) == 2:
                self.assertIn(bytes(self.secret().GetValue(0)), VALUES)
            elif left:
                with self.assertRaises(BusError):
                    self.secret().GetValue(0)
