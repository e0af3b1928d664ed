/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which device of a pool an interface gets, with a folder in the place of sysfs. */
#include <sys/stat.h>

#include "drivers/network/pool.h"
#include "tests/unit/check.h"

typedef struct Pool {
        Network network;
        NetworkPlug plug;
} Pool;

static void pool_init(Pool *pool, const char *forward) {
        char *text;

        *pool = (Pool) {};
        CHECK(asprintf(&text, "<network><name>net</name>%s</network>", forward) > 0);
        CHECK(network_conf_parse(text, 0, &pool->plug.conf, NULL) >= 0);
        pool->plug.network = &pool->network;
        free(text);
}

static void pool_done(Pool *pool) {
        while (pool->network.n_uses > 0)
                network_use_drop(&pool->network, pool->network.uses[0]);
        free(pool->network.uses);
        network_conf_free(pool->plug.conf);
}

static void count(Pool *pool, size_t dev, uint32_t n) {
        pool->plug.conf->forward_devs.items[dev]->connections = (MaybeU32) { n > 0, n };
}

static void test_devs(void) {
        static const char *const devs = "<interface dev='a'/><interface dev='b'/></forward>";
        _cleanup_(error_clear) Error error = {};
        char text[256];
        Pool pool;

        (void) snprintf(text, sizeof(text), "<forward mode='vepa'>%s", devs);
        pool_init(&pool, text);
        CHECK(pool_choose_dev(&pool.plug, NULL) >= 0 && strcmp(pool.plug.dev, "a") == 0);
        count(&pool, 0, 2);
        count(&pool, 1, 1);
        CHECK(pool_choose_dev(&pool.plug, NULL) >= 0 && strcmp(pool.plug.dev, "b") == 0);
        count(&pool, 1, 3);
        CHECK(pool_choose_dev(&pool.plug, NULL) >= 0 && strcmp(pool.plug.dev, "a") == 0);
        pool_done(&pool);

        (void) snprintf(text, sizeof(text), "<forward mode='passthrough'>%s", devs);
        pool_init(&pool, text);
        count(&pool, 0, 1);
        CHECK(pool_choose_dev(&pool.plug, NULL) >= 0 && strcmp(pool.plug.dev, "b") == 0);
        count(&pool, 1, 1);
        CHECK(pool_choose_dev(&pool.plug, &error) < 0 && strstr(error.message, "passthrough"));
        pool_done(&pool);
}

/* Takes it, as whoever got it does. */
static bool takes(Pool *pool, const char *sysfs, const char *wanted) {
        char name[PCI_TEXT_MAX];

        if (pool_choose_address(&pool->plug, sysfs, NULL) < 0)
                return false;
        network_use_add(&pool->network, network_pci_text(&pool->plug.address, name));
        return strcmp(name, wanted) == 0;
}

static void test_addresses(void) {
        _cleanup_(error_clear) Error error = {};
        Pool pool;

        pool_init(&pool, "<forward mode='hostdev'>"
                         "<address type='pci' domain='0' bus='1' slot='0x10' function='1'/>"
                         "<address type='pci' domain='0' bus='1' slot='0x10' function='2'/>"
                         "</forward>");
        CHECK(takes(&pool, "/nowhere", "0000:01:10.1"));
        CHECK(takes(&pool, "/nowhere", "0000:01:10.2"));
        CHECK(pool_choose_address(&pool.plug, "/nowhere", &error) < 0);
        CHECK(strstr(error.message, "no device left"));
        network_use_drop(&pool.network, "0000:01:10.1");
        CHECK(takes(&pool, "/nowhere", "0000:01:10.1"));
        pool_done(&pool);
}

static void make_card(const char *sysfs) {
        static const char *const folders[] = { "class", "class/net", "class/net/card0",
                                               "class/net/card0/device" };
        char path[256], target[64];

        for (size_t i = 0; i < ELEMENTS(folders); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", sysfs, folders[i]);
                CHECK(mkdir(path, 0700) >= 0);
        }
        for (int i = 0; i < 2; i++) {
                (void) snprintf(path, sizeof(path), "%s/class/net/card0/device/virtfn%d", sysfs, i);
                (void) snprintf(target, sizeof(target), "../0000:03:1a.%d", i + 4);
                CHECK(symlink(target, path) >= 0);
        }
}

static void test_functions(void) {
        char sysfs[] = "/tmp/virtbus-pool-XXXXXX", command[64];
        _cleanup_(error_clear) Error error = {};
        Pool pool;

        CHECK(mkdtemp(sysfs));
        pool_init(&pool, "<forward mode='hostdev'><pf dev='card0'/></forward>");
        CHECK(pool_choose_address(&pool.plug, sysfs, &error) < 0);
        CHECK(strstr(error.message, "no virtual functions"));
        make_card(sysfs);
        CHECK(takes(&pool, sysfs, "0000:03:1a.4"));
        CHECK(takes(&pool, sysfs, "0000:03:1a.5"));
        CHECK(pool_choose_address(&pool.plug, sysfs, NULL) < 0);
        network_use_drop(&pool.network, "0000:03:1a.4");
        CHECK(takes(&pool, sysfs, "0000:03:1a.4"));
        pool_done(&pool);
        (void) snprintf(command, sizeof(command), "rm -r %s", sysfs);
        CHECK(system(command) == 0);
}

int main(void) {
        test_devs();
        test_addresses();
        test_functions();
        return 0;
}
