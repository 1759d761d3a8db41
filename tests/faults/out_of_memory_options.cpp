// Options without memory, and all that needs none.
#include "out_of_memory.hpp"

namespace faults {
namespace {

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
     {"kn_options_set_filter", "kn_options_set_worker_name", "kn_options_set_group",
      "kn_options_set_ca_file", "kn_options_set_client_certificate", "kn_options_set_proxy",
      "kn_options_set_unix_socket", "kn_options_add_header", "kn_options_set_user_agent"},
     [] {
         return make<setter>([](kn_options *o) {
             const char *const text = "a text that is longer than a string keeps within itself";
             for (const kn_status status :
                  {kn_options_set_filter(o, text), kn_options_set_worker_name(o, "w"),
                   kn_options_set_group(o, "a-group-of-a-name-that-is-a-little-longer"),
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
      "kn_options_set_max_connections", "kn_options_set_max_pending", "kn_options_set_retries",
      "kn_options_set_verify", "kn_options_set_delivery", "kn_options_set_window",
      "kn_options_set_order", "kn_options_set_auto_ack"},
     [] {
         return make<setter>([](kn_options *o) {
             for (const kn_status status :
                  {kn_options_set_connect_timeout_ms(o, 1), kn_options_set_request_timeout_ms(o, 1),
                   kn_options_set_idle_timeout_ms(o, 1), kn_options_set_reconnect_delay_ms(o, 1, 1),
                   kn_options_set_max_event_size(o, 1024),
                   kn_options_set_max_response_size(o, 1024), kn_options_set_max_connections(o, 1),
                   kn_options_set_max_pending(o, 1), kn_options_set_retries(o, 1),
                   kn_options_set_verify(o, 1), kn_options_set_delivery(o, KN_AT_LEAST_ONCE),
                   kn_options_set_window(o, 1), kn_options_set_order(o, KN_ORDER_SID),
                   kn_options_set_auto_ack(o, 0)})
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
    {"constants",
     {"kn_status_name",   "kn_status_message", "kn_status_is_retriable",
      "kn_version",       "kn_version_number", "kn_event_kind",
      "kn_event_attempt", "kn_event_topic",    "kn_event_channel",
      "kn_event_name",    "kn_event_id",       "kn_event_data",
      "kn_event_retain",  "kn_event_defer",    "kn_event_ack",
      "kn_event_nack",    "kn_event_decline",  "kn_event_extend",
      "kn_event_ref",     "kn_event_time_ms"},
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
             kn_event_ref(nullptr);
             kn_event_time_ms(nullptr);
             for (const kn_status refused :
                  {kn_event_defer(nullptr), kn_event_ack(nullptr), kn_event_nack(nullptr, 0),
                   kn_event_decline(nullptr, 0), kn_event_extend(nullptr)})
                 if (refused != KN_EINVAL && !is_want_of_memory(refused))
                     return refused;
             return static_cast<kn_status>(KN_OK);
         });
     }},
};

} // namespace

std::span<const scenario> scenarios_of_options() { return scenarios; }

} // namespace faults
