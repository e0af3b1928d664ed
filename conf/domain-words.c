/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words: attributes that hold one of a few names, kept as text because nobody computes with them. A
 * list has every name that libvirt's format has, whether or not a driver can do what it stands for;
 * those that several rows share stand here. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>

static int word_parse(const MapField *field, const char *text, void *value) {
        char **word = value;
        int r = map_enum_value(field->arg, text);

        return r < 0 ? r : set_string(word, text);
}

static int word_format(const MapField *field, const void *value, char **ret) {
        const char *word = *(char *const *) value;

        *ret = word ? strdup(word) : NULL;
        return word && !*ret ? -ENOMEM : 0;
}

static void word_clear(const MapField *field, void *value) {
        free(*(char **) value);
}

const MapType map_word = {
        .name = "one of the words libvirt has for it",
        .size = sizeof(char *),
        .parse = word_parse,
        .format = word_format,
        .clear = word_clear,
};

const char *const on_off_words[] = { "on", "off", NULL };
const char *const yes_no_words[] = { "yes", "no", NULL };
const char *const memory_access_words[] = { "shared", "private", NULL };
const char *const error_policy_words[] = {
        "default", "stop", "report", "ignore", "enospace", NULL,
};
const char *const startup_policy_words[] = {
        "default", "mandatory", "requisite", "optional", NULL,
};
const char *const virtio_model_words[] = {
        "virtio", "virtio-transitional", "virtio-non-transitional", NULL,
};
const char *const disk_protocol_words[] = {
        "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps", "tftp",
        "ssh", "vxhs", "nfs", NULL,
};
const char *const volume_mode_words[] = { "default", "host", "direct", NULL };
const char *const disk_format_words[] = {
        "none", "raw", "aio", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "vhdx", "fat",
        "vhd", "ploop", "cow", "qcow", "qcow2", "qed", "vmdk", NULL,
};
const char *const teaming_words[] = { "persistent", "transient", NULL };
const char *const char_protocol_words[] = { "raw", "telnet", "telnets", "tls", NULL };
const char *const spice_mode_words[] = { "any", "secure", "insecure", NULL };
