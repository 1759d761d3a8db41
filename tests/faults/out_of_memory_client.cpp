// A client without memory.
#include "out_of_memory.hpp"

#include <string_view>

#include "fault_server.hpp"

namespace faults {
namespace {

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
        kn_result_channels(result);
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

kn_batch *two_triggers() {
    static kn_batch *const batch = [] {
        kn_batch *made = kn_batch_new();
        require(kn_batch_add(made, "c", "e", "{}", 2));
        require(kn_batch_add(made, "d", "f", "{\"n\":1}", 7));
        return made;
    }();
    return batch;
}

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
/// Whose first answer is lost: it is tried again.
constexpr auto retried_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_open_channel_async(c, "lost", &tally::complete, &t, &tally::destroy, e);
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

constexpr std::string_view page_of_two =
    R"({"subscribers":[{"sid":"45c74051-2a07-4f0e-8f6e-9c1b7f1d3a55","uid":"al","hidden":true,)"
    R"("data":{"name":"a name that is longer than a string keeps within itself"}},)"
    R"({"sid":"s","uid":null,"hidden":false,"data":{}}],)"
    R"("next":"0a3b7c52-1d0e-4f6a-9b57-3f0f6a1c2d4e"})";

constexpr auto channels_async = [](kn_client *c, tally &t, kn_error **e) {
    return kn_client_channels_async(c, "a", "b", 7, &tally::complete, &t, &tally::destroy, e);
};

constexpr std::string_view channels_page =
    R"({"channels":[{"name":"a name that is longer than a string keeps within itself",)"
    R"("type":"presence","subscribers":2,"members":1}],"next":null})";

bool is_channels_page(const kn_channels *page) {
    return kn_channels_count(page) == 1 && kn_channels_next(page) == nullptr &&
           channels_page.find(kn_channels_name(page, 0)) != std::string_view::npos &&
           std::string_view(kn_channels_name(page, 0)).size() > 40 &&
           std::string_view(kn_channels_type(page, 0)) == "presence" &&
           kn_channels_subscribers(page, 0) == 2 && kn_channels_members(page, 0) == 1;
}

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
    {"channels",
     {"kn_client_channels", "kn_channels_free", "kn_channels_count", "kn_channels_name",
      "kn_channels_type", "kn_channels_subscribers", "kn_channels_members", "kn_channels_next"},
     [] {
         return make<client_call>([](kn_client *c, kn_error **e) {
             kn_channels *page = nullptr;
             const kn_status status = kn_client_channels(c, "a", "b", 7, &page, e);
             const bool is_sound = status == KN_OK ? is_channels_page(page) : page == nullptr;
             kn_channels_free(page);
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
    {"channels_async", {"kn_client_channels_async"}, [] { return handing_in(channels_async); }},
    {"open_channel_flushed", {"kn_client_flush"}, [] { return flushing(open_async); }},
    {"retry_flushed", {"kn_client_flush"}, [] { return flushing(retried_async); }},
    {"trigger_flushed", {"kn_client_flush"}, [] { return flushing(trigger_async); }},
    {"request_token_flushed",
     {"kn_client_flush", "kn_result_token", "kn_result_status", "kn_result_error"},
     [] { return flushing(token_async); }},
    {"trigger_batch_flushed", {"kn_client_flush"}, [] { return flushing(batch_async); }},
    {"subscribers_flushed",
     {"kn_client_flush", "kn_result_subscribers"},
     [] { return flushing(subscribers_async); }},
    {"channels_flushed",
     {"kn_client_flush", "kn_result_channels"},
     [] { return flushing(channels_async); }},
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
};

} // namespace

std::span<const scenario> scenarios_of_clients() { return scenarios; }

std::string_view page_at(std::string_view target) {
    // Without a query, too, which libcurl leaves out where it has no memory for it.
    if (target.substr(0, target.find('?')) == "/vhost/channels")
        return channels_page;
    return target == "/vhost/channels/c/subscribers" ? page_of_two : std::string_view();
}

} // namespace faults
