/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a saved guest: a head with its definition, then libxl's stream. */
#pragma once

#include "conf/domain.h"

typedef struct XenImage {
        int fd; /* at the beginning of libxl's stream */
        DomainConf *conf;
        bool paused;     /* how it is to be restored */
        bool others;     /* libvirt wrote it: it can be read, not changed */
        uint32_t stream; /* version of libxl's stream */
} XenImage;

/* An absolute path of something that is a regular file or isn't there yet. */
int xen_image_check_path(const char *path, Error *error);

/* A new file's head, without the mark that it is whole; fd is behind it then. */
int xen_image_begin(int fd, DomainConf *conf, bool paused, Error *error);

/* The stream is complete: marks it so. Not yet on the disk. */
int xen_image_end(int fd, Error *error);

/* Reads and checks the head. *ret is for xen_image_done() in every case. */
int xen_image_open(const char *path, bool write, XenImage *ret, Error *error);
void xen_image_done(XenImage *image);

/* Another definition of the same guest; conf is image's from then on, whatever comes of it. */
int xen_image_replace(XenImage *image, const char *xml, Error *error);

/* Writes definition and state into an image that was opened for writing: the old or the new. */
int xen_image_store(XenImage *image, Error *error);
