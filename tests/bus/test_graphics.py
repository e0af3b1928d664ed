# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's screen as a descriptor over the bus."""
import re
import shutil
import socket
import unittest

from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection

from harness import START_PAUSED, BusTest

VNC = (
    "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>"
    "<video><model type='vga'/></video>"
)


class Graphics(BusTest):
    def screen(self, domain, idx=0, flags=1):
        descriptor = domain.OpenGraphicsFD(idx, flags)
        connection = socket.socket(fileno=descriptor.to_raw_fd())
        connection.settimeout(5)
        self.addCleanup(connection.close)
        return connection

    def guest(self, devices=VNC):
        domain = self.bed.define('guest', devices=devices)
        domain.Create(START_PAUSED)
        return domain

    def test_vnc(self):
        connection = self.screen(self.guest())
        self.assertEqual(connection.recv(12), b'RFB 003.008\n')
        connection.sendall(b'RFB 003.008\n')
        n = connection.recv(1)[0]
        self.assertIn(1, connection.recv(n))  # no authentication

    def test_several_at_once(self):
        domain = self.guest()
        for _ in range(3):
            self.assertEqual(self.screen(domain).recv(12), b'RFB 003.008\n')

    def test_password_is_asked_for_unless_skipped(self):
        domain = self.guest(VNC.replace("type='vnc'", "type='vnc' passwd='secret'"))
        for flags, kind in (0, 2), (1, 1):
            connection = self.screen(domain, flags=flags)
            connection.recv(12)
            connection.sendall(b'RFB 003.008\n')
            self.assertIn(kind, connection.recv(connection.recv(1)[0]))

    def test_password_is_shown_to_who_asks_for_secrets(self):
        domain = self.guest(VNC.replace("type='vnc'", "type='vnc' passwd='secret'"))
        self.assertNotIn('secret', domain.GetXMLDesc(0))
        self.assertIn('secret', domain.GetXMLDesc(1))

    def test_the_port_is_in_the_definition_and_listens(self):
        domain = self.guest()
        port = int(re.search(r"<graphics[^>]* port='(\d+)'", domain.xml)[1])
        with socket.create_connection(('127.0.0.1', port), 5) as connection:
            self.assertEqual(connection.recv(12), b'RFB 003.008\n')
        self.assertRegex(domain.GetXMLDesc(2), r"port='-1'")

    @unittest.skipUnless(shutil.which('dbus-daemon'), 'no dbus-daemon')
    def test_a_bus_of_its_own(self):
        domain = self.guest("<graphics type='dbus'/><video><model type='vga'/></video>")
        address = re.search(r"<graphics type='dbus' address='([^']*)'", domain.xml)[1]
        with open_dbus_connection(address) as connection:
            bus = DBusAddress('/org/freedesktop/DBus', 'org.freedesktop.DBus',
                              'org.freedesktop.DBus')
            call = new_method_call(bus, 'NameHasOwner', 's', ('org.qemu',))
            self.assertEqual(connection.send_and_get_reply(call, timeout=10).body, (True,))
        self.assertNotIn('address=', domain.GetXMLDesc(2))
        domain.Destroy(0)

    def test_two_guests_have_two_ports(self):
        ports = set()
        for name in 'one', 'two':
            domain = self.bed.define(name, devices=VNC)
            domain.Create(START_PAUSED)
            ports.add(re.search(r"<graphics[^>]* port='(\d+)'", domain.xml)[1])
        self.assertEqual(len(ports), 2)

    def test_no_such_screen(self):
        domain = self.guest()
        self.refused(domain.OpenGraphicsFD, 1, 0)

    def test_none_at_all(self):
        domain = self.guest('')
        self.refused(domain.OpenGraphicsFD, 0, 0)

    def test_not_running(self):
        self.refused(self.bed.define('guest', devices=VNC).OpenGraphicsFD, 0, 0, text='not running')
