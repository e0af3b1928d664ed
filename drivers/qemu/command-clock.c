/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time and power: the clock, its timers, what a reset or power-off leads to, sleep states. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

const ClockTimer *clock_timer(const DomainConf *conf, const char *name) {
        for (size_t i = 0; i < conf->clock.timers.n; i++)
                if (text_is(conf->clock.timers.items[i]->name, name))
                        return conf->clock.timers.items[i];
        return NULL;
}

static int add_date(Option *option, int64_t seconds, bool local) {
        time_t when = seconds;
        struct tm parts;
        char text[sizeof("-9223372036854775808-12-31T23:59:60")];

        if (!(local ? localtime_r(&when, &parts) : gmtime_r(&when, &parts)) ||
            strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) == 0)
                return -ERANGE;
        option_add(option, "base=%s", text);
        return 0;
}

static int add_clock_base(Builder *builder, Option *option) {
        const DomainClock *clock = &builder->conf->clock;
        int64_t adjustment = clock->adjustment ? strtoll(clock->adjustment, NULL, 10) : 0;
        int r = 0;

        if (text_is(clock->offset, "localtime"))
                option_add(option, "base=localtime");
        else if (text_is(clock->offset, "timezone") && clock->timezone) {
                environment(builder, "TZ", clock->timezone); /* QEMU's local time is that one's */
                option_add(option, "base=localtime");
        } else if (text_is(clock->offset, "variable"))
                r = add_date(option, time(NULL) + adjustment, text_is(clock->basis, "localtime"));
        else if (text_is(clock->offset, "absolute"))
                r = add_date(option, clock->start ? strtoll(clock->start, NULL, 10) : 0, false);
        else if (!clock->offset || text_is(clock->offset, "utc"))
                option_add(option, "base=utc");
        else
                return unsupported(builder, "clock/@offset '%s' is not supported for QEMU guests",
                                   clock->offset);
        return r < 0 ? unsupported(builder, "clock: the date is out of range") : 0;
}

static int add_rtc(Builder *builder) {
        const ClockTimer *rtc = clock_timer(builder->conf, "rtc");
        _cleanup_(option_clear) Option option = { builder, NULL };
        int r = add_clock_base(builder, &option);

        if (r < 0)
                return r;
        if (rtc && rtc->track && !text_is(rtc->track, "boot"))
                option_add(&option, ",clock=%s", text_is(rtc->track, "guest") ? "vm" :
                                                 text_is(rtc->track, "realtime") ? "rt" : "host");
        if (rtc && text_is(rtc->tickpolicy, "catchup"))
                option_add(&option, ",driftfix=slew");
        else if (rtc && rtc->tickpolicy && !text_is(rtc->tickpolicy, "delay"))
                return unsupported(builder, "clock/timer[@name='rtc']/@tickpolicy '%s'",
                                   rtc->tickpolicy);
        option_done(&option, "rtc");
        return 0;
}

static int add_pit(Builder *builder) {
        const ClockTimer *pit = clock_timer(builder->conf, "pit");

        if (!pit || !pit->tickpolicy || text_is(pit->tickpolicy, "catchup"))
                return 0;
        if (!text_is(pit->tickpolicy, "delay") && !text_is(pit->tickpolicy, "discard"))
                return unsupported(builder, "clock/timer[@name='pit']/@tickpolicy '%s'",
                                   pit->tickpolicy);
        if (builder->conf->type == VIRT_KVM && qemu_caps_has_type(builder->caps, "kvm-pit"))
                argument(builder, "global", "kvm-pit.lost_tick_policy=%s", pit->tickpolicy);
        return 0;
}

/* Sleep states are a property of the power management chip of each chipset. */
static void add_sleep_states(Builder *builder) {
        const DomainConf *conf = builder->conf;
        Platform platform = qemu_platform(conf);
        const char *chip = platform == PLATFORM_Q35 ? "ICH9-LPC" : "PIIX4_PM";

        if (platform != PLATFORM_Q35 && platform != PLATFORM_I440FX)
                return;
        if (conf->suspend_to_mem != TRISTATE_UNSET)
                argument(builder, "global", "%s.disable_s3=%d", chip,
                         conf->suspend_to_mem == TRISTATE_NO);
        if (conf->suspend_to_disk != TRISTATE_UNSET)
                argument(builder, "global", "%s.disable_s4=%d", chip,
                         conf->suspend_to_disk == TRISTATE_NO);
}

int build_clock(Builder *builder) {
        int r;

        if ((r = add_rtc(builder)) < 0 || (r = add_pit(builder)) < 0)
                return r;
        argument(builder, "no-shutdown", NULL);
        if (builder->conf->on_reboot != ACTION_RESTART) /* the driver decides what follows */
                argument(builder, "no-reboot", NULL);
        add_sleep_states(builder);
        return 0;
}
