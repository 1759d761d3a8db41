// Every public function without memory: its first allocation fails, then in another run its second,
// and so on until it asks for no more. Each time a status comes back, the handle works afterwards,
// and nothing is left behind.
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <kosmonaut/kosmonaut.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "failing_allocations.hpp"
#include "fault_server.hpp"

namespace faults {
namespace {

constexpr std::string_view page_of_two =
    R"({"subscribers":[{"sid":"45c74051-2a07-4f0e-8f6e-9c1b7f1d3a55","uid":"al","hidden":true,)"
    R"("data":{"name":"a name that is longer than a string keeps within itself"}},)"
    R"({"sid":"s","uid":null,"hidden":false,"data":{}}],)"
    R"("next":"0a3b7c52-1d0e-4f6a-9b57-3f0f6a1c2d4e"})";

/// Answers like a broker, on as many connections as come.
script good_server() {
    return [](conversation &with) {
        for (;;) {
            const request what = with.receive();
            if (what.target == "/vhost/events" && what.method == "POST") {
                with.send(whole_answer(200, {}, R"({"results":[{"status":202},{"status":202}]})"));
            } else if (what.target.compare(0, 13, "/vhost/events") == 0) {
                with.send(
                    stream_head() +
                    "retry: 1\nid: 1\nevent: chat/said\ndata: {\"uid\":\"u\",\"sid\":\"s\"}\n\n");
                with.stall();
            } else if (what.target.compare(0, 12, "/vhost/token") == 0) {
                with.send(whole_answer(200, {}, R"({"token":"t"})"));
            } else if (what.target == "/vhost/channels/c/subscribers") {
                with.send(whole_answer(200, {}, page_of_two));
            } else {
                with.send(whole_answer(202));
            }
        }
    };
}

std::string &server_url() {
    static std::string url;
    return url;
}

void require(kn_status status) {
    if (status < 0)
        throw std::runtime_error(std::string("the handle was to be made, but: ") +
                                 kn_status_message(status));
}

/// libcurl tells of some as of a host that it cannot resolve.
bool is_want_of_memory(kn_status status) noexcept {
    return status == KN_ENOMEM || status == KN_ECONNECT;
}

/// What a call of the test's needs: a handle that is made with memory, and is freed before the
/// books are closed.
class subject {
  public:
    virtual ~subject() = default;
    /// The call that may run out of memory. Makes a note of nothing.
    virtual kn_status attempt() = 0;
    /// With memory: whether the handle still does its work; says what is wrong.
    virtual std::string verify() { return ""; }

    subject() = default;
    subject(const subject &) = delete;
    subject &operator=(const subject &) = delete;

  protected:
    /// A call with the error of its own, which has to say the same as the status.
    template <class Call>
    kn_status checked(Call &&call) {
        kn_error *error = nullptr;
        const kn_status status = call(&error);
        tells_the_same_ = status < 0 ? kn_error_status(error) == status : error == nullptr;
        kn_error_free(error);
        return status;
    }

  public:
    bool tells_the_same() const noexcept { return tells_the_same_; }

  private:
    bool tells_the_same_ = true;
};

// ---- Options ----

class with_options : public subject {
  public:
    with_options() : options_(kn_options_new()) {}
    ~with_options() override { kn_options_free(options_); }

  protected:
    kn_options *options_;
};

template <class Call>
class setter final : public with_options {
  public:
    explicit setter(Call call) : call_(call) {}
    kn_status attempt() override { return call_(options_); }
    std::string verify() override {
        return call_(options_) == KN_OK ? "" : "the option cannot be set any more";
    }

  private:
    Call call_;
};

// ---- A client ----

class with_client : public subject {
  public:
    with_client() { require(kn_client_new(server_url().c_str(), nullptr, &client_, nullptr)); }
    ~with_client() override { kn_client_free(client_); }

    std::string verify() override {
        const kn_status status = kn_client_trigger(client_, "c", "e", "{}", 2, nullptr);
        return status == KN_OK ? "" : std::string("its next call says ") + kn_status_name(status);
    }

  protected:
    kn_client *client_ = nullptr;
};

template <class Call>
class client_call final : public with_client {
  public:
    explicit client_call(Call call) : call_(call) {}
    kn_status attempt() override {
        return checked([this](kn_error **error) { return call_(client_, error); });
    }

  private:
    Call call_;
};

struct tally {
    int completions = 0;
    int destroyed = 0;
    kn_status last = KN_OK;

    static void complete(const kn_result *result, void *self) {
        ++static_cast<tally *>(self)->completions;
        static_cast<tally *>(self)->last = kn_result_status(result);
        kn_result_subscribers(result);
    }
    static void destroy(void *self) { ++static_cast<tally *>(self)->destroyed; }
};

/// The handing in of a call fails, or one of the steps that follow.
template <class Call>
class async_call final : public with_client {
  public:
    async_call(Call call, bool is_in_hand_in) : call_(call), is_in_hand_in_(is_in_hand_in) {
        if (!is_in_hand_in_)
            require(taken_ = call_(client_, tally_, nullptr));
    }

    kn_status attempt() override {
        if (is_in_hand_in_)
            return taken_ =
                       checked([this](kn_error **error) { return call_(client_, tally_, error); });
        return checked([this](kn_error **error) {
            return kn_client_flush(client_, longer_than_patience_ms, error);
        });
    }

    std::string verify() override {
        const kn_status flushed = kn_client_flush(client_, longer_than_patience_ms, nullptr);
        if (flushed != KN_OK)
            return std::string("what was left was not flushed: ") + kn_status_name(flushed);
        if (tally_.completions != (taken_ == KN_OK ? 1 : 0))
            return "told " + std::to_string(tally_.completions) + " times how it ended";
        if (tally_.destroyed != 1)
            return "the user's data was ended " + std::to_string(tally_.destroyed) + " times";
        if (tally_.last != KN_OK && !is_want_of_memory(tally_.last))
            return std::string("it ended with ") + kn_status_name(tally_.last);
        return with_client::verify();
    }

  private:
    Call call_;
    const bool is_in_hand_in_;
    tally tally_;
    kn_status taken_ = KN_OK;
};

// ---- A worker ----

class with_worker : public subject {
  public:
    with_worker() {
        std::unique_ptr<kn_options, decltype(&kn_options_free)> options(kn_options_new(),
                                                                        &kn_options_free);
        require(kn_options_set_reconnect_delay_ms(options.get(), 1, 1));
        require(kn_worker_new(server_url().c_str(), options.get(), &worker_, nullptr));
    }
    ~with_worker() override { kn_worker_free(worker_); }

    std::string verify() override {
        kn_event *event = nullptr;
        const kn_status status = kn_worker_next(worker_, longer_than_patience_ms, &event, nullptr);
        kn_event_free(event);
        return status == KN_OK || is_served_ ? "" : std::string("next: ") + kn_status_name(status);
    }

  protected:
    /// One event comes with each connection.
    void was_served() noexcept { is_served_ = true; }
    bool is_served() const noexcept { return is_served_; }

    kn_worker *worker_ = nullptr;

  private:
    bool is_served_ = false;
};

template <class Call>
class worker_call final : public with_worker {
  public:
    explicit worker_call(Call call) : call_(call) {}
    kn_status attempt() override {
        return checked([this](kn_error **error) { return call_(worker_, error); });
    }

  private:
    Call call_;
};

class worker_next final : public with_worker {
  public:
    kn_status attempt() override {
        const kn_status status = checked([this](kn_error **error) {
            kn_event *event = nullptr;
            const kn_status got = kn_worker_next(worker_, longer_than_patience_ms, &event, error);
            is_whole_ = (event != nullptr) == (got == KN_OK);
            kn_event_free(event);
            return got;
        });
        if (status == KN_OK)
            was_served();
        return status;
    }
    std::string verify() override {
        if (!is_whole_)
            return "an event without KN_OK, or the reverse";
        return is_served() ? "" : with_worker::verify();
    }

  private:
    bool is_whole_ = true;
};

/// Handlers that stop the driver after the first event.
class driven_worker final : public with_worker {
  public:
    explicit driven_worker(kn_status (*drive)(kn_worker *, kn_error **)) : drive_(drive) {
        require(kn_worker_on(worker_, "chat/said", &driven_worker::handle, this, nullptr, nullptr));
    }
    kn_status attempt() override {
        return checked([this](kn_error **error) { return drive_(worker_, error); });
    }
    std::string verify() override {
        if (is_served())
            return "";
        const kn_status status = kn_worker_run(worker_, nullptr);
        return status == KN_INTERRUPTED && is_served()
                   ? ""
                   : "run: " + std::string(kn_status_name(status));
    }

  private:
    static void handle(kn_event *, void *self) {
        static_cast<driven_worker *>(self)->was_served();
        kn_worker_interrupt(static_cast<driven_worker *>(self)->worker_);
    }
    kn_status (*drive_)(kn_worker *, kn_error **);
};

kn_status dispatch_until_served(kn_worker *worker, kn_error **error) {
    for (;;) {
        const kn_status status = kn_worker_dispatch(worker, error);
        if (status == KN_INTERRUPTED || status < 0)
            return status;
    }
}

class with_event final : public with_worker {
  public:
    with_event() {
        require(kn_worker_next(worker_, longer_than_patience_ms, &event_, nullptr));
        was_served();
    }
    ~with_event() override { kn_event_free(event_); }

    /// It has no status: what it cannot say it leaves out.
    kn_status attempt() override {
        kn_event_uid(event_);
        kn_event_sid(event_);
        return KN_OK;
    }
    std::string verify() override {
        const char *uid = kn_event_uid(event_);
        return uid != nullptr && std::string(uid) == "u" ? ""
                                                         : "the sender cannot be read any more";
    }

  private:
    kn_event *event_ = nullptr;
};

// ---- What makes a handle ----

template <class Make>
class making final : public subject {
  public:
    explicit making(Make make) : make_(make) {}
    kn_status attempt() override {
        return checked([this](kn_error **error) { return make_(error); });
    }
    std::string verify() override {
        return make_(nullptr) == KN_OK ? "" : "none can be made any more";
    }

  private:
    Make make_;
};

class batch_add final : public subject {
  public:
    batch_add() : batch_(kn_batch_new()) { require(add()); }
    ~batch_add() override { kn_batch_free(batch_); }
    kn_status attempt() override { return status_ = add(); }
    std::string verify() override {
        const std::size_t expected = status_ == KN_OK ? 2 : 1;
        if (kn_batch_count(batch_) != expected)
            return "it holds " + std::to_string(kn_batch_count(batch_));
        return add() == KN_OK ? "" : "nothing can be added any more";
    }

  private:
    kn_status add() {
        return kn_batch_add(batch_, "a_channel_with_a_long_name", "an event with a long name", "{}",
                            2);
    }
    kn_batch *batch_;
    kn_status status_ = KN_OK;
};

template <template <class> class Subject, class Call>
std::unique_ptr<subject> make(Call call) {
    return std::make_unique<Subject<Call>>(call);
}

kn_batch *two_triggers() {
    static kn_batch *const batch = [] {
        kn_batch *made = kn_batch_new();
        require(kn_batch_add(made, "c", "e", "{}", 2));
        require(kn_batch_add(made, "d", "f", "{\"n\":1}", 7));
        return made;
    }();
    return batch;
}

struct scenario {
    const char *name;
    std::vector<const char *> functions; // whose allocations it lets fail
    std::unique_ptr<subject> (*prepare)();
};

void PrintTo(const scenario &s, std::ostream *out) { *out << s.name; }

template <class Call>
std::unique_ptr<subject> handing_in(Call call) {
    return std::make_unique<async_call<Call>>(call, true);
}
template <class Call>
std::unique_ptr<subject> flushing(Call call) {
    return std::make_unique<async_call<Call>>(call, false);
}

constexpr auto open_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_open_channel_async(c, "c", &tally::complete, &t, &tally::destroy, e);
};
constexpr auto close_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_close_channel_async(c, "c", &tally::complete, &t, &tally::destroy, e);
};
constexpr auto trigger_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_trigger_async(c, "c", "e", "{\"n\":1}", 7, &tally::complete, &t,
                                   &tally::destroy, e);
};
constexpr auto token_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_request_token_async(c, "u", ".*", &tally::complete, &t, &tally::destroy, e);
};
constexpr auto batch_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_trigger_batch_async(c, two_triggers(), &tally::complete, &t, &tally::destroy,
                                         e);
};

constexpr auto subscribers_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_subscribers_async(c, "c", nullptr, 0, &tally::complete, &t, &tally::destroy,
                                       e);
};

/// A page is whole, or it is not there.
bool is_page_of_two(const kn_subscribers *page) {
    std::size_t length = 0;
    const char *data = kn_subscribers_data(page, 0, &length);
    return kn_subscribers_count(page) == 2 && data != nullptr &&
           page_of_two.find(std::string_view(data, length)) != std::string_view::npos &&
           std::string_view(kn_subscribers_sid(page, 0)) ==
               "45c74051-2a07-4f0e-8f6e-9c1b7f1d3a55" &&
           kn_subscribers_uid(page, 0) != nullptr && kn_subscribers_hidden(page, 0) == 1 &&
           std::string_view(kn_subscribers_next(page)) == "0a3b7c52-1d0e-4f6a-9b57-3f0f6a1c2d4e";
}

const scenario scenarios[] = {
    {"options_new",
     {"kn_options_new", "kn_options_free"},
     [] {
         return make<making>([](kn_error **) {
             kn_options *made = kn_options_new();
             kn_options_free(made);
             return static_cast<kn_status>(made != nullptr ? KN_OK : KN_OK);
         });
     }},
    {"options_text",
     {"kn_options_set_filter", "kn_options_set_worker_name", "kn_options_set_ca_file",
      "kn_options_set_client_certificate", "kn_options_set_proxy", "kn_options_set_unix_socket",
      "kn_options_add_header", "kn_options_set_user_agent"},
     [] {
         return make<setter>([](kn_options *o) {
             const char *const text = "a text that is longer than a string keeps within itself";
             for (const kn_status status :
                  {kn_options_set_filter(o, text), kn_options_set_worker_name(o, "w"),
                   kn_options_set_ca_file(o, text),
                   kn_options_set_client_certificate(o, text, text),
                   kn_options_set_proxy(o, "http://user:password@proxy.example:3128"),
                   kn_options_set_unix_socket(o, text),
                   kn_options_add_header(o, "X-A-Header-With-A-Long-Name", text),
                   kn_options_set_user_agent(o, text)})
                 if (status != KN_OK)
                     return status;
             return static_cast<kn_status>(KN_OK);
         });
     }},
    {"options_numbers",
     {"kn_options_set_connect_timeout_ms", "kn_options_set_request_timeout_ms",
      "kn_options_set_idle_timeout_ms", "kn_options_set_reconnect_delay_ms",
      "kn_options_set_max_event_size", "kn_options_set_max_response_size",
      "kn_options_set_max_connections", "kn_options_set_max_pending", "kn_options_set_verify"},
     [] {
         return make<setter>([](kn_options *o) {
             for (const kn_status status :
                  {kn_options_set_connect_timeout_ms(o, 1), kn_options_set_request_timeout_ms(o, 1),
                   kn_options_set_idle_timeout_ms(o, 1), kn_options_set_reconnect_delay_ms(o, 1, 1),
                   kn_options_set_max_event_size(o, 1024),
                   kn_options_set_max_response_size(o, 1024), kn_options_set_max_connections(o, 1),
                   kn_options_set_max_pending(o, 1), kn_options_set_verify(o, 1)})
                 if (status != KN_OK)
                     return status;
             return static_cast<kn_status>(KN_OK);
         });
     }},
    {"options_log",
     {"kn_options_set_log"},
     [] {
         return make<setter>([](kn_options *o) {
             return kn_options_set_log(
                 o, KN_LOG_DEBUG, [](std::int32_t, const char *, void *) {}, nullptr, nullptr);
         });
     }},
    {"client_new",
     {"kn_client_new", "kn_client_free"},
     [] {
         return make<making>([](kn_error **error) {
             kn_client *made = nullptr;
             const kn_status status = kn_client_new(server_url().c_str(), nullptr, &made, error);
             kn_client_free(made);
             return status;
         });
     }},
    {"open_channel",
     {"kn_client_open_channel"},
     [] {
         return make<client_call>(
             [](kn_client *c, kn_error **e) { return kn_client_open_channel(c, "c", e); });
     }},
    {"close_channel",
     {"kn_client_close_channel"},
     [] {
         return make<client_call>(
             [](kn_client *c, kn_error **e) { return kn_client_close_channel(c, "c", e); });
     }},
    {"trigger",
     {"kn_client_trigger"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) {
             return kn_client_trigger(c, "c", "e", R"({"n":[1,"x"]})", 13, e);
         });
     }},
    {"request_token",
     {"kn_client_request_token", "kn_string_free"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) {
             char *token = nullptr;
             const kn_status status = kn_client_request_token(c, "u", ".*", &token, e);
             kn_string_free(token);
             return status;
         });
     }},
    {"trigger_batch",
     {"kn_client_trigger_batch", "kn_result_free", "kn_result_count", "kn_result_item_status",
      "kn_result_item_error"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) {
             kn_result *result = nullptr;
             const kn_status status = kn_client_trigger_batch(c, two_triggers(), &result, e);
             for (std::size_t i = 0; i < kn_result_count(result); ++i) {
                 kn_result_item_status(result, i);
                 kn_result_item_error(result, i);
             }
             kn_result_free(result);
             return status;
         });
     }},
    {"subscribers",
     {"kn_client_subscribers", "kn_subscribers_free", "kn_subscribers_count", "kn_subscribers_sid",
      "kn_subscribers_uid", "kn_subscribers_hidden", "kn_subscribers_data", "kn_subscribers_next"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) {
             kn_subscribers *page = nullptr;
             const kn_status status = kn_client_subscribers(c, "c", nullptr, 0, &page, e);
             const bool is_sound = status == KN_OK ? is_page_of_two(page) : page == nullptr;
             kn_subscribers_free(page);
             return is_sound ? status : static_cast<kn_status>(KN_EINTERNAL);
         });
     }},
    {"open_channel_async", {"kn_client_open_channel_async"}, [] { return handing_in(open_async); }},
    {"close_channel_async",
     {"kn_client_close_channel_async"},
     [] { return handing_in(close_async); }},
    {"trigger_async", {"kn_client_trigger_async"}, [] { return handing_in(trigger_async); }},
    {"request_token_async",
     {"kn_client_request_token_async"},
     [] { return handing_in(token_async); }},
    {"trigger_batch_async",
     {"kn_client_trigger_batch_async"},
     [] { return handing_in(batch_async); }},
    {"subscribers_async",
     {"kn_client_subscribers_async"},
     [] { return handing_in(subscribers_async); }},
    {"open_channel_flushed", {"kn_client_flush"}, [] { return flushing(open_async); }},
    {"trigger_flushed", {"kn_client_flush"}, [] { return flushing(trigger_async); }},
    {"request_token_flushed",
     {"kn_client_flush", "kn_result_token", "kn_result_status", "kn_result_error"},
     [] { return flushing(token_async); }},
    {"trigger_batch_flushed", {"kn_client_flush"}, [] { return flushing(batch_async); }},
    {"subscribers_flushed",
     {"kn_client_flush", "kn_result_subscribers"},
     [] { return flushing(subscribers_async); }},
    {"client_dispatch",
     {"kn_client_dispatch", "kn_client_fd", "kn_client_pending", "kn_client_interrupt"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) -> kn_status {
             kn_client_fd(c);
             kn_client_pending(c);
             kn_client_interrupt(nullptr);
             const kn_status status = kn_client_dispatch(c, e);
             return status == KN_AGAIN ? static_cast<kn_status>(KN_OK) : status;
         });
     }},
    {"client_stats",
     {"kn_client_stats", "kn_client_requests", "kn_client_requests_with_status",
      "kn_client_connections"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) {
             kn_client_requests(c);
             kn_client_requests_with_status(c, KN_OK);
             kn_client_connections(c);
             char *json = nullptr;
             const kn_status status = kn_client_stats(c, &json, e);
             kn_string_free(json);
             return status;
         });
     }},
    {"batch_new",
     {"kn_batch_new", "kn_batch_free", "kn_batch_clear"},
     [] {
         return make<making>([](kn_error **) {
             kn_batch *made = kn_batch_new();
             kn_batch_clear(made);
             kn_batch_free(made);
             return static_cast<kn_status>(KN_OK);
         });
     }},
    {"batch_add",
     {"kn_batch_add", "kn_batch_count"},
     []() -> std::unique_ptr<subject> { return std::make_unique<batch_add>(); }},
    {"worker_new",
     {"kn_worker_new", "kn_worker_free"},
     [] {
         return make<making>([](kn_error **error) {
             kn_worker *made = nullptr;
             const kn_status status = kn_worker_new(server_url().c_str(), nullptr, &made, error);
             kn_worker_free(made);
             return status;
         });
     }},
    {"worker_on",
     {"kn_worker_on", "kn_worker_on_error"},
     [] {
         return make<worker_call>([](kn_worker *w, kn_error **e) {
             const kn_status status = kn_worker_on_error(
                 w, [](const kn_error *, void *) {}, nullptr, nullptr, e);
             return status != KN_OK
                        ? status
                        : kn_worker_on(
                              w, "chat/*", [](kn_event *, void *) {}, nullptr, nullptr, e);
         });
     }},
    {"worker_next",
     {"kn_worker_next", "kn_event_free"},
     []() -> std::unique_ptr<subject> { return std::make_unique<worker_next>(); }},
    {"worker_run",
     {"kn_worker_run", "kn_worker_interrupt"},
     []() -> std::unique_ptr<subject> { return std::make_unique<driven_worker>(&kn_worker_run); }},
    {"worker_dispatch",
     {"kn_worker_dispatch"},
     []() -> std::unique_ptr<subject> {
         return std::make_unique<driven_worker>(&dispatch_until_served);
     }},
    {"worker_stats",
     {"kn_worker_stats", "kn_worker_state", "kn_worker_fd", "kn_worker_events", "kn_worker_bytes",
      "kn_worker_reconnects", "kn_worker_lag_ms", "kn_worker_last_error"},
     [] {
         return make<worker_call>([](kn_worker *w, kn_error **e) {
             kn_worker_state(w);
             kn_worker_fd(w);
             kn_worker_events(w);
             kn_worker_bytes(w);
             kn_worker_reconnects(w);
             kn_worker_lag_ms(w);
             kn_error_free(kn_worker_last_error(w));
             char *json = nullptr;
             const kn_status status = kn_worker_stats(w, &json, e);
             kn_string_free(json);
             return status;
         });
     }},
    {"worker_close",
     {"kn_worker_close"},
     [] {
         return make<making>([](kn_error **error) {
             kn_worker *made = nullptr;
             kn_status status = kn_worker_new(server_url().c_str(), nullptr, &made, error);
             if (status == KN_OK)
                 status = kn_worker_close(made, -1, error);
             kn_worker_free(made);
             return status;
         });
     }},
    {"event_sender",
     {"kn_event_uid", "kn_event_sid"},
     []() -> std::unique_ptr<subject> { return std::make_unique<with_event>(); }},
    {"failure",
     {"kn_error_status", "kn_error_message", "kn_error_http_status", "kn_error_server_code",
      "kn_error_retry_after_ms", "kn_error_free"},
     [] {
         // A failure that cannot be described is out of memory, too.
         return make<client_call>([](kn_client *c, kn_error **e) -> kn_status {
             const kn_status status = kn_client_trigger(c, "c", "e", "no JSON", 7, e);
             kn_error_message(*e);
             kn_error_http_status(*e);
             kn_error_server_code(*e);
             kn_error_retry_after_ms(*e);
             if (status != KN_EJSON)
                 return status;
             kn_error_free(*e);
             *e = nullptr;
             return KN_OK;
         });
     }},
    {"constants",
     {"kn_status_name", "kn_status_message", "kn_status_is_retriable", "kn_version",
      "kn_version_number", "kn_event_kind", "kn_event_attempt", "kn_event_topic",
      "kn_event_channel", "kn_event_name", "kn_event_id", "kn_event_data", "kn_event_retain",
      "kn_event_defer", "kn_event_ack", "kn_event_nack"},
     [] {
         return make<making>([](kn_error **) {
             kn_status_name(KN_OK);
             kn_status_message(KN_OK);
             kn_status_is_retriable(KN_OK);
             kn_version();
             kn_version_number();
             kn_event_kind(nullptr);
             kn_event_attempt(nullptr);
             kn_event_topic(nullptr);
             kn_event_channel(nullptr);
             kn_event_name(nullptr);
             kn_event_id(nullptr);
             kn_event_data(nullptr, nullptr);
             kn_event_retain(nullptr);
             for (const kn_status refused :
                  {kn_event_defer(nullptr), kn_event_ack(nullptr), kn_event_nack(nullptr, 0)})
                 if (refused != KN_EINVAL && !is_want_of_memory(refused))
                     return refused;
             return static_cast<kn_status>(KN_OK);
         });
     }},
};

class out_of_memory : public testing::TestWithParam<scenario> {
  protected:
    out_of_memory() { server_url() = server_.url(); }

    fault_server server_{{good_server()}};
};

TEST_P(out_of_memory, is_a_status_and_nothing_is_lost) {
    two_triggers();
    GetParam().prepare()->attempt(); // what a process makes once is made now
    bool has_struck = true;
    for (std::size_t nth = 1; has_struck; ++nth) {
        SCOPED_TRACE("allocation " + std::to_string(nth));
        kn_status status = KN_OK;
        bool tells_the_same = true;
        std::string complaint;
        const allocation_ledger ledger;
        const std::size_t before = allocation_ledger::outstanding();
        {
            const std::unique_ptr<subject> one = GetParam().prepare();
            {
                const failing_allocation failing(nth);
                status = one->attempt();
                has_struck = failing.has_struck();
            }
            tells_the_same = one->tells_the_same();
            complaint = one->verify();
        }
        const bool is_empty = complaint.empty();
        EXPECT_TRUE(is_empty) << complaint;
        complaint = std::string();
        EXPECT_EQ(allocation_ledger::outstanding(), before);
        EXPECT_TRUE(tells_the_same);
        EXPECT_TRUE(status == KN_OK || status == KN_INTERRUPTED ||
                    (has_struck && is_want_of_memory(status)))
            << kn_status_name(status);
        if (HasFailure())
            return;
    }
}

INSTANTIATE_TEST_SUITE_P(every, out_of_memory, testing::ValuesIn(scenarios),
                         [](const auto &generated) { return std::string(generated.param.name); });

TEST(out_of_memory_scenarios, have_every_public_function) {
    std::set<std::string> covered;
    for (const scenario &s : scenarios)
        covered.insert(s.functions.begin(), s.functions.end());
    std::ifstream symbols(KN_SYMBOLS);
    ASSERT_TRUE(symbols) << KN_SYMBOLS;
    for (std::string line; std::getline(symbols, line);) {
        if (line.starts_with('#'))
            continue;
        const std::string name = line.substr(0, line.find('@'));
        EXPECT_EQ(covered.count(name), 1U) << name;
    }
}

} // namespace
} // namespace faults
