/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate on a bus of its own, with a polkit that says what it is told, and clients of another
 * user. Skipped where there is no dbus-daemon or where we can't be two users. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "service/gate.h"
#include "toy.h"

#define CONNECT "org.libvirt.Connect"
#define DOMAIN "org.libvirt.Domain"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define ERROR "org.libvirt.Error"
#define LIMIT "org.freedesktop.DBus.Error.LimitsExceeded"
#define STRANGER 65534

#define call_connect(client, ...) toy_call(client, TOY_PATH, CONNECT, __VA_ARGS__)
#define call_domain(client, path, ...) toy_call(client, path, DOMAIN, __VA_ARGS__)
#define call_properties(client, path, ...) toy_call(client, path, PROPERTIES, __VA_ARGS__)

/* ---- polkit ---- */

typedef enum Mood { YES, NO, CHALLENGE, SILENT } Mood;

static Mood mood;
static char asked[1024]; /* actions, and what else was said with them */
static unsigned n_asked, n_cancelled;
static sd_bus_message *held; /* the last call that was met with silence */

static int check_authorization(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *kind, *key, *subject, *action, *value;
        size_t n = strlen(asked);
        uint32_t flags;

        CHECK(sd_bus_message_read(call, "(sa{sv})s", &kind, 1, &key, "s", &subject, &action) > 0);
        CHECK_TEXT(kind, "system-bus-name");
        CHECK_TEXT(key, "name");
        CHECK(subject[0] == ':');
        n += snprintf(asked + n, sizeof(asked) - n, "%s", action);
        CHECK(sd_bus_message_enter_container(call, 'a', "{ss}") > 0);
        while (sd_bus_message_read(call, "{ss}", &key, &value) > 0)
                if (strcmp(key, "domain_name") == 0 || strcmp(key, "connect_driver") == 0)
                        n += snprintf(asked + n, sizeof(asked) - n, " %s", value);
        CHECK(sd_bus_message_exit_container(call) >= 0);
        CHECK(sd_bus_message_read(call, "us", &flags, NULL) > 0);
        n += snprintf(asked + n, sizeof(asked) - n, "%s, ", flags ? " !" : "");
        if (n > sizeof(asked) / 2)
                asked[0] = 0;
        n_asked++;
        if (mood == SILENT) {
                sd_bus_message_unref(held);
                held = sd_bus_message_ref(call);
                return 1;
        }
        return sd_bus_reply_method_return(call, "(bba{ss})", mood == YES, mood == CHALLENGE, 0);
}

static int cancel_check(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        n_cancelled++;
        return sd_bus_reply_method_return(call, "");
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelCheckAuthorization", "s", "", cancel_check,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void asked_is(const char *expected) {
        CHECK_TEXT(asked, expected);
        asked[0] = 0;
}

/* ---- the bus ---- */

static const char bus_config[] =
        "<busconfig><type>custom</type><listen>unix:path=%s/socket</listen>"
        "<auth>EXTERNAL</auth><policy context='default'><allow user='*'/><allow own='*'/>"
        "<allow send_type='method_call'/><allow send_type='signal'/>"
        "<allow send_requested_reply='true' send_type='method_return'/>"
        "<allow send_requested_reply='true' send_type='error'/>"
        "<allow receive_type='method_call'/><allow receive_type='method_return'/>"
        "<allow receive_type='error'/><allow receive_type='signal'/></policy>"
        "<limit name='max_replies_per_connection'>50000</limit></busconfig>\n";

static char folder[] = "/tmp/virtbus-gate-XXXXXX", address[64];

static pid_t start_bus(void) {
        char file[64], option[80];
        FILE *config;
        pid_t pid;

        CHECK(mkdtemp(folder) && chmod(folder, 0755) == 0);
        snprintf(file, sizeof(file), "%s/config", folder);
        snprintf(option, sizeof(option), "--config-file=%s", file);
        snprintf(address, sizeof(address), "unix:path=%s/socket", folder);
        config = fopen(file, "we");
        CHECK(config && fprintf(config, bus_config, folder) > 0 && fclose(config) == 0);
        pid = fork();
        if (pid == 0) { /* it ends with us, however we end */
                (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
                execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile", NULL);
                _exit(77);
        }
        snprintf(file, sizeof(file), "%s/socket", folder);
        for (int i = 0; access(file, F_OK) < 0; i++) {
                if (i == 500 || waitpid(pid, NULL, WNOHANG) != 0) {
                        puts("skipped: there is no dbus-daemon");
                        exit(77);
                }
                usleep(10000);
        }
        return pid;
}

/* The bus takes who we are from the moment of connecting. */
static sd_bus *connect_as(uid_t uid) {
        sd_bus *bus;

        CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, address) >= 0);
        CHECK(sd_bus_set_bus_client(bus, true) >= 0);
        CHECK(seteuid(uid) == 0);
        CHECK(sd_bus_start(bus) >= 0);
        CHECK(seteuid(0) == 0);
        CHECK(sd_bus_attach_event(bus, toy_loop, 0) >= 0);
        while (sd_bus_is_ready(bus) == 0)
                toy_turn();
        return bus;
}

static void own(sd_bus *bus, const char *name) {
        sd_bus_message *reply = NULL;

        CHECK(sd_bus_call_method_async(bus, NULL, "org.freedesktop.DBus", "/",
                                       "org.freedesktop.DBus", "RequestName", toy_replied, &reply,
                                       "su", name, 0) >= 0);
        toy_succeeds(toy_wait(&reply));
}

/* ---- who needs no question ---- */

static void test_root(void) {
        sd_bus *root = connect_as(0);

        mood = NO;
        toy_succeeds(call_domain(root, TOY_DOMAIN "1", "Create", "u", 0));
        toy_succeeds(call_domain(root, TOY_DOMAIN "1", "Destroy", "u", 0));
        toy_story_is("start a, destroy a");
        asked_is("");
        sd_bus_flush_close_unref(root);
}

/* Calls that come before the bus said who it is keep their order, however many they are. */
static void test_order(void) {
        enum { N = 3000 };
        sd_bus *root = connect_as(0);
        sd_bus_message *replies[N];

        for (int i = 0; i < N; i++)
                toy_begin(root, &replies[i], TOY_DOMAIN "1", DOMAIN, i % 2 ? "Destroy" : "Create",
                          "u", 0);
        for (int i = 0; i < N; i++)
                toy_succeeds(toy_wait(&replies[i]));
        CHECK(strncmp(toy_story, "start a, destroy a, start a, destroy a", 38) == 0);
        toy_story[0] = 0;
        sd_bus_flush_close_unref(root);
}

static void test_free(sd_bus *client) {
        mood = NO;
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "GetState", "u", 0));
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "GetXMLDesc", "u", 0));
        toy_succeeds(call_properties(client, TOY_DOMAIN "1", "GetAll", "s", DOMAIN));
        toy_succeeds(call_properties(client, TOY_DOMAIN "1", "Get", "ss", DOMAIN, "Active"));
        toy_succeeds(call_connect(client, "ListDomains", "u", 0));
        toy_succeeds(toy_call(client, TOY_PATH, "org.freedesktop.DBus.ObjectManager",
                              "GetManagedObjects", ""));
        toy_succeeds(toy_call(client, TOY_DOMAIN "1", "org.freedesktop.DBus.Introspectable",
                              "Introspect", ""));
        asked_is("");
}

/* ---- answers ---- */

static void test_answers(sd_bus *client) {
        mood = NO;
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Create", "u", 0),
                  SD_BUS_ERROR_ACCESS_DENIED, "org.libvirt.api.domain.start");
        toy_story_is("");
        asked_is("org.libvirt.api.domain.start Toy a, ");

        mood = CHALLENGE;
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Create", "u", 0),
                  SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, "");
        asked_is("org.libvirt.api.domain.start Toy a, ");

        mood = YES;
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "Create", "u", 0));
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "Destroy", "u", 0));
        toy_story_is("start a, destroy a");
        asked_is("org.libvirt.api.domain.start Toy a, org.libvirt.api.domain.stop Toy a, ");

        /* all of a list, one after the other; of the flags, those that matter */
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "Rename", "su", "x", 0));
        asked_is("org.libvirt.api.domain.write Toy a, org.libvirt.api.domain.save Toy a, ");
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "Rename", "su", "a", 0));
        asked_is("org.libvirt.api.domain.write Toy x, org.libvirt.api.domain.save Toy x, ");
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "GetXMLDesc", "u", DOMAIN_XML_SECURE));
        asked_is("org.libvirt.api.domain.read-secure Toy a, ");
        toy_succeeds(call_properties(client, TOY_DOMAIN "1", "Set", "ssv", DOMAIN, "Autostart",
                              "b", true));
        asked_is("org.libvirt.api.domain.write Toy a, ");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "InterfaceAddresses", "uu", 0, 0), ERROR, "");
        asked_is("");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "InterfaceAddresses", "uu", 1, 0), ERROR, "");
        asked_is("org.libvirt.api.domain.write Toy a, ");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "AttachDevice", "su", "<x/>", 1), ERROR, "");
        asked_is("org.libvirt.api.domain.write Toy a, ");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "AttachDevice", "su", "<x/>", 2), ERROR, "");
        asked_is("org.libvirt.api.domain.write Toy a, org.libvirt.api.domain.save Toy a, ");
        toy_fails(call_connect(client, "DomainDefineXML", "s", "<x/>"), ERROR, "");
        asked_is("org.libvirt.api.domain.write Toy, org.libvirt.api.domain.save Toy, ");
}

static void test_interactive(sd_bus *client) {
        mood = YES;
        CHECK(sd_bus_set_allow_interactive_authorization(client, true) >= 0);
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "Undefine", "u", 0));
        CHECK(sd_bus_set_allow_interactive_authorization(client, false) >= 0);
        asked_is("org.libvirt.api.domain.delete Toy a !, ");
        toy_story_is("undefine a");
}

/* The domain went away while polkit was asked: it isn't there any more for the handler either. */
static void test_looked_up_anew(sd_bus *client) {
        sd_bus *root = connect_as(0);
        sd_bus_message *reply;

        mood = SILENT;
        n_asked = 0;
        toy_begin(client, &reply, TOY_DOMAIN "3", DOMAIN, "Create", "u", 0);
        while (n_asked == 0)
                toy_turn();
        toy_succeeds(call_domain(root, TOY_DOMAIN "3", "Undefine", "u", 0));
        CHECK(sd_bus_reply_method_return(held, "(bba{ss})", true, false, 0) >= 0);
        toy_fails(toy_wait(&reply), SD_BUS_ERROR_UNKNOWN_OBJECT, "");
        toy_story_is("undefine c");

        toy_fails(call_domain(client, TOY_DOMAIN "2", "Create", "u", 0),
                  SD_BUS_ERROR_ACCESS_DENIED, "didn't answer");
        toy_story_is("");
        held = sd_bus_message_unref(held);
        asked[0] = 0;
        sd_bus_flush_close_unref(root);
}

/* ---- limits, and clients that leave ---- */

static void test_leaving(void) {
        enum { N = GATE_CLIENT_MAX + 20 };
        sd_bus *client = connect_as(STRANGER), *watcher = connect_as(STRANGER);
        sd_bus_message *replies[N];
        unsigned refused = 0;

        mood = SILENT;
        n_asked = n_cancelled = 0;
        for (int i = 0; i < N; i++)
                toy_begin(client, &replies[i], TOY_DOMAIN "2", DOMAIN, "Create", "u", 0);
        while (refused < N - GATE_CLIENT_MAX || n_asked < GATE_ASKING_MAX) {
                toy_turn();
                refused = 0;
                for (int i = 0; i < N; i++)
                        refused += !!replies[i];
        }
        CHECK(n_asked == GATE_ASKING_MAX && refused == N - GATE_CLIENT_MAX);
        for (int i = 0; i < N; i++)
                if (replies[i])
                        toy_fails(replies[i], LIMIT, "");
        sd_bus_close_unref(client);
        while (n_cancelled < GATE_ASKING_MAX)
                toy_turn();

        /* what waited behind its calls is served, and none of them was carried out */
        mood = YES;
        toy_succeeds(call_domain(watcher, TOY_DOMAIN "2", "Destroy", "u", 0));
        toy_story_is("destroy b");
        CHECK(n_asked == GATE_ASKING_MAX + 1);
        asked[0] = 0;
        sd_bus_flush_close_unref(watcher);
}

static void test_autodestroy(void) {
        sd_bus *one = connect_as(0), *two = connect_as(0);
        sd_bus_message *reply;

        toy_succeeds(call_domain(one, TOY_DOMAIN "2", "Create", "u", DOMAIN_START_AUTODESTROY));
        sd_bus_close_unref(one);
        while (!strstr(toy_story, "destroy b"))
                toy_turn();
        toy_story_is("start b, destroy b");

        /* while it is being started */
        one = connect_as(0);
        toy_begin(one, &reply, TOY_DOMAIN "2", DOMAIN, "Create", "u",
                  DOMAIN_START_AUTODESTROY | DOMAIN_START_PAUSED);
        while (!toy_pending)
                toy_turn();
        sd_bus_close_unref(one);
        for (int i = 0; i < 3; i++)
                toy_succeeds(call_domain(two, TOY_DOMAIN "2", "GetState", "u", 0));
        toy_story_is("start b");
        toy_finish(0);
        toy_story_is("destroy b");

        /* it stops by itself: the tie is gone, the next start is nobody's */
        one = connect_as(0);
        toy_succeeds(call_domain(one, TOY_DOMAIN "2", "Create", "u", DOMAIN_START_AUTODESTROY));
        toy_succeeds(call_domain(two, TOY_DOMAIN "2", "Destroy", "u", 0));
        toy_succeeds(call_domain(two, TOY_DOMAIN "2", "Create", "u", 0));
        sd_bus_close_unref(one);
        for (int i = 0; i < 3; i++)
                toy_succeeds(call_domain(two, TOY_DOMAIN "2", "GetState", "u", 0));
        toy_story_is("start b, destroy b, start b");
        toy_succeeds(call_domain(two, TOY_DOMAIN "2", "Destroy", "u", 0));
        toy_story_is("destroy b");

        /* still tied at the end: the gate and the tree go first */
        toy_succeeds(call_domain(two, TOY_DOMAIN "2", "Create", "u", DOMAIN_START_AUTODESTROY));
        toy_story_is("start b");
        sd_bus_flush_close_unref(two);
}

static void test_no_polkit(sd_bus *client) {
        toy_fails(call_domain(client, TOY_DOMAIN "2", "Create", "u", 0),
                  SD_BUS_ERROR_ACCESS_DENIED, "polkit isn't there");
        toy_story_is("");
}

int main(void) {
        sd_bus *server, *polkit, *stranger;
        Connection *connection;
        Store *store;
        pid_t daemon;
        Tree *tree;
        Gate *gate;

        if (getuid() != 0) {
                puts("skipped: only root can be two users");
                return 77;
        }
        daemon = start_bus();
        CHECK(sd_event_new(&toy_loop) >= 0);
        connection = toy_connection(&store);
        server = connect_as(0);
        CHECK(tree_new(server, &tree) >= 0 && tree_add(tree, connection) >= 0);
        CHECK(gate_new(tree, 1000000, false, &gate) >= 0);
        own(server, "org.libvirt");

        stranger = connect_as(STRANGER);
        test_no_polkit(stranger);
        polkit = connect_as(0);
        CHECK(sd_bus_add_object_vtable(polkit, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                       "org.freedesktop.PolicyKit1.Authority", polkit_vtable,
                                       NULL) >= 0);
        own(polkit, "org.freedesktop.PolicyKit1");

        test_root();
        test_order();
        test_free(stranger);
        test_answers(stranger);
        test_leaving();
        test_looked_up_anew(stranger);
        test_interactive(stranger);
        test_autodestroy();

        gate_free(gate);
        tree_close(tree);
        connection_free(connection);
        tree_free(tree);
        sd_bus_flush_close_unref(stranger);
        sd_bus_flush_close_unref(polkit);
        sd_bus_flush_close_unref(server);
        store_free(store);
        sd_event_unref(toy_loop);
        CHECK(kill(daemon, SIGTERM) == 0 && waitpid(daemon, NULL, 0) == daemon);
        toy_remove(toy_folder);
        toy_remove(folder);
        return 0;
}
