/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CPU of an x86 host by libvirt's names, from /proc/cpuinfo.
 *
 * Nothing is claimed that the kernel doesn't confirm: the model is the last of its vendor's line of
 * which all features are there, and features are the flags that have a name in libvirt and aren't
 * part of that model. Features the kernel keeps to itself (osxsave, svme-addr-chk) are not reported
 * and models that need them are not recognised. */
#include "drivers/host-cpu.h"
#include "drivers/host-private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Flags of the kernel with libvirt's name. NULL: it is the same. vendor: only there. */
static const struct {
        const char *flag, *name, *vendor;
} features[] = {
        { "fpu" }, { "vme" }, { "de" }, { "pse" }, { "tsc" }, { "msr" }, { "pae" }, { "mce" },
        { "cx8" }, { "apic" }, { "sep" }, { "mtrr" }, { "pge" }, { "mca" }, { "cmov" }, { "pat" },
        { "pse36" }, { "pn" }, { "clflush" }, { "dts", "ds" }, { "acpi" }, { "mmx" }, { "fxsr" },
        { "sse" }, { "sse2" }, { "ss" }, { "ht" }, { "tm" }, { "ia64" }, { "pbe" }, { "pni" },
        { "pclmulqdq", "pclmuldq" }, { "dtes64" }, { "monitor" }, { "ds_cpl" }, { "vmx" },
        { "smx" }, { "est" }, { "tm2" }, { "ssse3" }, { "cid" }, { "fma" }, { "cx16" }, { "xtpr" },
        { "pdcm" }, { "pcid" }, { "dca" }, { "sse4_1", "sse4.1" }, { "sse4_2", "sse4.2" },
        { "x2apic" }, { "movbe" }, { "popcnt" }, { "tsc_deadline_timer", "tsc-deadline" },
        { "aes" }, { "xsave" }, { "avx" }, { "f16c" }, { "rdrand" }, { "hypervisor" }, { "arat" },
        { "fsgsbase" }, { "tsc_adjust" }, { "sgx" }, { "bmi1" }, { "hle" }, { "avx2" }, { "smep" },
        { "bmi2" }, { "erms" }, { "invpcid" }, { "rtm" }, { "cqm", "cmt" }, { "mpx" },
        { "avx512f" }, { "avx512dq" }, { "rdseed" }, { "adx" }, { "smap" }, { "avx512ifma" },
        { "clflushopt" }, { "clwb" }, { "intel_pt", "intel-pt" }, { "avx512pf" }, { "avx512er" },
        { "avx512cd" }, { "sha_ni", "sha-ni" }, { "avx512bw" }, { "avx512vl" }, { "avx512vbmi" },
        { "umip" }, { "pku" }, { "ospke" }, { "waitpkg" }, { "avx512_vbmi2", "avx512vbmi2" },
        { "gfni" }, { "vaes" }, { "vpclmulqdq" }, { "avx512_vnni", "avx512vnni" },
        { "avx512_bitalg", "avx512bitalg" }, { "avx512_vpopcntdq", "avx512-vpopcntdq" },
        { "la57" }, { "rdpid" }, { "bus_lock_detect", "bus-lock-detect" }, { "cldemote" },
        { "movdiri" }, { "movdir64b" }, { "sgx_lc", "sgxlc" }, { "avx512_4vnniw", "avx512-4vnniw" },
        { "avx512_4fmaps", "avx512-4fmaps" }, { "fsrm" },
        { "avx512_vp2intersect", "avx512-vp2intersect" }, { "md_clear", "md-clear" },
        { "serialize" }, { "tsxldtrk", "tsx-ldtrk" }, { "pconfig" }, { "arch_lbr", "arch-lbr" },
        { "amx_bf16", "amx-bf16" }, { "avx512_fp16", "avx512-fp16" }, { "amx_tile", "amx-tile" },
        { "amx_int8", "amx-int8" }, { "ibrs", "spec-ctrl", "Intel" }, { "stibp", NULL, "Intel" },
        { "arch_capabilities", "arch-capabilities" }, { "ssbd", NULL, "Intel" },
        { "avx_vnni", "avx-vnni" }, { "avx512_bf16", "avx512-bf16" }, { "xsaveopt" }, { "xsavec" },
        { "xgetbv1" }, { "xsaves" }, { "cqm_mbm_total", "mbm_total" },
        { "cqm_mbm_local", "mbm_local" }, { "syscall" }, { "nx" }, { "mmxext" }, { "fxsr_opt" },
        { "pdpe1gb" }, { "rdtscp" }, { "lm" }, { "3dnowext" }, { "3dnow" }, { "lahf_lm" },
        { "cmp_legacy" }, { "svm" }, { "extapic" }, { "cr8_legacy", "cr8legacy" }, { "abm" },
        { "sse4a" }, { "misalignsse" }, { "3dnowprefetch" }, { "osvw" }, { "ibs" }, { "xop" },
        { "skinit" }, { "wdt" }, { "lwp" }, { "fma4" }, { "tce" }, { "nodeid_msr" }, { "tbm" },
        { "topoext" }, { "perfctr_core" }, { "perfctr_nb" }, { "nonstop_tsc", "invtsc" },
        { "clzero" }, { "xsaveerptr" }, { "wbnoinvd" }, { "ibpb", NULL, "AMD" },
        { "ibrs", NULL, "AMD" }, { "stibp", "amd-stibp", "AMD" }, { "virt_ssbd", "virt-ssbd" },
        { "npt" }, { "lbrv" }, { "svm_lock", "svm-lock" }, { "nrip_save", "nrip-save" },
        { "tsc_scale", "tsc-scale" }, { "vmcb_clean", "vmcb-clean" }, { "flushbyasid" },
        { "decodeassists" }, { "pausefilter", "pause-filter" }, { "pfthreshold" }, { "avic" },
        { "v_vmsave_vmload", "v-vmsave-vmload" }, { "vgif" },
};

/* Each model is an earlier one, its base, and some features more. (mpx of the Skylakes and their
 * successors is left out: kernels since 5.6 don't show it.) */
static const struct {
        const char *name, *vendor, *base, *more;
} models[] = {
        { "Opteron_G1", "AMD", NULL, "apic clflush cmov cx8 de fpu fxsr lm mca mce mmx msr mtrr nx "
          "pae pat pge pni pse pse36 sep sse sse2 syscall tsc" },
        { "Opteron_G2", "AMD", "Opteron_G1", "cx16 lahf_lm rdtscp svm" },
        { "Opteron_G3", "AMD", "Opteron_G2", "abm misalignsse popcnt sse4a" },
        { "Opteron_G4", "AMD", "Opteron_G3", "3dnowprefetch aes avx fma4 pclmuldq pdpe1gb sse4.1 "
          "sse4.2 ssse3 xop xsave" },
        { "Opteron_G5", "AMD", "Opteron_G4", "f16c fma tbm" },
        { "EPYC", "AMD", "Opteron_G3", "3dnowprefetch adx aes arat avx avx2 bmi1 bmi2 clflushopt "
          "cr8legacy f16c fma fsgsbase fxsr_opt mmxext movbe osvw pclmuldq pdpe1gb rdrand rdseed "
          "sha-ni smap smep sse4.1 sse4.2 ssse3 vme xgetbv1 xsave xsavec xsaveopt" },
        { "EPYC-IBPB", "AMD", "EPYC", "ibpb" },
        { "EPYC-Rome", "AMD", "EPYC-IBPB", "amd-stibp clwb clzero npt nrip-save perfctr_core rdpid "
          "umip wbnoinvd xsaveerptr" },
        { "kvm64", "Intel", "Opteron_G1", "cx16" },
        { "Conroe", "Intel", "Opteron_G1", "lahf_lm ssse3" },
        { "Penryn", "Intel", "Conroe", "cx16 sse4.1" },
        { "Nehalem", "Intel", "Penryn", "popcnt sse4.2" },
        { "Westmere", "Intel", "Nehalem", "aes" },
        { "SandyBridge", "Intel", "Westmere", "avx pclmuldq rdtscp tsc-deadline x2apic xsave" },
        { "IvyBridge", "Intel", "SandyBridge", "erms f16c fsgsbase rdrand smep vme" },
        { "Haswell-noTSX", "Intel", "SandyBridge", "avx2 bmi1 bmi2 erms fma fsgsbase invpcid movbe "
          "pcid smep" },
        { "Broadwell-noTSX", "Intel", "Haswell-noTSX", "3dnowprefetch adx rdseed smap" },
        { "Broadwell-noTSX-IBRS", "Intel", "Broadwell-noTSX", "spec-ctrl" },
        { "Skylake-Client-noTSX-IBRS", "Intel", "Broadwell-noTSX-IBRS", "abm arat f16c rdrand vme "
          "xgetbv1 xsavec xsaveopt" },
        { "Skylake-Server-noTSX-IBRS", "Intel", "Skylake-Client-noTSX-IBRS", "avx512bw avx512cd "
          "avx512dq avx512f avx512vl clwb pdpe1gb" },
        { "Cascadelake-Server-noTSX", "Intel", "Skylake-Server-noTSX-IBRS", "avx512vnni clflushopt "
          "ssbd" },
        { "Icelake-Server-noTSX", "Intel", "Cascadelake-Server-noTSX", "avx512-vpopcntdq "
          "avx512bitalg avx512vbmi avx512vbmi2 gfni la57 pku umip vaes vpclmulqdq wbnoinvd" },
};

/* Whether a list of words, separated by blanks, has this one. */
static bool has_word(const char *words, const char *word) {
        size_t n = strlen(word);

        for (const char *at = words; (at = strstr(at, word)); at += n)
                if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\n' || at[n] == 0))
                        return true;
        return false;
}

/* The value of the first line "key : value" of /proc/cpuinfo, up to the end of the text. */
static const char *find_line(const char *text, const char *key) {
        size_t n = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, key, n) != 0)
                        continue;
                const char *value = line + n + strspn(line + n, "\t ");
                if (*value == ':')
                        return value + 1 + (value[1] == ' ');
        }
        return NULL;
}

static char *copy_line(const char *text, const char *key) {
        const char *value = find_line(text, key);

        return value ? strndup(value, strcspn(value, "\n")) : NULL;
}

static uint64_t number_of(const char *text, const char *key) {
        const char *value = find_line(text, key);

        return value ? strtoull(value, NULL, 0) : 0;
}

static const char *vendor_of(const char *text) {
        const char *value = find_line(text, "vendor_id");

        if (value && strncmp(value, "GenuineIntel\n", 13) == 0)
                return "Intel";
        return value && strncmp(value, "AuthenticAMD\n", 13) == 0 ? "AMD" : NULL;
}

/* Libvirt's names of the flags, in the order of the table, ended by NULL. */
static const char **names_of(const char *flags, const char *vendor) {
        const char **names = calloc(ELEMENTS(features) + 1, sizeof(*names));
        size_t n = 0;

        for (size_t i = 0; names && i < ELEMENTS(features); i++) {
                const char *only = features[i].vendor;
                if (only && (!vendor || strcmp(only, vendor) != 0))
                        continue;
                if (has_word(flags, features[i].flag))
                        names[n++] = features[i].name ?: features[i].flag;
        }
        return names;
}

static size_t find_model(const char *name) {
        size_t i = 0;

        while (strcmp(models[i].name, name) != 0)
                i++;
        return i;
}

static bool model_has(size_t model, const char *feature) {
        if (has_word(models[model].more, feature))
                return true;
        return models[model].base && model_has(find_model(models[model].base), feature);
}

/* How many words of a list are among the names. */
static size_t count_known(const char *words, const char *const *names) {
        size_t n = 0;

        for (; *names; names++)
                n += has_word(words, *names);
        return n;
}

static bool model_fits(size_t model, const char *const *names) {
        size_t wanted = 1;

        for (const char *c = models[model].more; *c; c++)
                wanted += *c == ' ';
        if (count_known(models[model].more, names) != wanted)
                return false;
        return !models[model].base || model_fits(find_model(models[model].base), names);
}

/* The last that fits names the model; what it has is taken from the names. */
static const char *take_model(const char *vendor, const char **names) {
        size_t best = ELEMENTS(models), n = 0;

        for (size_t i = 0; i < ELEMENTS(models); i++)
                if (vendor && strcmp(models[i].vendor, vendor) == 0 && model_fits(i, names))
                        best = i;
        if (best == ELEMENTS(models))
                return NULL;
        for (size_t i = 0; names[i]; i++)
                if (!model_has(best, names[i]))
                        names[n++] = names[i];
        names[n] = NULL;
        return models[best].name;
}

int host_cpu_read(HostCpu *ret) {
        _cleanup_(freep) char *text = NULL, *flags = NULL;

        *ret = (HostCpu) {};
        int r = host_read(&text, "/proc/cpuinfo");
        if (r < 0)
                return r;
        flags = copy_line(text, "flags");
        if (!flags) /* not x86 */
                return 0;

        const char *vendor = vendor_of(text);
        const char **names = names_of(flags, vendor);
        if (!names)
                return -ENOMEM;
        *ret = (HostCpu) {
                .vendor = vendor,
                .model = take_model(vendor, names),
                .features = names,
                .microcode = number_of(text, "microcode"),
                .family = number_of(text, "cpu family"),
                .number = number_of(text, "model"),
                .stepping = number_of(text, "stepping"),
                .address_bits = number_of(text, "address sizes"),
        };
        return 0;
}

void host_cpu_done(HostCpu *cpu) {
        free((void *) cpu->features);
        *cpu = (HostCpu) {};
}

/* ---- for who compares ---- */

const char **host_cpu_features(const char **ret_vendor) {
        _cleanup_(freep) char *text = NULL, *flags = NULL;

        *ret_vendor = NULL;
        if (host_read(&text, "/proc/cpuinfo") >= 0 && (flags = copy_line(text, "flags")))
                *ret_vendor = vendor_of(text);
        return names_of(flags ?: "", *ret_vendor);
}

static bool is_first(size_t i) {
        for (size_t j = 0; j < i; j++)
                if (strcmp(features[j].name ?: features[j].flag,
                           features[i].name ?: features[i].flag) == 0)
                        return false;
        return true;
}

const char **host_cpu_model_features(const char *model, const char **ret_vendor) {
        const char **names = NULL;
        size_t at = 0, n = 0;

        while (at < ELEMENTS(models) && strcmp(models[at].name, model) != 0)
                at++;
        if (at == ELEMENTS(models) || !(names = calloc(ELEMENTS(features) + 1, sizeof(*names))))
                return NULL;
        for (size_t i = 0; i < ELEMENTS(features); i++) {
                const char *name = features[i].name ?: features[i].flag;

                if (is_first(i) && model_has(at, name))
                        names[n++] = name;
        }
        *ret_vendor = models[at].vendor;
        return names;
}

const char *host_cpu_model(unsigned index) {
        return index < ELEMENTS(models) ? models[index].name : NULL;
}

int host_cpu_feature_rank(const char *name) {
        for (size_t i = 0; i < ELEMENTS(features); i++)
                if (strcmp(features[i].name ?: features[i].flag, name) == 0)
                        return (int) i;
        return -1;
}
