#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make-policy.py FILE: writes the polkit policy, one action for each permission.

The permissions and who has them by default are libvirt's; tests/check-policy.py compares them with
what is asked for. `domain:open_graphics` is the action `org.libvirt.api.domain.open-graphics`.
"""
import sys
from xml.sax.saxutils import escape

# What the service gives to everybody without asking polkit (is_free() in service/gate.c).
FREE = ('getattr', 'read', 'search_')

# How an object is called in a description, and in a message, where polkit puts in the details of
# the question. A call of the connection that makes a new object has no such details yet.
OBJECTS = {
    'connect': ('the host', 'the host'),
    'domain': ('a guest', 'guest $(domain_name)'),
    'interface': ('a host interface', 'host interface $(interface_name)'),
    'network': ('a network', 'network $(network_name)'),
    'node_device': ('a host device', 'host device $(node_device_name)'),
    'nwfilter': ('a network filter', 'network filter $(nwfilter_name)'),
    'secret': ('a secret', 'secret $(secret_uuid)'),
    'storage_pool': ('a storage pool', 'storage pool $(pool_name)'),
    'storage_vol': ('a storage volume', 'storage volume $(vol_name)'),
}

# What somebody wants who needs the permission; {} is the object.
ACTIONS = {
    'connect': {
        'getattr': 'see {}',
        'read': 'read the properties of {}',
        'write': 'change {}',
        'search_domains': 'list the guests of {}',
        'search_interfaces': 'list the network interfaces of {}',
        'search_networks': 'list the networks of {}',
        'search_node_devices': 'list the devices of {}',
        'search_nwfilters': 'list the network filters of {}',
        'search_secrets': 'list the secrets of {}',
        'search_storage_pools': 'list the storage pools of {}',
        'detect_storage_pools': 'look for storage pools of {}',
        'interface_transaction': 'begin, commit or roll back changes of network interfaces of {}',
    },
    'domain': {
        'getattr': 'see {}',
        'read': 'read the definition and the state of {}',
        'read_secure': 'read the passwords of {}',
        'write': 'change {}',
        'save': 'save the definition of {}',
        'delete': 'delete the definition of {}',
        'start': 'start {}',
        'stop': 'switch off {}',
        'init_control': 'shut down or reboot {}',
        'reset': 'reset {}',
        'suspend': 'pause or resume {}',
        'hibernate': 'save the state of {} on disk',
        'migrate': 'move {} to another host',
        'snapshot': 'make, delete or go back to snapshots of {}',
        'core_dump': 'dump the memory of {}',
        'mem_read': 'read the memory of {}',
        'block_read': 'read the disks of {}',
        'block_write': 'change the disks of {}',
        'open_device': 'use the consoles of {}',
        'open_graphics': 'use the screen of {}',
        'send_input': 'send keys to {}',
        'send_signal': 'send signals to processes inside {}',
        'inject_nmi': 'send an NMI to {}',
        'pm_control': 'wake up {}',
        'fs_freeze': 'freeze the file systems of {}',
        'fs_trim': 'trim the file systems of {}',
        'set_password': 'set passwords inside {}',
        'set_time': 'set the clock of {}',
    },
    'interface': {
        'getattr': 'see {}',
        'read': 'read the definition of {}',
        'write': 'change {}',
        'save': 'save the definition of {}',
        'delete': 'delete the definition of {}',
        'start': 'bring up {}',
        'stop': 'take down {}',
    },
    'network': {
        'getattr': 'see {}',
        'read': 'read the definition and the state of {}',
        'write': 'change {}',
        'save': 'save the definition of {}',
        'delete': 'delete the definition of {}',
        'start': 'start {}',
        'stop': 'stop {}',
        'open_tap': 'join {}',
    },
    'node_device': {
        'getattr': 'see {}',
        'read': 'read the properties of {}',
        'write': 'change {}',
        'start': 'create {}',
        'stop': 'destroy {}',
        'detach': 'take {} from its driver, or give it back',
    },
    'nwfilter': {
        'getattr': 'see {}',
        'read': 'read the definition of {}',
        'write': 'change {}',
        'save': 'save the definition of {}',
        'delete': 'delete the definition of {}',
    },
    'secret': {
        'getattr': 'see {}',
        'read': 'read the definition of {}',
        'read_secure': 'read the value of {}',
        'write': 'change {}',
        'save': 'save the definition of {}',
        'delete': 'delete {}',
    },
    'storage_pool': {
        'getattr': 'see {}',
        'read': 'read the definition and the state of {}',
        'write': 'change {}',
        'save': 'save the definition of {}',
        'delete': 'delete the definition of {}',
        'start': 'start {}',
        'stop': 'stop {}',
        'refresh': 'look for new volumes in {}',
        'format': 'make or wipe the storage behind {}',
        'search_storage_vols': 'list the volumes of {}',
    },
    'storage_vol': {
        'getattr': 'see {}',
        'read': 'read the properties of {}',
        'create': 'make {}',
        'delete': 'delete {}',
        'format': 'wipe {}',
        'resize': 'resize {}',
    },
}

HEAD = '''<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd">
<policyconfig>
  <!-- Made by data/polkit/make-policy.py.

       Everything is auth_admin, and nothing auth_admin_keep: polkit keeps an answer for an action
       whatever its details, so a password typed to start one guest would start all the others. -->
  <vendor>virtbus</vendor>
'''
ACTION = '''
  <action id="org.libvirt.api.{id}">
    <description>{description}</description>
    <message>Authentication is required to {message}</message>
    <defaults>
      <allow_any>{who}</allow_any>
      <allow_inactive>{who}</allow_inactive>
      <allow_active>{who}</allow_active>
    </defaults>
  </action>
'''


def write(file):
    file.write(HEAD)
    for object, verbs in ACTIONS.items():
        some, this = OBJECTS[object]
        for verb, wish in verbs.items():
            described = wish.format(some)
            file.write(
                ACTION.format(
                    id=f'{object}.{verb}'.replace('_', '-'),
                    description=escape(described[0].upper() + described[1:]),
                    message=escape(wish.format(this)),
                    who='yes' if is_free(verb) else 'auth_admin',
                )
            )
    file.write('</policyconfig>\n')


def is_free(verb):
    return any(verb.startswith(free) if free.endswith('_') else verb == free for free in FREE)


if __name__ == '__main__':
    with open(sys.argv[1], 'w') as out:
        write(out)
