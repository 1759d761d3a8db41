// A worker without memory.
#include "out_of_memory.hpp"

#include "fault_server.hpp"

namespace faults {
namespace {

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

/// An event of a group, its answer, and the closing that waits for that.
class group_worker_life final : public subject {
  public:
    group_worker_life() {
        std::unique_ptr<kn_options, decltype(&kn_options_free)> options(kn_options_new(),
                                                                        &kn_options_free);
        require(kn_options_set_reconnect_delay_ms(options.get(), 1, 1));
        require(kn_options_set_delivery(options.get(), KN_AT_LEAST_ONCE));
        require(kn_options_set_group(options.get(), "g"));
        require(kn_worker_new(server_url().c_str(), options.get(), &worker_, nullptr));
    }
    ~group_worker_life() override {
        kn_event_free(event_);
        kn_worker_free(worker_);
    }

    kn_status attempt() override {
        const kn_status status = checked([this](kn_error **error) { return live(error); });
        return status;
    }
    /// The same life, as far as it was not lived.
    std::string verify() override {
        kn_status status = KN_ENOMEM;
        for (int i = 0; i < 100 && status != KN_OK && status != KN_CLOSED; ++i)
            status = live(nullptr);
        return status == KN_OK ? "" : std::string("life: ") + kn_status_name(status);
    }

  private:
    kn_status live(kn_error **error) {
        if (is_over_)
            return KN_OK;
        if (event_ == nullptr) {
            const kn_status status =
                kn_worker_next(worker_, longer_than_patience_ms, &event_, error);
            if (status != KN_OK)
                return status;
        }
        if (!is_answered_) {
            const kn_status status = kn_event_ack(event_);
            if (status != KN_OK)
                return status;
            is_answered_ = true;
        }
        const kn_status status = kn_worker_close(worker_, longer_than_patience_ms, error);
        is_over_ = status == KN_OK;
        return status;
    }

    kn_worker *worker_ = nullptr;
    kn_event *event_ = nullptr;
    bool is_answered_ = false;
    bool is_over_ = false;
};

const scenario scenarios[] = {
    {"group_worker",
     {"kn_event_ack"},
     []() -> std::unique_ptr<subject> { return std::make_unique<group_worker_life>(); }},
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
};

} // namespace

std::span<const scenario> scenarios_of_workers() { return scenarios; }

} // namespace faults
