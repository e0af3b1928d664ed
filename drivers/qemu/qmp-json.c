/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of commands and members of answers: what callers of QMP need of JSON. */
#include <stdarg.h>

#include "drivers/qemu/qmp.h"

static json_object *value_from(char letter, va_list *ap) {
        const char *text;

        switch (letter) {
        case 's':
                text = va_arg(*ap, const char *);
                return text ? json_object_new_string(text) : NULL;
        case 'i':
                return json_object_new_int64(va_arg(*ap, int64_t));
        case 'b':
                return json_object_new_boolean(va_arg(*ap, int));
        case 'o':
                return va_arg(*ap, json_object *);
        }
        abort(); /* nobody but us writes these letters */
}

json_object *qmp_arguments(const char *letter, ...) {
        json_object *object = json_object_new_object();
        va_list ap;

        va_start(ap, letter);
        for (; letter; letter = va_arg(ap, const char *)) {
                const char *name = va_arg(ap, const char *);
                json_object *value = value_from(letter[0], &ap);

                /* Without memory the rest is walked all the same: what was given is taken. */
                if (value && (!object || json_object_object_add(object, name, value) < 0))
                        json_object_put(value);
        }
        va_end(ap);
        return object;
}

json_object *json_member(json_object *object, const char *name) {
        json_object *value;

        if (!json_object_is_type(object, json_type_object) ||
            !json_object_object_get_ex(object, name, &value))
                return NULL;
        return value;
}

const char *json_text(json_object *object, const char *name) {
        json_object *value = json_member(object, name);

        return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

int64_t json_number(json_object *object, const char *name, int64_t otherwise) {
        json_object *value = json_member(object, name);

        return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : otherwise;
}

bool json_truth(json_object *object, const char *name) {
        json_object *value = json_member(object, name);

        return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}
