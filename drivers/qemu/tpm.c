/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* swtpm: its state is STATE/qemu/tpm/<uuid>/<version>/, made by swtpm_setup under another name and
 * renamed when it is whole. A TPM of one version keeps nothing of use to the other. */
#include "drivers/qemu/tpm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/qemu/secrets.h"

static bool is_text(const char *text, const char *expected) {
        return text && strcmp(text, expected) == 0;
}

static const char *version_of(const DomainTpm *tpm) {
        return is_text(tpm->version, "1.2") ? "1.2" : "2.0";
}

static char *domain_folder(Domain *domain) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, "tpm/%s",
                               uuid_format(domain->resource.uuid, uuid));
}

/* Where its state is; newly allocated. */
static char *state_folder(Domain *domain, const DomainTpm *tpm) {
        _cleanup_(freep) char *folder = domain_folder(domain), *name = NULL;

        if (is_text(tpm->source_type, "dir") && tpm->source_path)
                return strdup(tpm->source_path);
        if (!folder || asprintf(&name, "%s/%s", folder, version_of(tpm)) < 0) {
                name = NULL;
                return NULL;
        }
        return store_path(domain->resource.connection->store, STORE_STATE, name);
}

static int open_key(Domain *domain, const DomainTpm *tpm, Error *error) {
        const SecretRef ref = { .uuid = tpm->encryption };

        return qemu_secret_open(domain->resource.connection, &ref, error);
}

/* ---- before the first start ---- */

static void add_banks(Arguments *arguments, const DomainTpm *tpm) {
        const struct {
                bool wanted;
                const char *name;
        } banks[] = {
                { tpm->banks.sha1, "sha1" },     { tpm->banks.sha256, "sha256" },
                { tpm->banks.sha384, "sha384" }, { tpm->banks.sha512, "sha512" },
        };
        char list[32] = "";

        for (size_t i = 0; i < ELEMENTS(banks); i++)
                if (banks[i].wanted) {
                        (void) strcat(list, *list ? "," : "");
                        (void) strcat(list, banks[i].name);
                }
        if (!*list)
                return;
        arguments_add(arguments, "--pcr-banks");
        arguments_add(arguments, "%s", list);
}

static void add_setup(Arguments *arguments, Domain *domain, const DomainTpm *tpm,
                      const char *folder, bool anew) {
        char uuid[UUID_TEXT_MAX];

        arguments_add(arguments, "swtpm_setup");
        if (is_text(version_of(tpm), "2.0"))
                arguments_add(arguments, "--tpm2");
        arguments_add(arguments, "--tpm-state");
        arguments_add(arguments, "%s", folder);
        if (anew) {
                arguments_add(arguments, "--vmid");
                arguments_add(arguments, "%s:%s", domain->resource.name,
                              uuid_format(domain->resource.uuid, uuid));
                arguments_add(arguments, "--createek");
                arguments_add(arguments, "--create-ek-cert");
                arguments_add(arguments, "--create-platform-cert");
                arguments_add(arguments, "--lock-nvram");
                arguments_add(arguments, "--not-overwrite");
        } else
                arguments_add(arguments, "--reconfigure");
        add_banks(arguments, tpm);
        if (tpm->encryption) {
                arguments_add(arguments, "--pwdfile-fd");
                arguments_add(arguments, "3");
                arguments_add(arguments, "--cipher");
                arguments_add(arguments, "aes-256-cbc");
        }
}

/* Certificates of who isn't root come from an authority of his own. */
static int add_authority(QemuSetup *setup, Error *error) {
        static const char *const argv[] = { "swtpm_setup", "--create-config-files",
                                            "skip-if-exist", NULL };
        const SetupSpec spec = { .kind = "swtpm_setup", .argv = argv, .fd = -1 };

        return getuid() == 0 ? 0 : qemu_setup_add(setup, &spec, error);
}

static int make_folder(Domain *domain, const char *fresh, Error *error) {
        Store *store = domain->resource.connection->store;
        _cleanup_(freep) char *folder = domain_folder(domain), *old = NULL;
        _cleanup_(closep) int parent = -1;
        const char *name = strrchr(fresh, '/') + 1;

        if (!folder || asprintf(&old, "%s/%s", folder, name) < 0) {
                old = NULL;
                return fail_memory(error);
        }
        (void) store_remove_tree(store, STORE_STATE, old, NULL); /* of a start that was cut off */
        parent = store_open_folder(store, STORE_STATE, folder, error);
        if (parent < 0)
                return parent;
        if (mkdirat(parent, name, 0700) < 0)
                return fail_errno(error, -errno, "cannot make the folder '%s' of a TPM", fresh);
        return 0;
}

static int set_up(Domain *domain, const DomainTpm *tpm, QemuSetup *setup, Error *error) {
        _cleanup_(freep) char *folder = state_folder(domain, tpm), *fresh = NULL;
        _cleanup_(arguments_clear) Arguments arguments = {};
        SetupSpec spec = { .kind = "swtpm_setup", .fd = -1 };
        int r = 0;

        if (!folder || asprintf(&fresh, "%s.new", folder) < 0) {
                fresh = NULL;
                return fail_memory(error);
        }
        bool anew = access(folder, F_OK) < 0;
        if (!anew && !tpm->has_banks)
                return 0;
        if (anew) {
                spec.from = fresh;
                spec.to = folder;
                r = is_text(tpm->source_type, "dir") ? 0 : make_folder(domain, fresh, error);
                if (r >= 0 && tpm->source_path && mkdir(fresh, 0700) < 0 && errno != EEXIST)
                        r = fail_errno(error, -errno, "cannot make the folder '%s'", fresh);
                if (r >= 0)
                        r = add_authority(setup, error);
        }
        if (r < 0)
                return r;
        add_setup(&arguments, domain, tpm, anew ? fresh : folder, anew);
        if (arguments.failed)
                return fail_memory(error);
        spec.argv = (const char *const *) arguments.items;
        if (tpm->encryption && (spec.fd = open_key(domain, tpm, error)) < 0)
                return spec.fd;
        return qemu_setup_add(setup, &spec, error);
}

int qemu_tpm_set_up(Domain *domain, const DomainConf *conf, QemuSetup *setup, Error *error) {
        for (size_t i = 0; i < conf->tpms.n; i++) {
                int r = conf->tpms.items[i]->backend == TPM_EMULATOR
                                ? set_up(domain, conf->tpms.items[i], setup, error)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- beside QEMU ---- */

/* Its descriptors: the socket, and the key once for what it keeps and once for what migrates. */
static int spawn(QemuGuest *guest, const DomainTpm *tpm, int folder, Error *error) {
        _cleanup_(freep) char *program = qemu_helper_find("swtpm");
        _cleanup_(freep) char *state = state_folder(guest->domain, tpm);
        _cleanup_(arguments_clear) Arguments arguments = {};
        _cleanup_(closep) int listening = qemu_helper_listen(folder, QEMU_TPM_SOCKET, error);
        _cleanup_(closep) int key = -1, migration = -1;

        if (listening < 0)
                return listening;
        if (!program || !state)
                return fail_memory(error);
        arguments_add(&arguments, "%s", program);
        arguments_add(&arguments, "socket");
        arguments_add(&arguments, "--ctrl");
        arguments_add(&arguments, "type=unixio,fd=3");
        arguments_add(&arguments, "--tpmstate");
        arguments_add(&arguments, "dir=%s,mode=0600", state);
        arguments_add(&arguments, "--terminate");
        if (is_text(version_of(tpm), "2.0"))
                arguments_add(&arguments, "--tpm2");
        if (tpm->debug.set) {
                arguments_add(&arguments, "--log");
                arguments_add(&arguments, "fd=2,level=%u", tpm->debug.value);
        }
        if (tpm->encryption) {
                key = open_key(guest->domain, tpm, error);
                migration = key < 0 ? key : open_key(guest->domain, tpm, error);
                if (migration < 0)
                        return migration;
                arguments_add(&arguments, "--key");
                arguments_add(&arguments, "pwdfd=4,mode=aes-256-cbc");
                arguments_add(&arguments, "--migration-key");
                arguments_add(&arguments, "pwdfd=5,mode=aes-256-cbc");
        }
        if (arguments.failed)
                return fail_memory(error);

        const HelperSpec spec = {
                .device = tpm->device.alias,
                .kind = "swtpm",
                .argv = (const char *const *) arguments.items,
                .fds = (const int[]) { listening, key, migration },
                .n_fds = tpm->encryption ? 3 : 1,
        };
        return qemu_helper_spawn(guest, &spec, error);
}

int qemu_tpm_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error) {
        for (size_t i = 0; i < conf->tpms.n; i++) {
                int r = conf->tpms.items[i]->backend == TPM_EMULATOR
                                ? spawn(guest, conf->tpms.items[i], folder, error)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- afterwards ---- */

void qemu_tpm_forget(Domain *domain, const DomainConf *conf, uint32_t flags) {
        _cleanup_(freep) char *folder = domain_folder(domain);
        bool wanted = !(flags & DOMAIN_UNDEFINE_KEEP_TPM);

        for (size_t i = 0; i < conf->tpms.n; i++)
                if (is_text(conf->tpms.items[i]->persistent, "yes"))
                        wanted = flags & DOMAIN_UNDEFINE_TPM;
        if (folder && wanted)
                (void) store_remove_tree(domain->resource.connection->store, STORE_STATE, folder,
                                         NULL);
}

bool qemu_tpm_exists(Domain *domain) {
        _cleanup_(freep) char *folder = domain_folder(domain);

        return folder && store_exists(domain->resource.connection->store, STORE_STATE, folder);
}
