#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of DHCPv6 (RFC 8415): asks for one address and prints it.

    dhcp6.py INTERFACE DUID [NAME]      DUID in hexadecimal digits
"""
import os
import socket
import struct
import sys
import time

SOLICIT, ADVERTISE, REQUEST, REPLY = 1, 2, 3, 7
CLIENT_ID, SERVER_ID, IA_NA, IA_ADDR, ELAPSED, STATUS, FQDN = 1, 2, 3, 5, 8, 13, 39


def option(code, data):
    return struct.pack('!HH', code, len(data)) + data


def options(data):
    found = {}
    while len(data) >= 4:
        code, size = struct.unpack('!HH', data[:4])
        found[code] = data[4:4 + size]
        data = data[4 + size:]
    return found


class Client:
    def __init__(self, interface, duid, name):
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.settimeout(1)
        self.there = ('ff02::1:2', 547, 0, socket.if_nametoindex(interface))
        self.common = option(CLIENT_ID, duid) + option(ELAPSED, b'\0\0')
        if name:
            self.common += option(FQDN, b'\1' + bytes([len(name)]) + name.encode())
        self.association = struct.pack('!III', 7, 0, 0)

    def ask(self, kind, answer, more):
        """What is in the answer; asked again until there is one."""
        number = os.urandom(3)
        message = bytes([kind]) + number + self.common + more
        for _ in range(30):
            try:
                self.socket.sendto(message, self.there)
                data = self.socket.recv(2000)
            except OSError:  # also while the own address is still being looked at
                time.sleep(0.2)
                continue
            if data[:4] == bytes([answer]) + number:
                return options(data[4:])
        sys.exit('no answer')

    def run(self):
        self.socket.bind(('::', 546))
        offer = self.ask(SOLICIT, ADVERTISE, option(IA_NA, self.association))
        lease = self.ask(REQUEST, REPLY,
                         option(SERVER_ID, offer[SERVER_ID]) + option(IA_NA, offer[IA_NA]))
        inner = options(lease[IA_NA][12:])
        if IA_ADDR not in inner:
            sys.exit(f'no address: {inner.get(STATUS, b"")[2:].decode()}')
        print(socket.inet_ntop(socket.AF_INET6, inner[IA_ADDR][:16]))


Client(sys.argv[1], bytes.fromhex(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else '').run()
