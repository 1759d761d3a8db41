// kn_worker_close() from every state a worker can be in, with its driver inside kn_worker_run():
// back within 100 ms of its limit, and no callback begins afterwards. scripts/soak runs it.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>

#include <kosmonaut/kosmonaut.h>

#include "answers.hpp"
#include "fault_server.hpp"

namespace {

using faults::clock;
using faults::conversation;
using faults::milliseconds;
using faults::script;

constexpr int rounds = 20;
constexpr milliseconds limit{200};
constexpr milliseconds grace{100};

/// Where the resolver of `*.hangs.test` stays until the end.
std::mutex resolving;
std::condition_variable resolved;
bool may_resolve = false;

} // namespace

extern "C" int getaddrinfo(const char *name, const char *service, const addrinfo *hints,
                           addrinfo **result) {
    using function = int(const char *, const char *, const addrinfo *, addrinfo **);
    static auto *const real = reinterpret_cast<function *>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (name == nullptr || !std::string_view(name).ends_with(".hangs.test"))
        return real(name, service, hints, result);
    std::unique_lock lock(resolving);
    resolved.wait(lock, [] { return may_resolve; });
    return EAI_NONAME;
}

namespace {

/// A worker, the thread that drives it, and what its callbacks saw.
class driven {
  public:
    driven(const std::string &url, bool has_slow_handler) : has_slow_handler_(has_slow_handler) {
        kn_options *options = kn_options_new();
        kn_options_set_reconnect_delay_ms(options, faults::longer_than_patience_ms,
                                          faults::longer_than_patience_ms);
        if (kn_worker_new(url.c_str(), options, &worker_, nullptr) != KN_OK ||
            kn_worker_on(worker_, "*/*", &driven::handle, this, nullptr, nullptr) != KN_OK ||
            kn_worker_on_error(worker_, &driven::hear, this, nullptr, nullptr) != KN_OK)
            std::abort();
        kn_options_free(options);
        thread_ = std::thread([this] { ended_with_ = kn_worker_run(worker_, nullptr); });
    }
    ~driven() {
        may_return_ = true;
        may_return_.notify_all();
        thread_.join();
        kn_worker_free(worker_);
    }
    driven(const driven &) = delete;
    driven &operator=(const driven &) = delete;

    kn_worker *get() const noexcept { return worker_; }
    bool is_in_handler() const noexcept { return is_in_handler_; }
    long handled() const noexcept { return handled_; }

    /// From here on a callback that begins is too late.
    void was_closed() noexcept { is_closed_ = true; }
    void let_handler_return() {
        may_return_ = true;
        may_return_.notify_all();
        while (is_in_handler_)
            std::this_thread::yield();
    }
    long too_late() const noexcept { return too_late_; }

  private:
    void begin() noexcept {
        if (is_closed_)
            ++too_late_;
    }
    static void handle(kn_event *, void *self) {
        auto &me = *static_cast<driven *>(self);
        me.begin();
        ++me.handled_;
        if (!me.has_slow_handler_)
            return;
        me.is_in_handler_ = true;
        me.may_return_.wait(false);
        me.is_in_handler_ = false;
    }
    static void hear(const kn_error *, void *self) { static_cast<driven *>(self)->begin(); }

    const bool has_slow_handler_;
    std::atomic<bool> is_closed_{false};
    std::atomic<bool> is_in_handler_{false};
    std::atomic<bool> may_return_{false};
    std::atomic<long> handled_{0};
    std::atomic<long> too_late_{0};
    std::atomic<kn_status> ended_with_{KN_OK};
    kn_worker *worker_ = nullptr;
    std::thread thread_;
};

struct state {
    const char *name;
    std::function<std::string()> url;
    std::function<bool(const driven &)> is_reached;
    bool has_slow_handler = false;
};

bool await(const driven &worker, const state &of) {
    const clock::time_point deadline = clock::now() + faults::patience;
    while (!of.is_reached(worker)) {
        if (clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
}

bool is_in(const driven &worker, std::int32_t expected) {
    return kn_worker_state(worker.get()) == expected;
}

/// False, and says so, where it does not hold.
bool closes(const state &from) {
    milliseconds longest{0};
    for (int i = 0; i < rounds; ++i) {
        driven worker(from.url(), from.has_slow_handler);
        if (!await(worker, from)) {
            std::printf("FAILED: %s was not reached\n", from.name);
            return false;
        }
        const clock::time_point began = clock::now();
        const kn_status said = kn_worker_close(worker.get(), limit.count(), nullptr);
        worker.was_closed();
        longest = std::max(longest, std::chrono::ceil<milliseconds>(clock::now() - began));
        if (said != (from.has_slow_handler ? KN_AGAIN : KN_OK)) {
            std::printf("FAILED: %s: %s\n", from.name, kn_status_name(said));
            return false;
        }
        worker.let_handler_return();
        if (kn_worker_close(worker.get(), faults::longer_than_patience_ms, nullptr) != KN_OK ||
            worker.too_late() != 0) {
            std::printf("FAILED: %s: %ld callbacks began afterwards\n", from.name,
                        worker.too_late());
            return false;
        }
    }
    std::printf("closed %d times %-22s the longest took %3ld ms of %ld\n", rounds, from.name,
                static_cast<long>(longest.count()), static_cast<long>((limit + grace).count()));
    if (longest > limit + grace)
        std::printf("FAILED: that is too long\n");
    return longest <= limit + grace;
}

script streams_without_end() {
    return [](conversation &with) {
        with.receive();
        with.send(faults::stream_head());
        for (;;)
            with.send("event: a/b\ndata: {}\n\n");
    };
}

} // namespace

int main() {
    faults::port clogged;
    clogged.clog();
    faults::fault_server stalled({[](conversation &with) { with.stall(); }});
    faults::fault_server silent({faults::keeps_streaming("")});
    faults::fault_server busy({streams_without_end()});
    faults::fault_server refusing({faults::answers(503)});

    const auto connecting = [](const driven &w) { return is_in(w, KN_WORKER_CONNECTING); };
    const auto asked = [&](const driven &w) {
        return is_in(w, KN_WORKER_CONNECTING) && stalled.connections() > 0;
    };
    const std::vector<state> states{
        {"resolving", [&] { return clogged.url("http", "broker.hangs.test"); }, connecting},
        {"connecting", [&] { return clogged.url(); }, connecting},
        {"in the TLS handshake", [&] { return stalled.where().url("https"); }, asked},
        {"waiting for the head", [&] { return stalled.url(); }, asked},
        {"reading, silent", [&] { return silent.url(); },
         [](const driven &w) { return is_in(w, KN_WORKER_CONNECTED); }},
        {"reading, busy", [&] { return busy.url(); },
         [](const driven &w) { return w.handled() > 100; }},
        {"between two tries", [&] { return refusing.url(); },
         [](const driven &w) { return is_in(w, KN_WORKER_WAITING); }},
        {"in a handler", [&] { return busy.url(); },
         [](const driven &w) { return w.is_in_handler(); }, true},
    };
    bool is_good = true;
    for (const state &one : states)
        is_good = closes(one) && is_good;

    const std::lock_guard lock(resolving);
    may_resolve = true;
    resolved.notify_all();
    return is_good ? 0 : 1;
}
