/**
 * @file batch.hpp
 * @brief Many triggers in one request, and how a call ended.
 */
#ifndef KOSMONAUT_CPP_BATCH_HPP
#define KOSMONAUT_CPP_BATCH_HPP

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <kosmonaut/batch.h>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/subscribers.hpp>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief Triggers that go out together.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
class batch {
  public:
    /** An empty one. @throws error status::no_memory. @since 1.0 */
    batch() : handle_(kn_batch_new()) {
        if (!handle_) {
            throw error(status::no_memory);
        }
    }

    /** Takes over what kn_batch_new() made. @since 1.0 */
    explicit batch(kn_batch *handle) noexcept : handle_(handle) {}

    /**
     * @brief Adds a trigger behind those that are there. Nothing is sent.
     * @param channel, event, data as for client::trigger().
     * @throws error status::json; status::invalid; status::no_memory. Then nothing was added.
     * @since 1.0
     */
    batch &add(std::string_view channel, std::string_view event, std::string_view data = "{}") {
        const kn_status status = put(channel, event, data);
        // By its place: what was given for a name may be a token that went astray.
        if (status < 0) {
            throw error(static_cast<kosmonaut::status>(status),
                        "trigger " + std::to_string(size() + 1));
        }
        return *this;
    }
    /** The same, with an error code. @since 1.0 */
    batch &add(std::string_view channel, std::string_view event, std::string_view data,
               std::error_code &code) noexcept {
        detail::attempt(code, [&](kn_error ** /*details*/) { return put(channel, event, data); });
        return *this;
    }

    /** How many triggers it holds. @since 1.0 */
    [[nodiscard]] std::size_t size() const noexcept { return kn_batch_count(handle()); }
    /** @since 1.0 */
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /** Takes all of them out. @since 1.0 */
    void clear() noexcept { kn_batch_clear(handle()); }

    /** Lends the C API's handle; nullptr when moved from. @since 1.0 */
    [[nodiscard]] kn_batch *handle() const noexcept { return handle_.get(); }
    /** Hands the handle over; the caller frees it with kn_batch_free(). @since 1.0 */
    [[nodiscard]] kn_batch *release() noexcept { return handle_.release(); }

    /** @since 1.0 */
    void swap(batch &other) noexcept { handle_.swap(other.handle_); }
    /** @since 1.0 */
    friend void swap(batch &left, batch &right) noexcept { left.swap(right); }

  private:
    kn_status put(std::string_view channel, std::string_view event, std::string_view data) {
        // A view of nothing is not NULL, which would stand for {}.
        return kn_batch_add(handle(), detail::c_text(channel), detail::c_text(event),
                            data.empty() ? "" : data.data(), data.size());
    }

    std::unique_ptr<kn_batch, detail::freed_by<kn_batch_free>> handle_;
};

/**
 * @brief How a call ended, owned by someone else: what a completion is given.
 *
 * It is a pointer in other clothes; do not use it after the completion returned.
 *
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class result_ref {
  public:
    /** Borrows @p handle, which may be nullptr. @since 1.0 */
    explicit result_ref(const kn_result *handle) noexcept : handle_(handle) {}

    /** status::ok, or that of the failure; of a batch, the first trigger's that failed. @since 1.0
     */
    [[nodiscard]] kosmonaut::status status() const noexcept {
        return static_cast<kosmonaut::status>(kn_result_status(handle_));
    }
    /** Whether nothing failed. @since 1.0 */
    [[nodiscard]] bool is_ok() const noexcept { return status() == kosmonaut::status::ok; }
    /** The failure that status() tells; empty when there was none. @since 1.0 */
    [[nodiscard]] std::optional<kosmonaut::error> error() const {
        return maybe(kn_result_error(handle_));
    }
    /** The token that was asked for, borrowed; empty when it was not, or the call failed.
     * @since 1.0 */
    [[nodiscard]] std::optional<std::string_view> token() const noexcept {
        const char *text = kn_result_token(handle_);
        return text != nullptr ? std::optional<std::string_view>(text) : std::nullopt;
    }

    /** The page that was asked for, such as a subscriber_page_ref, borrowed; empty when it was not,
     * or the call failed. @since 1.0 */
    template <class Page>
    [[nodiscard]] std::optional<Page> page() const noexcept {
        const auto *found = Page::kind::of_result(handle_);
        return found != nullptr ? std::optional<Page>(found) : std::nullopt;
    }
    /** The page of subscribers that was asked for, borrowed; empty when it was not, or the call
     * failed. @since 1.0 */
    [[nodiscard]] std::optional<subscriber_page_ref> subscribers() const noexcept {
        return page<subscriber_page_ref>();
    }

    /** How many triggers of a batch have a status of their own: all of them or none. @since 1.0 */
    [[nodiscard]] std::size_t size() const noexcept { return kn_result_count(handle_); }
    /** How one trigger ended; status::invalid where there is none. @since 1.0 */
    [[nodiscard]] kosmonaut::status status(std::size_t index) const noexcept {
        return static_cast<kosmonaut::status>(kn_result_item_status(handle_, index));
    }
    /** One trigger's failure; empty when there was none. @since 1.0 */
    [[nodiscard]] std::optional<kosmonaut::error> error(std::size_t index) const {
        return maybe(kn_result_item_error(handle_, index));
    }

    /** Lends the C API's handle. @since 1.0 */
    [[nodiscard]] const kn_result *handle() const noexcept { return handle_; }

  private:
    static std::optional<kosmonaut::error> maybe(const kn_error *details) {
        return details != nullptr ? std::optional<kosmonaut::error>(details) : std::nullopt;
    }

    const kn_result *handle_;
};

/**
 * @brief How a batch ended, owned: from client::trigger_batch(). It can do all that a result_ref
 * can.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class result : public result_ref {
  public:
    /** Takes over a result from the C API. @since 1.0 */
    explicit result(kn_result *handle) noexcept : result_ref(handle), owner_(handle) {}
    /** Takes everything over; what was moved from holds nothing. @since 1.0 */
    result(result &&other) noexcept
        : result_ref(std::exchange(static_cast<result_ref &>(other), result_ref(nullptr))),
          owner_(std::move(other.owner_)) {}
    /** Lets go of what it held. @since 1.0 */
    result &operator=(result &&other) noexcept {
        static_cast<result_ref &>(*this) =
            std::exchange(static_cast<result_ref &>(other), result_ref(nullptr));
        owner_ = std::move(other.owner_);
        return *this;
    }

    /** Hands it over; the caller frees it with kn_result_free(). @since 1.0 */
    [[nodiscard]] kn_result *release() noexcept {
        static_cast<result_ref &>(*this) = result_ref(nullptr);
        return owner_.release();
    }

  private:
    std::unique_ptr<kn_result, detail::freed_by<kn_result_free>> owner_;
};

} // namespace v1
} // namespace kosmonaut

#endif
