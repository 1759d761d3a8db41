// What tests in C see of this library: no exception gets out, but its text does.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "broker.hpp"
#include "browser.hpp"
#include "test_broker.h"
#include "test_browser.h"
#include "test_wiretap.h"
#include "unused_address.hpp"
#include "wiretap.hpp"

struct test_broker {
    support::broker object;
};

struct test_browser {
    explicit test_browser(const char *backend_url) : object(backend_url) {}
    support::browser object;
};

struct test_wiretap {
    explicit test_wiretap(const char *backend_url) : object(backend_url) {}
    support::wiretap object;
};

namespace {

/// What @p body returns, or @p otherwise when it throws.
template <class Result, class Body>
Result told(Result otherwise, Body &&body) {
    try {
        return body();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return otherwise;
    }
}

template <class Body>
int succeeds(Body &&body) {
    return told(0, [&] {
        body();
        return 1;
    });
}

char *copied(const std::string &text) { return strdup(text.c_str()); }

} // namespace

test_broker *test_broker_start(void) {
    return told<test_broker *>(nullptr, [] { return new test_broker; });
}

int test_broker_free(test_broker *broker) {
    const int ended_well = broker == nullptr || succeeds([&] { broker->object.stop(); });
    delete broker;
    return ended_well;
}

int test_broker_kill(test_broker *broker) {
    return succeeds([&] { broker->object.kill(); });
}

int test_broker_stop(test_broker *broker) {
    return succeeds([&] { broker->object.stop(); });
}

int test_broker_start_again(test_broker *broker) {
    return succeeds([&] { broker->object.start(); });
}

void test_broker_pause(test_broker *broker) { broker->object.pause(); }

void test_broker_resume(test_broker *broker) { broker->object.resume(); }

char *test_broker_add_vhost(test_broker *broker, const char *path) {
    return told<char *>(nullptr, [&] { return copied(broker->object.add_vhost(path)); });
}

char *test_broker_regenerate_token(test_broker *broker, const char *path) {
    return told<char *>(nullptr, [&] { return copied(broker->object.regenerate_token(path)); });
}

int test_broker_delete_vhost(test_broker *broker, const char *path) {
    return succeeds([&] { broker->object.delete_vhost(path); });
}

int test_broker_workers(test_broker *broker, const char *path) {
    return told(-1, [&] { return static_cast<int>(broker->object.workers(path).size()); });
}

const char *test_unused_address(void) {
    static const std::string address = unused_address();
    return address.c_str();
}

test_browser *test_browser_connect(const char *backend_url) {
    return told<test_browser *>(nullptr, [&] { return new test_browser(backend_url); });
}

void test_browser_free(test_browser *browser) { delete browser; }

const char *test_browser_sid(const test_browser *browser) { return browser->object.sid().c_str(); }

int test_browser_authenticate(test_browser *browser, const char *uid, const char *channels) {
    return succeeds([&] { browser->object.authenticate(uid, channels); });
}

int test_browser_subscribe(test_browser *browser, const char *channel) {
    return succeeds([&] { browser->object.subscribe(channel); });
}

int test_browser_subscribe_as(test_browser *browser, const char *channel, const char *data,
                              int is_hidden) {
    return succeeds([&] { browser->object.subscribe(channel, data, is_hidden != 0); });
}

int test_browser_broadcast(test_browser *browser, const char *channel, const char *event,
                           const char *data) {
    return succeeds([&] { browser->object.broadcast(channel, event, data); });
}

int test_browser_trigger(test_browser *browser, const char *event, const char *data) {
    return succeeds([&] { browser->object.trigger(event, data); });
}

char *test_browser_wait_for(test_browser *browser, const char *name) {
    return told<char *>(nullptr, [&] { return copied(browser->object.wait_for(name)); });
}

test_wiretap *test_wiretap_start(const char *backend_url) {
    return told<test_wiretap *>(nullptr, [&] { return new test_wiretap(backend_url); });
}

void test_wiretap_free(test_wiretap *tap) { delete tap; }

const char *test_wiretap_url(const test_wiretap *tap) { return tap->object.url().c_str(); }

char *test_wiretap_sent(const test_wiretap *tap, size_t *length) {
    const std::string sent = tap->object.sent();
    *length = sent.size();
    auto *copy = static_cast<char *>(std::malloc(sent.size() + 1));
    std::memcpy(copy, sent.c_str(), sent.size() + 1);
    return copy;
}

int test_wiretap_connections(const test_wiretap *tap) { return tap->object.connections(); }
