/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of native configurations, each in the spellings that it has.
 *
 *         test-native-keys DATA
 *
 * What is read and written again has every key and value; what has words in the document is found
 * there. The other way round, what a document says is said by the one that its configuration
 * becomes. Configurations in DATA are read as a whole. */
#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>

#include "conf/xml.h"
#include "drivers/xen/driver.h"
#include "drivers/xen/native.h"
#include "tests/unit/native.h"

/* ---- there and back ---- */

/* The document, when all keys come back from it. */
static char *trip(const char *format, const char *text) {
        _cleanup_(native_config_freep) NativeConfig *before = parse(format, text), *after = NULL;
        _cleanup_(freep) char *xml = NULL, *again = NULL;
        _cleanup_(error_clear) Error error = {};
        size_t lost = 0;

        if (native_to_xml(format, text, &xml, &error) < 0 ||
            native_from_xml(format, xml, &again, &error) < 0)
                printf("%s\n%s\n", error.message, text);
        CHECK(xml && again);
        after = parse(format, again);
        for (size_t i = 0; i < before->n; i++) {
                const NativeEntry *entry = &before->entries[i];

                if (native_value_equal(entry->value, native_get(after, entry->name)))
                        continue;
                printf("'%s' is lost or otherwise in\n%s\n", entry->name, again);
                lost++;
        }
        CHECK(lost == 0);
        return TAKE(xml);
}

static void check_folder(const char *folder) {
        DIR *dir = opendir(folder);
        size_t n = 0;

        CHECK(dir);
        for (struct dirent *entry; (entry = readdir(dir)); ) {
                if (fnmatch("*.cfg", entry->d_name, 0) != 0)
                        continue;
                _cleanup_(freep) char *text = read_text(folder, entry->d_name);

                free(trip("xen-xl", text));
                torture("xen-xl", text);
                n++;
        }
        closedir(dir);
        CHECK(n > 0);
}

/* ---- one key at a time ---- */

#define PV "type = 'pv'\nkernel = '/k'\n"
#define HVM "type = 'hvm'\n"
#define PVH "type = 'pvh'\nkernel = '/k'\n"
#define XM_HVM "builder = 'hvm'\nkernel = '/usr/lib/xen/boot/hvmloader'\n"
#define XM_PV "kernel = '/k'\n"

typedef struct Row {
        const char *guest, *text;
        const char *piece, *other; /* of the document */
} Row;

static const Row xl_rows[] = {
        { HVM, "memory = '512'\nmaxmem = 1024", "<memory unit='KiB'>1048576<", "KiB'>524288<" },
        { PV, "maxvcpus = 4", "current='1'>4</vcpu>" },
        { PV, "vcpus = 2\ncpus = '0-3,^2'", "cpuset='0-3,^2'" },
        { PV, "vcpus = 2\ncpus = [ '1', '2-3' ]", "vcpu='1' cpuset='2-3'" },
        { PV, "vcpus = 2\ncpus = 'all,^node:1'" },
        { PV, "vcpus = 2\ncpus = [ 'all', 'nodes:0-1,^3' ]" },
        { PV, "cpu_weight = 300", "<shares>300<" },
        { PV, "bootloader = '/usr/bin/pygrub'\nbootloader_args = '-q'", "args>-q<" },
        { PV, "bootloader_args = [ '-q', 'two words' ]" },
        { PV, "root = '/dev/xvda1'", "<cmdline>root=/dev/xvda1<" },
        { PV, "extra = 'ro'", "<cmdline>ro<" },
        { PV, "root = '/dev/xvda1 ro'\nextra = 'quiet'", "root=/dev/xvda1 ro quiet<" },
        { PV, "cmdline = 'one'\nextra = 'two'\nroot = 'three'", "<cmdline>one<" },
        { PVH, "cmdline = 'one'", "machine='xenpvh'>xenpvh<", "<cmdline>one<" },
        { "pvh = 1\nkernel = '/k'\n", "vcpus = 1", "machine='xenpvh'>xenpvh<" },
        { "builder = 'generic'\nkernel = '/k'\n", "vcpus = 1", "machine='xenpv'>linux<" },
        { HVM, "kernel = '/k'\nramdisk = '/r'\ncmdline = 'c'", "<initrd>/r<" },
        { HVM, "boot = 'ncda'", "<boot dev='network'/>", "<boot dev='fd'/>" },
        { HVM, "bios = 'ovmf'", "type='pflash'>/usr/lib/xen/boot/ovmf.bin<" },
        { HVM, "bios = 'ovmf'\nbios_path_override = '/o'", "type='pflash'>/o<" },
        { HVM, "bios = 'rombios'", "type='rom'>/usr/lib/xen/boot/hvmloader<" },
        { HVM, "firmware = 'uefi'", "type='pflash'>" },
        { HVM, "firmware = 'bios'", "type='rom'>" },
        { HVM, "acpi_firmware = '/slic'", "<table type='slic'>/slic<" },
        { HVM, "acpi = 0\napic = 0\npae = 0\nhap = 0", "<hap state='off'/>" },
        { HVM, "viridian = 1", "<viridian/>" },
        { HVM, "viridian = [ 'base', '!freq' ]", "<viridian/>" },
        { HVM, "nestedhvm = 0", "policy='disable' name='vmx'" },
        { HVM, "nestedhvm = 1\ncpuid = 'host,tm=0,htt=1,sse3=x'", "policy='disable' name='tm'",
          "policy='force' name='ht'" },
        { HVM, "cpuid = [ '0x1:ecx=xx0xxxxxxxxxxxxxxxxxxxxxxxxxxxxx' ]" },
        { PVH, "cpuid = 'host,avx=0'", "policy='disable' name='avx'" },
        { PVH, "nestedhvm = 1" },
        { HVM, "tsc_mode = 'native_paravirt'", "mode='paravirt'" },
        { HVM, "tsc_mode = 1", "mode='emulate'" },
        { HVM, "hpet = 1", "name='hpet' present='yes'" },
        { HVM, "localtime = 1\nrtc_timeoffset = '-7200'", "adjustment='-7200' basis='localtime'" },
        { PV, "localtime = 1", "offset='localtime'" },
        { HVM, "acpi_s3 = 0\nacpi_s4 = 1", "<suspend-to-mem enabled='no'/>",
          "<suspend-to-disk enabled='yes'/>" },
        { PV, "e820_host = 0", "<e820_host state='off'/>" },
        { PV, "passthrough = 'share_pt'", "mode='share_pt'" },
        { HVM, "passthrough = 'unknown'" },
        { PV, "on_poweroff = 'preserve'\non_reboot = 'rename-restart'", ">rename-restart<" },
        { PV, "on_crash = 'coredump-restart'\non_watchdog = 'destroy'", ">coredump-restart<" },
        { PV, "on_soft_reset = 'soft-reset'\nvpmu = 1\nnomigrate = 1\npool = 'p'" },
        { PV, "max_grant_frames = 16\nmax_event_channels = 99", "maxGrantFrames='16'",
          "maxEventChannels='99'" },
        { HVM, "max_maptrack_frames = 7\nmax_grant_version = 1\nvmtrace_buf_kb = 64" },
        { HVM, "vnuma = [ [ 'pnode=0', 'size=64', 'vcpus=0-1', 'vdistances=10,20' ],"
               " [ 'size=64', 'vcpus=2,3', 'pnode=0', 'vdistances=20,10' ] ]\nvcpus = 4\n"
               "memory = 128", "cpus='2,3'", "<sibling id='1' value='20'/>" },

        { PV, "disk = [ '/i,raw,xvda,w', ',,xvdb:cdrom,r', '/dev/x,,xvdc,rw' ]",
          "<source file='/i'/>" },
        { PV, "disk = [ 'format=qcow2,vdev=xvda,access=ro,backendtype=qdisk,target=/a,b' ]",
          "<source file='/a,b'/>", "<readonly/>" },
        { PV, "disk = [ 'vdev=xvda,backendtype=phy,target=/dev/x' ]", "<source dev='/dev/x'/>",
          "name='phy'" },
        { PV, "disk = [ 'vdev=xvda,backendtype=tap,format=vhd,target=/x' ]", "type='vpc'" },
        { PV, "disk = [ 'vdev=xvda,backend=storage,target=/x' ]", "domain name='storage'" },
        { PV, "disk = [ 'vdev=xvda,discard,target=/x', 'vdev=xvdb,no-discard,target=/y' ]",
          "discard='unmap'", "discard='ignore'" },
        { PV, "disk = [ 'file:/a,xvda,w', 'phy:/dev/b,xvdb,r', 'tap:aio:/c,xvdc,w' ]",
          "<source dev='/dev/b'/>" },
        { HVM, "disk = [ '/c.iso,raw,hdc:cdrom,r', ',raw,hdd,r,devtype=cdrom' ]",
          "type='file' device='cdrom'" },
        { PV, "disk = [ 'vdev=xvda,backendtype=qdisk,target=rbd:p/i:auth_supported=none:mon_host="
              "a\\\\:1\\\\;b\\\\:2' ]", "<host name='a' port='1'/>", "<host name='b' port='2'/>" },
        { PV, "disk = [ '/x,raw,xvda,w!', 'vdev=xvdb,access=!,target=/y' ]", "<shareable/>" },
        { PV, "disk = [ 'vdev=xvda,script=block-iscsi,target=iqn.2001-05.com:x' ]" },

        { PV, "vif = [ '' ]", "type='ethernet'" },
        { PV, "vif = [ 'mac=00:16:3e:00:00:01,bridge=b' ]", "<source bridge='b'/>" },
        { PV, "vif = [ 'mac = 00:16:3e:00:00:01 , bridge = b , vifname = v' ]", "dev='v'" },
        { HVM, "vif = [ 'type=vif', 'type=ioemu,model=e1000', 'model=rtl8139' ]", "'netfront'",
          "type='e1000'" },
        { PV, "vif = [ 'script=vif-route,ip=10.0.0.1 fe80::1,gatewaydev=eth0' ]",
          "address='fe80::1' family='ipv6'", "<script path='vif-route'/>" },
        { PV, "vif = [ 'mac=00:16:3e:00:00:01,backend=net,mtu=1400,devid=3,trusted=0' ]",
          "<mtu size='1400'/>", "domain name='net'" },
        { PV, "vif = [ 'rate=10MB/s@20ms' ]", "average='10000'" },
        { PV, "vif = [ 'bridge=o.3,script=vif-openvswitch', 'bridge=p:1:2,script=vif-openvswitch']",
          "<tag id='3'/>", "trunk='yes'" },

        { HVM, "serial = 'pty'", "<serial type='pty'>" },
        { HVM, "serial = [ 'none', 'tcp:1.2.3.4:5,server,nowait', '/dev/ttyS0' ]",
          "<target port='2'/>", "mode='bind' host='1.2.3.4' service='5'" },
        { HVM, "serial = [ 'unix:/s,server,nowait', 'telnet:h:1', 'file:/f', 'null', 'vc' ]" },
        { HVM, "serial = [ 'udp:1.2.3.4:5@6.7.8.9:10', 'pipe:/p', 'stdio' ]", "type='udp'" },
        { HVM, "parallel = 'pty'", "<parallel type='pty'>" },
        { PV, "channel = [ ' name = a , connection = SOCKET , path = /s ' ]",
          "<target type='xen' name='a'/>", "path='/s'" },
        { PV, "channel = [ 'connection=pty,name=a,backend=b' ]", "<channel type='pty'>" },
        { PV, "p9 = [ 'tag=t,security_model=none,path=/srv' ]", "<source dir='/srv'/>",
          "<target dir='t'/>" },
        { PV, "p9 = [ 'path=/srv,tag=t,security_model=none,backend=b' ]", "<target dir='t'/>" },
        { HVM, "usb = 1\nusbdevice = 'mouse'", "type='mouse' bus='usb'" },
        { HVM, "usbdevice = [ 'tablet', 'host:1.2' ]", "type='tablet' bus='usb'" },
        { HVM, "soundhw = 'es1370,hda'", "model='es1370'", "model='ich6'" },
        { HVM, "soundhw = 'all'" },
        { PV, "usbctrl = [ 'type=qusb,version=1,ports=4', 'version=2' ]",
          "model='qusb1' ports='4'" },
        { PV, "usbdev = [ 'type=hostdev,hostbus=1,hostaddr=3,controller=0,port=2' ]",
          "<address bus='1' device='3'/>" },
        { PV, "pci = [ '01:02.3', '0001:04:05.6@7,permissive=1' ]", "slot='0x02' function='0x3'",
          "writeFiltering='no'" },
        { HVM, "pci = [ '01:02.*,rdm_policy=relaxed' ]", "slot='0x02' function='0x0'" },
        { PV, "pci = [ '01:02.3' ]\npci_permissive = 1\npci_seize = 1" },

        { HVM, "vnc = 1\nvnclisten = '0.0.0.0'", "listen='0.0.0.0'" },
        { HVM, "vncunused = 0\nvncdisplay = 3", "port='5903' autoport='no'" },
        { HVM, "vnclisten = '1.2.3.4:5'", "port='5905' autoport='no'" },
        { HVM, "vnc = 0\nsdl = 1\ndisplay = ':1'\nxauthority = '/x'", "display=':1' xauth='/x'" },
        { HVM, "vnc = 1\nkeymap = 'de'\nvncpasswd = 'p'", "keymap='de' passwd='p'" },
        { HVM, "spice = 1\nspicehost = 'h'\nspiceport = 6000\nspicepasswd = 'p'", "passwd='p'" },
        { HVM, "spice = 1\nspiceport = 6000\nspiceagent_mouse = 1\nspicevdagent = 1\n"
               "spice_clipboard_sharing = 1", "mode='client'", "copypaste='yes'" },
        { HVM, "nographic = 1" },
        { HVM, "vga = 'qxl'\nvideoram = 256", "type='qxl' vram='262144'" },
        { HVM, "stdvga = 1", "type='vga'" },
        { HVM, "vga = 'none'\nvnc = 0", "<model type='none'/>" },
        { PV, "vfb = [ 'vnc=1,vnclisten=1.2.3.4,vncunused=0,vncdisplay=2' ]", "port='5902'" },
        { PV, "vfb = [ 'type=sdl,xauthority=/x,display=:1', 'sdl=1,vnc=0,keymap=fr' ]",
          "display=':1' xauth='/x'" },
        { PV, "vnc = 1\nvncdisplay = 2", "port='5902'" },
        { HVM, "device_model_args = [ '-a', 'b c' ]", "<xen:arg value='b c'/>" },
        { HVM, "device_model_override = '/q'", "<emulator>/q</emulator>" },
        { HVM, "device_model_version = 'qemu-xen'\ndevice_model_stubdomain_override = 1" },
};

static const Row xm_rows[] = {
        { XM_PV, "vcpus = 4\nvcpu_avail = 3", "current='2'>4</vcpu>" },
        { XM_PV, "vcpus = 2\nmaxvcpus = 3", "current='2'>3</vcpu>" },
        { XM_PV, "cpus = '0-3,^1'", "cpuset='0-3,^1'" },
        { XM_PV, "cpus = ['0', '1']\nvcpus = 2", "vcpu='0' cpuset='0'" },
        { XM_PV, "memory = 0x40", "unit='KiB'>65536<" },
        { XM_PV, "bootloader = '/usr/bin/pygrub'\nbootargs = '-q'", "args>-q<" },
        { XM_PV, "root = '/dev/xvda1 ro'\nextra = 'quiet'", "root=/dev/xvda1 ro quiet<" },
        { XM_PV, "localtime = True", "offset='localtime'" },
        { XM_HVM, "localtime = 1\nrtc_timeoffset = 3600", "adjustment='3600' basis='localtime'" },
        { XM_HVM, "boot = 'dc'", "<boot dev='cdrom'/>" },
        { XM_HVM, "acpi = 0\npae = 0\napic = 0\nhap = 0\nviridian = 1\nhpet = 0",
          "name='hpet' present='no'" },
        { XM_HVM, "device_model = '/usr/lib/xen/bin/qemu-dm'" },
        { XM_HVM, "device_model_override = '/q'", "<emulator>/q<" },
        { XM_PV, "disk = [ 'phy:/dev/x,xvda,w', 'file:/y,xvdb,r', 'tap:aio:/z,xvdc,w!' ]",
          "<source dev='/dev/x'/>", "name='tap' type='raw'" },
        { XM_PV, "disk = [ 'tap:qcow2:/y,xvda,w', 'tap2:vhd:/z,xvdb,w' ]", "type='qcow2'" },
        { XM_HVM, "disk = [ 'phy:x,ioemu:hda,w', ',hdc:cdrom,r' ]", "device='cdrom'" },
        { XM_HVM, "vif = [ 'type=ioemu,bridge=b,model=ne2k_pci' ]", "type='ne2k_pci'" },
        { XM_HVM, "vif = [ 'mac=00:16:3e:00:00:01,type=netfront' ]", "type='netfront'" },
        { XM_PV, "vif = [ '' ]", "<interface type='ethernet'>" },
        { XM_PV, "vif = [ 'bridge=b', 'ip=1.2.3.4,script=vif-nat', 'vifname=v,rate=2Mb/s' ]",
          "<ip address='1.2.3.4'", "average='250'" },
        { XM_PV, "vfb = [ 'type=vnc,vncunused=1,vnclisten=0.0.0.0,vncpasswd=p' ]", "port='-1'" },
        { XM_PV, "vfb = [ 'type=sdl' ]", "type='sdl'" },
        { XM_PV, "vnc = 1\nvncdisplay = 3\nvncunused = 0", "port='5903'" },
        { XM_HVM, "vnc = 1\nvncunused = 0\nvncdisplay = 3\nvncpasswd = 'p'\nkeymap = 'de'",
          "port='5903' autoport='no'", "keymap='de'" },
        { XM_HVM, "sdl = 1\nvnc = 0", "<graphics type='sdl'" },
        { XM_HVM, "serial = 'tcp:1.2.3.4:5,server,nowait'", "host='1.2.3.4' service='5'" },
        { XM_HVM, "serial = [ 'pty', 'none', 'file:/f' ]\nparallel = 'none'",
          "<target port='2'/>" },
        { XM_HVM, "usb = 1\nusbdevice = 'tablet'", "type='tablet' bus='usb'" },
        { XM_HVM, "usbdevice = [ 'tablet', 'mouse' ]", "type='mouse' bus='usb'" },
        { XM_HVM, "soundhw = 'sb16,es1370'", "model='sb16'" },
        { XM_PV, "pci = [ '0000:01:1a.1', '02:03.4' ]", "slot='0x1a' function='0x1'" },
        { XM_HVM, "stdvga = 1", "type='vga'" },
        { XM_PV, "on_crash = 'preserve'\non_xend_start = 'ignore'", ">preserve<" },
};

static void check_rows(const char *format, const Row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *text = NULL, *xml = NULL;

                CHECK(asprintf(&text, "name = 'a'\n%s%s\n", rows[i].guest, rows[i].text) > 0);
                xml = trip(format, text);
                if ((!rows[i].piece || strstr(xml, rows[i].piece)) &&
                    (!rows[i].other || strstr(xml, rows[i].other)))
                        continue;
                printf("%s\nhas no %s, %s in\n%s\n", text, rows[i].piece, rows[i].other ?: "", xml);
                CHECK(false);
        }
}

/* ---- from a document and back ---- */

#define IDENTITY "<domain type='xen'><name>a</name><memory unit='KiB'>65536</memory>" \
                 "<uuid>5c5ff5c1-7a4d-4b0c-8a43-a1e7f4d9a001</uuid>"
#define PV_OS "<os><type machine='xenpv'>linux</type><kernel>/k</kernel></os>" \
              "<clock offset='utc' adjustment='reset'/>"
#define PVH_OS "<os><type machine='xenpvh'>xenpvh</type><kernel>/k</kernel></os>" \
               "<clock offset='utc' adjustment='reset'/>"
#define HVM_OS "<os><type machine='xenfv'>hvm</type>" \
               "<loader type='rom'>/usr/lib/xen/boot/hvmloader</loader><boot dev='hd'/></os>" \
               "<clock offset='variable' adjustment='0' basis='utc'/>"

typedef struct Document {
        const char *os, *rest, *devices;
        bool xm, only_xm; /* can be said in that, too */
} Document;

static const Document documents[] = {
        { PV_OS, "<vcpu placement='static' current='1'>4</vcpu>", "", true },
        { PV_OS, "<vcpu placement='static' cpuset='0-2'>2</vcpu>", "", true },
        { PV_OS, "<cputune><shares>300</shares></cputune>", "", true },
        { PV_OS, "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>", "", true },
        { PV_OS, "<features><xen><e820_host state='on'/></xen></features>", "", true },
        { PV_OS, "<features><xen><passthrough state='on' mode='sync_pt'/></xen></features>", "" },
        { PV_OS, "<on_poweroff>preserve</on_poweroff><on_reboot>destroy</on_reboot>"
                 "<on_crash>coredump-restart</on_crash>", "", true },
        { HVM_OS, "<features><acpi/><apic/><pae/><hap state='off'/></features>", "", true },
        { HVM_OS, "<features><acpi/><viridian/></features>", "", true },
        { HVM_OS, "<pm><suspend-to-mem enabled='no'/>"
                  "<suspend-to-disk enabled='yes'/></pm>", "" },
        { HVM_OS, "<cpu mode='host-passthrough'><feature policy='disable' name='vmx'/></cpu>", "",
          true },
        { HVM_OS, "<cpu mode='host-passthrough'><feature policy='force' name='pni'/>"
                  "<feature policy='disable' name='tm'/></cpu>", "" },
        { HVM_OS, "<vcpu>4</vcpu><cpu mode='host-passthrough'><numa>"
                  "<cell id='0' cpus='0-1' memory='32768' unit='KiB'><distances>"
                  "<sibling id='0' value='10'/><sibling id='1' value='21'/></distances></cell>"
                  "<cell id='1' cpus='2-3' memory='32768' unit='KiB'><distances>"
                  "<sibling id='0' value='21'/><sibling id='1' value='10'/></distances></cell>"
                  "</numa></cpu>", "" },
        { PVH_OS, "", "<controller type='xenbus' index='0' maxGrantFrames='64' "
                      "maxEventChannels='2047'/>" },

        { PV_OS, "", "<disk type='file' device='disk'><driver name='qemu' type='qcow2' "
                     "discard='unmap'/><source file='/a,b'/><target dev='xvda' bus='xen'/>"
                     "<readonly/></disk>" },
        { PV_OS, "", "<disk type='block' device='disk'><driver name='phy' type='raw'/>"
                     "<source dev='/dev/x'/><target dev='xvda' bus='xen'/><shareable/></disk>",
          true },
        { PV_OS, "", "<disk type='file' device='disk'><driver name='tap' type='vpc'/>"
                     "<source file='/x'/><backenddomain name='d'/><target dev='xvda' bus='xen'/>"
                     "</disk>" },
        { PV_OS, "", "<disk type='file' device='disk'><driver name='file' type='raw'/>"
                     "<source file='/x'/><target dev='xvda' bus='xen'/></disk>", true, true },
        { PV_OS, "", "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
                     "<source protocol='rbd' name='p/i'><host name='h' port='1'/>"
                     "<host name='fe80::1' port='2'/></source><target dev='xvda' bus='xen'/>"
                     "</disk>" },
        { HVM_OS, "", "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>"
                      "<target dev='hdc' bus='ide'/><readonly/></disk>" },

        { PV_OS, "", "<interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                     "<source bridge='b'/><script path='vif-bridge'/><target dev='v'/>"
                     "<ip address='10.0.0.1' family='ipv4'/><ip address='fe80::1' family='ipv6'/>"
                     "<bandwidth><outbound average='1000'/></bandwidth></interface>", true },
        { PV_OS, "", "<interface type='ethernet'><mac address='00:16:3e:00:00:01'/>"
                     "<script path='vif-route'/><backenddomain name='n'/><mtu size='9000'/>"
                     "</interface>" },
        { PV_OS, "", "<interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                     "<source bridge='o'/><vlan trunk='yes'><tag id='1'/><tag id='2'/></vlan>"
                     "<virtualport type='openvswitch'/><script path='vif-openvswitch'/>"
                     "</interface>" },
        { HVM_OS, "", "<interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                      "<source bridge='b'/><script path='vif-bridge'/><model type='netfront'/>"
                      "</interface>", true },
        { HVM_OS, "", "<interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                      "<source bridge='b'/><script path='vif-bridge'/><model type='e1000'/>"
                      "</interface>", true },

        { HVM_OS, "", "<serial type='tcp'><source mode='bind' host='1.2.3.4' service='5'/>"
                      "<protocol type='telnet'/><target port='0'/></serial>", true },
        { HVM_OS, "", "<serial type='pty'><target port='0'/></serial>"
                      "<serial type='file'><source path='/f'/><target port='2'/></serial>"
                      "<parallel type='null'><target port='0'/></parallel>", true },
        { PV_OS, "", "<channel type='unix'><source mode='bind' path='/s'/>"
                     "<target type='xen' name='n'/></channel>"
                     "<channel type='pty'><target type='xen' name='m'/></channel>" },
        { PV_OS, "", "<filesystem type='mount'><source dir='/srv'/><target dir='t'/>"
                     "</filesystem>" },
        { HVM_OS, "", "<input type='tablet' bus='usb'/><input type='mouse' bus='usb'/>", true },
        { HVM_OS, "", "<sound model='sb16'/><sound model='ich6'/>", true },
        { HVM_OS, "", "<graphics type='vnc' port='5903' autoport='no' listen='1.2.3.4' "
                      "keymap='de' passwd='p'><listen type='address' address='1.2.3.4'/>"
                      "</graphics>", true },
        { HVM_OS, "", "<graphics type='sdl' display=':1' xauth='/x'/>", true },
        { HVM_OS, "", "<graphics type='spice' port='6000' tlsPort='6001' autoport='no' passwd='p'>"
                      "<mouse mode='client'/><clipboard copypaste='yes'/></graphics>" },
        { PV_OS, "", "<graphics type='vnc' port='-1' autoport='yes'/>", true },
        { HVM_OS, "", "<graphics type='vnc' port='-1' autoport='yes'/><video><model type='vga' "
                      "vram='32768' heads='1' primary='yes'/></video>" },
        { PV_OS, "", "<controller type='usb' index='0' model='qusb1' ports='4'/>" },
        { PV_OS, "", "<hostdev mode='subsystem' type='usb' managed='no'><source>"
                     "<address bus='1' device='3'/></source></hostdev>" },
        { PV_OS, "", "<hostdev mode='subsystem' type='pci' managed='no'><source "
                     "writeFiltering='no'><address domain='0x0000' bus='0x01' slot='0x1a' "
                     "function='0x1'/></source></hostdev>" },
};

static bool never(const char *path) {
        return false;
}

static void drop_kept(xmlNode *root) {
        for (xmlNode *node = root->children, *next; node; node = next) {
                next = node->next;
                if (node->ns && strstr((const char *) node->ns->href, "virtbus")) {
                        xmlUnlinkNode(node);
                        xmlFreeNode(node);
                }
        }
}

/* What a says and b doesn't. */
static bool says_all(const char *a, const char *b) {
        _cleanup_(xml_doc_freep) xmlDoc *one = NULL, *other = NULL;
        Loss loss = { .may_change = never, .size = &map_kib };

        CHECK(xml_parse(a, "domain", &one, NULL) >= 0 && xml_parse(b, "domain", &other, NULL) >= 0);
        drop_kept(xmlDocGetRootElement(one));
        compare(xmlDocGetRootElement(one), xmlDocGetRootElement(other), "/domain", &loss);
        if (loss.lost > 0)
                printf("not in the other: %s\n", loss.first);
        free(loss.first);
        return loss.lost == 0;
}

static bool check_document(const Document *row, const char *format) {
        _cleanup_(freep) char *given = NULL, *whole = NULL, *text = NULL, *again = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};

        CHECK(asprintf(&given, IDENTITY "%s%s%s<devices>%s</devices></domain>", row->os,
                       strstr(row->rest, "vcpu>") ? "" : "<vcpu>1</vcpu>", row->rest,
                       row->devices) > 0);
        if (xen_conf_parse(given, 0, &conf, &error) < 0 ||
            conf_print(conf, 0, &whole, &error) < 0 ||
            native_from_xml(format, whole, &text, &error) < 0 ||
            native_to_xml(format, text, &again, &error) < 0)
                printf("%s\n%s\n%s\n", error.message, given, text ?: "");
        CHECK(again);
        if (says_all(whole, again) && says_all(again, whole))
                return true;
        printf("%s\n%s\n%s\n", whole, text, again);
        return false;
}

/* ---- passwords ---- */

/* Neither in the words of the document nor in those that are kept beside them. */
static void check_secrets(void) {
        static const char *const texts[] = {
                PV "vnc = 1\nvncpasswd = 'Geheim'",
                PV "vfb = [ 'vnc=1,vncpasswd=Geheim' ]",
                HVM "vncpasswd = 'Geheim'\nvncunused = '1'",
                HVM "vnc = 0\nspicepasswd = 'Geheim'",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_(freep) char *text = NULL, *xml = NULL, *shown = NULL;
                _cleanup_(conf_freep) DomainConf *conf = NULL;

                CHECK(asprintf(&text, "name = 'a'\n%s\n", texts[i]) > 0);
                xml = trip("xen-xl", text);
                CHECK(xen_conf_parse(xml, 0, &conf, NULL) >= 0 && conf_has_secret(conf));
                CHECK(conf_print(conf, MAP_SECRET, &shown, NULL) >= 0);
                CHECK(strstr(xml, "Geheim") && !strstr(shown, "Geheim"));
        }
}

int main(int argc, char *argv[]) {
        bool well = true;

        CHECK(argc == 2);
        check_folder(argv[1]);
        check_rows("xen-xl", xl_rows, ELEMENTS(xl_rows));
        check_rows("xen-xm", xm_rows, ELEMENTS(xm_rows));
        for (size_t i = 0; i < ELEMENTS(documents); i++) {
                if (!documents[i].only_xm)
                        well = check_document(&documents[i], "xen-xl") && well;
                if (documents[i].xm)
                        well = check_document(&documents[i], "xen-xm") && well;
        }
        CHECK(well);
        check_secrets();
        return 0;
}
