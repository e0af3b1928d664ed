/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the network of an interface asks for, in its live definition. */
#include "drivers/net-note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int net_note_text(char **string, const char *text) {
        if (text == *string)
                return 0;
        char *copy = text ? strdup(text) : NULL;

        if (text && !copy)
                return -ENOMEM;
        free(*string);
        *string = copy;
        return 0;
}

int net_note_limit(NetLimit **limit, const NetworkRate *rate) {
        if (*limit || rate->average == 0)
                return 0;
        *limit = calloc(1, sizeof(**limit));
        if (!*limit)
                return -ENOMEM;
        **limit = (NetLimit) { .average = rate->average, .peak = rate->peak, .burst = rate->burst,
                               .floor = rate->floor };
        return 0;
}

int net_note_vlan(DomainNet *net, const NetworkVlan *vlan) {
        if (net->vlan || !vlan)
                return 0;
        net->vlan = calloc(1, sizeof(*net->vlan));
        if (!net->vlan)
                return -ENOMEM;
        net->vlan->trunk = vlan->trunk;
        for (size_t i = 0; i < vlan->tags.n; i++) {
                const NetworkVlanTag *from = vlan->tags.items[i];
                VlanTag *tag = map_list_add(&vlan_tag_element, &net->vlan->tags);

                if (!tag || net_note_text(&tag->native_mode, from->native_mode) < 0)
                        return -ENOMEM;
                tag->id = from->id;
        }
        return 0;
}
