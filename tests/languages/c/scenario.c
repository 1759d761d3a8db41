/* The program that tests/languages/driver.py drives, in C: the worker runs on a thread of its
 * own. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <kosmonaut/kosmonaut.h>

static const int64_t close_limit_ms = 5000;

struct backend {
    kn_client *client;
    kn_worker *worker;
    pthread_t thread;
};

static void say(json_t *reply) {
    json_dumpf(reply, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(reply);
}

static void die(kn_status status, kn_error *error) {
    fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    kn_error_free(error);
    exit(1);
}

/* Takes the error. */
static json_t *answer_to(kn_status status, kn_error *error) {
    json_t *reply;
    if (status == KN_OK) {
        return json_pack("{s:b}", "ok", 1);
    }
    reply = json_pack("{s:s, s:i, s:s}", "error", kn_status_name(status), "http_status",
                      kn_error_http_status(error), "message", kn_error_message(error));
    kn_error_free(error);
    return reply;
}

static kn_status trigger(kn_client *client, const char *channel, const char *event, json_t *data,
                         kn_error **error) {
    char *text = json_dumps(data, JSON_COMPACT);
    const kn_status status = kn_client_trigger(client, channel, event, text, strlen(text), error);
    free(text);
    return status;
}

static void on_ask(kn_event *event, void *user_data) {
    kn_client *client = user_data;
    kn_error *error = NULL;
    size_t length = 0;
    const char *text = kn_event_data(event, &length);
    json_t *asked = json_loadb(text, length, 0, NULL);
    json_t *reply =
        json_pack("{s:s?, s:O}", "to", kn_event_uid(event), "n", json_object_get(asked, "n"));
    const kn_status status = trigger(client, kn_event_channel(event), "answer", reply, &error);
    json_decref(reply);
    json_decref(asked);
    if (status != KN_OK) {
        die(status, error);
    }
}

/* Without a look at the rest of the data, which may be anything. */
static void on_who(kn_event *event, void *user_data) {
    kn_error *error = NULL;
    json_t *reply =
        json_pack("{s:s?, s:s?}", "uid", kn_event_uid(event), "sid", kn_event_sid(event));
    const kn_status status = trigger(user_data, kn_event_channel(event), "sender", reply, &error);
    json_decref(reply);
    if (status != KN_OK) {
        die(status, error);
    }
}

static void *run(void *argument) {
    struct backend *backend = argument;
    kn_error *error = NULL;
    const kn_status status = kn_worker_run(backend->worker, &error);
    if (status != KN_CLOSED) {
        die(status, error);
    }
    return NULL;
}

static void start(struct backend *backend, const char *url) {
    kn_error *error = NULL;
    kn_options *options = kn_options_new();
    kn_status status = kn_options_set_reconnect_delay_ms(options, 100, 500);
    if (status == KN_OK) {
        status = kn_client_new(url, options, &backend->client, &error);
    }
    if (status == KN_OK) {
        status = kn_worker_new(url, options, &backend->worker, &error);
    }
    if (status == KN_OK) {
        status = kn_worker_on(backend->worker, "private-room/ask", on_ask, backend->client, NULL,
                              &error);
    }
    if (status == KN_OK) {
        status = kn_worker_on(backend->worker, "private-room/who", on_who, backend->client, NULL,
                              &error);
    }
    kn_options_free(options);
    if (status != KN_OK || pthread_create(&backend->thread, NULL, run, backend) != 0) {
        die(status, error);
    }
}

static json_t *quit(struct backend *backend) {
    kn_error *error = NULL;
    const kn_status status = kn_worker_close(backend->worker, close_limit_ms, &error);
    pthread_join(backend->thread, NULL);
    kn_worker_free(backend->worker);
    kn_client_free(backend->client);
    return answer_to(status, error);
}

static json_t *open_as(const char *url, const char *channel) {
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = kn_client_new(url, NULL, &client, &error);
    if (status == KN_OK) {
        status = kn_client_open_channel(client, channel, &error);
    }
    kn_client_free(client);
    return answer_to(status, error);
}

static json_t *request_token(kn_client *client, const char *uid, const char *channels) {
    kn_error *error = NULL;
    char *token = NULL;
    const kn_status status = kn_client_request_token(client, uid, channels, &token, &error);
    json_t *reply = answer_to(status, error);
    if (token != NULL) {
        json_object_set_new(reply, "token", json_string(token));
    }
    kn_string_free(token);
    return reply;
}

static json_t *obey(struct backend *backend, json_t *command) {
    const char *what = json_string_value(json_object_get(command, "do"));
    const char *channel = json_string_value(json_object_get(command, "channel"));
    kn_error *error = NULL;
    kn_status status = KN_EINVAL;

    if (strcmp(what, "open") == 0) {
        status = kn_client_open_channel(backend->client, channel, &error);
    } else if (strcmp(what, "close_channel") == 0) {
        status = kn_client_close_channel(backend->client, channel, &error);
    } else if (strcmp(what, "trigger") == 0) {
        status =
            trigger(backend->client, channel, json_string_value(json_object_get(command, "event")),
                    json_object_get(command, "data"), &error);
    } else if (strcmp(what, "token") == 0) {
        return request_token(backend->client, json_string_value(json_object_get(command, "uid")),
                             json_string_value(json_object_get(command, "channels")));
    } else if (strcmp(what, "open_as") == 0) {
        return open_as(json_string_value(json_object_get(command, "url")), channel);
    } else if (strcmp(what, "state") == 0) {
        return json_pack("{s:b, s:i, s:I, s:I}", "ok", 1, "state", kn_worker_state(backend->worker),
                         "events", (json_int_t)kn_worker_events(backend->worker), "reconnects",
                         (json_int_t)kn_worker_reconnects(backend->worker));
    } else if (strcmp(what, "quit") == 0) {
        return quit(backend);
    }
    return answer_to(status, error);
}

int main(int argc, char **argv) {
    struct backend backend = {0};
    char line[4096];

    if (argc != 2) {
        fprintf(stderr, "usage: %s VHOST_URL\n", argv[0]);
        return 2;
    }
    start(&backend, argv[1]);
    say(json_pack("{s:b}", "ready", 1));
    while (fgets(line, sizeof line, stdin) != NULL) {
        json_t *command = json_loads(line, 0, NULL);
        const char *what = json_string_value(json_object_get(command, "do"));
        const int is_last = strcmp(what, "quit") == 0;
        say(obey(&backend, command));
        json_decref(command);
        if (is_last) {
            return 0;
        }
    }
    return 1;
}
