/**
 * @file event.hpp
 * @brief An event that a browser sent: owned (event) or borrowed (event_ref).
 */
#ifndef KOSMONAUT_CPP_EVENT_HPP
#define KOSMONAUT_CPP_EVENT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/event.h>

namespace kosmonaut {
inline namespace v1 {

/** What kind of event it is; new kinds reach only those who ask for them. @since 1.0 */
enum class event_kind : std::int32_t { message = KN_EVENT_MESSAGE, gap = KN_EVENT_GAP };

class event;

namespace detail {

/**
 * For how long an event is given back with which a program has failed: 1, 5, 20, 60 s, so that a
 * database that is away for half a minute makes no dead letters.
 */
inline std::int64_t retry_delay_ms(std::int32_t attempt) noexcept {
    return attempt <= 1 ? 1000 : attempt == 2 ? 5000 : attempt == 3 ? 20000 : 60000;
}

/** What an event and a reference to one have in common: everything but who owns it. */
class event_base {
  public:
    /** Message, or something that the broker tells. @since 1.0 */
    [[nodiscard]] event_kind kind() const noexcept {
        return static_cast<event_kind>(kn_event_kind(handle_));
    }

    /** How often this message has been delivered, this time included: 1, 2, … @since 1.0 */
    [[nodiscard]] std::int32_t attempt() const noexcept { return kn_event_attempt(handle_); }

    /** The topic as it came: `channel/event`. @since 1.0 */
    [[nodiscard]] std::string_view topic() const noexcept { return view(kn_event_topic(handle_)); }

    /** The topic's part before the first slash; "" without a slash. @since 1.0 */
    [[nodiscard]] std::string_view channel() const noexcept {
        return view(kn_event_channel(handle_));
    }

    /** The topic's part after the first slash, or the whole of it without one. @since 1.0 */
    [[nodiscard]] std::string_view name() const noexcept { return view(kn_event_name(handle_)); }

    /** The event's id in its stream; "" when the stream gave none. @since 1.0 */
    [[nodiscard]] std::string_view id() const noexcept { return view(kn_event_id(handle_)); }

    /**
     * @brief The authenticated user who sent it: the broker's word, never the browser's.
     * @return empty when the sender is not authenticated; where sid() is empty as well, who sent it
     *         is not known.
     * @since 1.0
     */
    [[nodiscard]] std::optional<std::string_view> uid() const noexcept {
        return maybe(kn_event_uid(handle_));
    }

    /**
     * @brief The session, that is the connection, that sent it: the broker's word as well.
     * @return empty when the payload does not say.
     * @since 1.0
     */
    [[nodiscard]] std::optional<std::string_view> sid() const noexcept {
        return maybe(kn_event_sid(handle_));
    }

    /** The payload, byte for byte as it came; from a WebRocket broker a JSON object. @since 1.0 */
    [[nodiscard]] std::string_view data() const noexcept {
        std::size_t length = 0;
        const char *bytes = kn_event_data(handle_, &length);
        return {bytes, length};
    }

    /**
     * @brief The reference under which a page sent it, at least once: the key by which a repetition
     * is told, over the whole way.
     * @return empty when it has none.
     * @since 1.0
     */
    [[nodiscard]] std::optional<std::string_view> ref() const noexcept {
        return maybe(kn_event_ref(handle_));
    }

    /**
     * @brief When the broker took it, at least once, by the broker's clock.
     * @return empty when that is not known.
     * @since 1.0
     */
    [[nodiscard]] std::optional<std::chrono::system_clock::time_point> time() const noexcept {
        const std::int64_t ms = kn_event_time_ms(handle_);
        if (ms < 0) {
            return std::nullopt;
        }
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
    }

    /** Keeps the event beyond the handler that was given it. @since 1.0 */
    [[nodiscard]] event retain() const noexcept;

    /**
     * @brief Acknowledges the event: it was dealt with.
     *
     * At most once there is nothing to acknowledge, and this does nothing.
     *
     * @return false when it comes too late and the event will be delivered again.
     * @throws error status::state: it already had an answer; status::invalid; status::fork.
     * @since 1.0
     */
    bool ack() const { return answered(kn_event_ack(handle_)); } // NOLINT(modernize-use-nodiscard)
    bool ack(std::error_code &code) const noexcept { return answered(kn_event_ack(handle_), code); }

    /**
     * @brief Gives the event back: it is to be delivered again.
     *
     * @param delay how long to wait before that.
     * @return false when it comes too late; the event will be delivered again anyway.
     * @throws error status::state: it already had an answer, or delivery is at most once;
     *         status::invalid; status::fork.
     * @since 1.0
     */
    bool nack(std::chrono::milliseconds delay = std::chrono::milliseconds(0)) const {
        return answered(kn_event_nack(handle_, delay.count()));
    }
    bool nack(std::chrono::milliseconds delay, std::error_code &code) const noexcept {
        return answered(kn_event_nack(handle_, delay.count()), code);
    }

    /**
     * @brief Gives the event back because this program has nothing for it; that does not count
     * against it.
     *
     * @param delay how long to wait before it is delivered again.
     * @return false when it comes too late; the event will be delivered again anyway.
     * @throws error as nack().
     * @since 1.0
     */
    bool decline(std::chrono::milliseconds delay = std::chrono::milliseconds(0)) const {
        return answered(kn_event_decline(handle_, delay.count()));
    }
    bool decline(std::chrono::milliseconds delay, std::error_code &code) const noexcept {
        return answered(kn_event_decline(handle_, delay.count()), code);
    }

    /**
     * @brief Asks for more time: the broker's deadline for the answer begins anew.
     * @return false when it comes too late and the event will be delivered again.
     * @throws error status::state: it already had an answer, or delivery is at most once;
     *         status::invalid; status::fork.
     * @since 1.0
     */
    bool extend() const { // NOLINT(modernize-use-nodiscard)
        return answered(kn_event_extend(handle_));
    }
    bool extend(std::error_code &code) const noexcept {
        return answered(kn_event_extend(handle_), code);
    }

    /**
     * @brief Says, in the handler, that the answer will come later. Retain the event to give it.
     * @throws error status::state outside the event's handler; status::invalid; status::fork.
     * @since 1.0
     */
    void defer() const { answered(kn_event_defer(handle_)); }
    void defer(std::error_code &code) const noexcept { answered(kn_event_defer(handle_), code); }

    /** Lends the C API's handle. @since 1.0 */
    [[nodiscard]] kn_event *handle() const noexcept { return handle_; }

  protected:
    explicit event_base(kn_event *handle) noexcept : handle_(handle) {}
    event_base(const event_base &) noexcept = default;
    event_base &operator=(const event_base &) noexcept = default;
    ~event_base() = default;

    kn_event *handle_;

  private:
    static std::string_view view(const char *text) noexcept {
        return text != nullptr ? std::string_view(text) : std::string_view();
    }

    static std::optional<std::string_view> maybe(const char *text) noexcept {
        return text != nullptr ? std::optional<std::string_view>(text) : std::nullopt;
    }

    static bool answered(kn_status status) {
        if (status < 0) {
            throw error(static_cast<kosmonaut::status>(status));
        }
        return status == KN_OK;
    }

    static bool answered(kn_status status, std::error_code &code) noexcept {
        assign(code, status);
        return status == KN_OK;
    }
};

} // namespace detail

/**
 * @brief An event that someone else owns: what a handler is given.
 *
 * It is a pointer in other clothes: copy it freely, but do not use it after the handler returned;
 * retain() keeps the event. Nothing about an event ever changes, so any number of threads may read
 * one. Every text it returns is UTF-8, borrowed until the event is freed, and followed by a NUL.
 *
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class event_ref : public detail::event_base {
  public:
    /** Borrows @p handle, which may be nullptr. @since 1.0 */
    explicit event_ref(kn_event *handle) noexcept : event_base(handle) {}

    /** Borrows @p owner's event. @since 1.0 */
    event_ref(const event &owner) noexcept; // NOLINT(google-explicit-constructor)
};

/**
 * @brief An event that is ours: from worker::next() or retain().
 *
 * It can do all that an event_ref can, and becomes one wherever one is wanted. At least once, one
 * that goes without an answer is given back to the broker.
 *
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class event : public detail::event_base {
  public:
    /** Takes over a reference from the C API. @since 1.0 */
    explicit event(kn_event *handle) noexcept : event_base(handle) {}

    /** Takes everything over; what was moved from holds nothing. @since 1.0 */
    event(event &&other) noexcept : event_base(std::exchange(other.handle_, nullptr)) {}
    /** Lets go of what it held. @since 1.0 */
    event &operator=(event &&other) noexcept {
        event(std::move(other)).swap(*this);
        return *this;
    }
    event(const event &) = delete;
    event &operator=(const event &) = delete;
    ~event() {
        if (handle_ != nullptr) {
            kn_event_free(handle_);
        }
    }

    /** Hands the reference over; the caller frees it with kn_event_free(). @since 1.0 */
    [[nodiscard]] kn_event *release() noexcept { return std::exchange(handle_, nullptr); }

    /** @since 1.0 */
    void swap(event &other) noexcept { std::swap(handle_, other.handle_); }
    /** @since 1.0 */
    friend void swap(event &left, event &right) noexcept { left.swap(right); }
};

inline event_ref::event_ref(const event &owner) noexcept : event_base(owner.handle()) {}

inline event detail::event_base::retain() const noexcept { return event(kn_event_retain(handle_)); }

} // namespace v1
} // namespace kosmonaut

#endif
