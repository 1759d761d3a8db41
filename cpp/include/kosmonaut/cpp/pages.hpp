/**
 * @file pages.hpp
 * @brief What a client is told a page at a time.
 */
#ifndef KOSMONAUT_CPP_PAGES_HPP
#define KOSMONAUT_CPP_PAGES_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <kosmonaut/channels.h>
#include <kosmonaut/client.h>
#include <kosmonaut/cpp/client_core.hpp>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/page.hpp>
#include <kosmonaut/cpp/subscribers.hpp>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief One channel of a page, borrowed: do not use it when the page is gone.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class channel_ref {
  public:
    /** The channel at a place of a page, which may be nullptr. @since 1.0 */
    channel_ref(const kn_channels *page, std::size_t index) noexcept : page_(page), index_(index) {}

    /** @since 1.0 */
    [[nodiscard]] std::string_view name() const noexcept {
        return text(kn_channels_name(page_, index_));
    }
    /** `normal`, `private` or `presence`; there may be more one day. @since 1.0 */
    [[nodiscard]] std::string_view type() const noexcept {
        return text(kn_channels_type(page_, index_));
    }
    /** How many connections are subscribed, those that hide included. @since 1.0 */
    [[nodiscard]] std::int64_t subscribers() const noexcept {
        return kn_channels_subscribers(page_, index_);
    }
    /** How many of them the others on a presence channel see; empty for channels of other types.
     * @since 1.0 */
    [[nodiscard]] std::optional<std::int64_t> members() const noexcept {
        const std::int64_t count = kn_channels_members(page_, index_);
        return count >= 0 ? std::optional<std::int64_t>(count) : std::nullopt;
    }

  private:
    static std::string_view text(const char *of) noexcept {
        return of != nullptr ? std::string_view(of) : std::string_view();
    }

    const kn_channels *page_;
    std::size_t index_;
};

namespace detail {

/** What a page_ref of channels is made of. */
struct channel_pages {
    using handle = kn_channels;
    using row = channel_ref;
    static constexpr auto count = &kn_channels_count;
    static constexpr auto next = &kn_channels_next;
    static constexpr auto free = &kn_channels_free;
    static constexpr auto of_result = &kn_result_channels;
};

} // namespace detail

/** A page of channels that a result has: `result.page<channel_page_ref>()`. @since 1.0 */
using channel_page_ref = page_ref<detail::channel_pages>;
/** A page of channels, from client::channels_page(). @since 1.0 */
using channel_page = owned_page<detail::channel_pages>;
/** All channels of a vhost, from client::channels(). @since 1.0 */
using channel_range = page_range<detail::channel_pages>;

/**
 * @brief The calls of a client that bring lists. It is a part of client, and none by itself.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class page_calls {
  private:
    // What asks the C API for a page behind a row; each first, since its type is its own.

    static auto who_is_on(const std::shared_ptr<detail::client_core> &core,
                          std::string_view channel, std::int32_t limit) {
        return [=](std::optional<std::string_view> after, kn_subscribers **page,
                   kn_error **details) {
            return detail::with_after(after, [&](const char *text) {
                return kn_client_subscribers(core ? core->handle : nullptr, detail::c_text(channel),
                                             text, limit, page, details);
            });
        };
    }

    static auto what_is_open(const std::shared_ptr<detail::client_core> &core,
                             std::string_view prefix, std::int32_t limit) {
        return [=](std::optional<std::string_view> after, kn_channels **page, kn_error **details) {
            return detail::with_after(after, [&](const char *text) {
                return kn_client_channels(core ? core->handle : nullptr,
                                          beginning(detail::c_text(prefix)), text, limit, page,
                                          details);
            });
        };
    }

    /** Of a name; NULL, which stands for a prefix that cannot be, would ask for all. */
    static const char *beginning(const detail::c_text &prefix) noexcept {
        return prefix != nullptr ? static_cast<const char *>(prefix) : "/";
    }

  public:
    /**
     * @brief All who are on a channel, those who hide from the others included.
     *
     * Nothing is sent yet: the range asks for a page when it is gone through, and throws then what
     * subscribers_page() may throw. `for (auto &subscriber : client.subscribers("room"))`
     *
     * @param channel as for client::open_channel(); copied.
     * @param page_size how many to ask for at a time, from 1 to the server's limit (1000); 0: as
     *        many as the server sees fit.
     * @since 1.0
     */
    [[nodiscard]] subscriber_range subscribers(std::string_view channel,
                                               std::int32_t page_size = 0) {
        return subscriber_range(
            [core = core_, channel = std::string(channel), page_size](auto... rest) {
                return who_is_on(core, channel, page_size)(rest...);
            });
    }

    /**
     * @brief One page of who is on a channel, in the order of their sids.
     * @param channel as for client::open_channel().
     * @param after begins behind this sid, such as the next() of the page before; empty: from the
     *        beginning.
     * @param limit how many there may be on the page; 0: as many as the server sees fit.
     * @return the page; empty (of nobody) when the call that takes an error code failed, too.
     * @throws error status::no_channel; status::bad_request: the server's limit is lower;
     *         status::too_big: ask for a smaller page; status::invalid; status::protocol: the
     *         server does not tell; or what any request may fail with.
     * @since 1.0
     */
    [[nodiscard]] subscriber_page
    subscribers_page(std::string_view channel, std::optional<std::string_view> after = std::nullopt,
                     std::int32_t limit = 0) {
        return asked<detail::subscriber_pages>(after, who_is_on(core_, channel, limit));
    }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] subscriber_page subscribers_page(std::string_view channel,
                                                   std::optional<std::string_view> after,
                                                   std::int32_t limit,
                                                   std::error_code &code) noexcept {
        return asked<detail::subscriber_pages>(after, code, who_is_on(core_, channel, limit));
    }
    /** As client::open_channel_async(); the page is in the result. @since 1.0 */
    template <class Function>
    void subscribers_async(std::string_view channel, std::optional<std::string_view> after,
                           std::int32_t limit, Function &&fn) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *data, auto destroy, auto **details) {
                            return detail::with_after(after, [&](const char *text) {
                                return kn_client_subscribers_async(
                                    core_ ? core_->handle : nullptr, detail::c_text(channel), text,
                                    limit, told, data, destroy, details);
                            });
                        });
    }

    /**
     * @brief All channels whose names begin with @p prefix, or all.
     *
     * Nothing is sent yet: the range asks for a page when it is gone through, and throws then what
     * channels_page() may throw. `for (auto &channel : client.channels("room-"))`
     *
     * @param prefix letters, digits, `_`, `-` and `.`; copied.
     * @param page_size how many to ask for at a time, from 1 to the server's limit (1000); 0: as
     *        many as the server sees fit.
     * @since 1.0
     */
    [[nodiscard]] channel_range channels(std::string_view prefix = {}, std::int32_t page_size = 0) {
        return channel_range([core = core_, prefix = std::string(prefix), page_size](auto... rest) {
            return what_is_open(core, prefix, page_size)(rest...);
        });
    }

    /**
     * @brief One page of the channels whose names begin with @p prefix, in the order of their
     * names.
     * @param prefix letters, digits, `_`, `-` and `.`; empty: all.
     * @param after begins behind this name, such as the next() of the page before; empty: from the
     *        beginning.
     * @param limit how many there may be on the page; 0: as many as the server sees fit.
     * @return the page; empty (of nothing) when the call that takes an error code failed, too.
     * @throws error status::bad_request: the server's limit is lower; status::too_big: ask for a
     *         smaller page; status::invalid; status::protocol: the server does not tell; or what
     *         any request may fail with.
     * @since 1.0
     */
    [[nodiscard]] channel_page channels_page(std::string_view prefix = {},
                                             std::optional<std::string_view> after = std::nullopt,
                                             std::int32_t limit = 0) {
        return asked<detail::channel_pages>(after, what_is_open(core_, prefix, limit));
    }
    /** The same, with an error code. @since 1.0 */
    [[nodiscard]] channel_page channels_page(std::string_view prefix,
                                             std::optional<std::string_view> after,
                                             std::int32_t limit, std::error_code &code) noexcept {
        return asked<detail::channel_pages>(after, code, what_is_open(core_, prefix, limit));
    }
    /** As client::open_channel_async(); the page is in the result. @since 1.0 */
    template <class Function>
    void channels_async(std::string_view prefix, std::optional<std::string_view> after,
                        std::int32_t limit, Function &&fn) {
        detail::hand_in(core_, std::forward<Function>(fn),
                        [&](auto told, auto *data, auto destroy, auto **details) {
                            return detail::with_after(after, [&](const char *text) {
                                return kn_client_channels_async(core_ ? core_->handle : nullptr,
                                                                beginning(detail::c_text(prefix)),
                                                                text, limit, told, data, destroy,
                                                                details);
                            });
                        });
    }

  protected:
    /** Of no client yet. @since 1.0 */
    page_calls() noexcept = default;
    /** Of the client with that inside. @since 1.0 */
    explicit page_calls(std::shared_ptr<detail::client_core> core) noexcept
        : core_(std::move(core)) {}
    /** As a part of its client. @since 1.0 */
    page_calls(page_calls &&) noexcept = default;
    /** As a part of its client. @since 1.0 */
    page_calls &operator=(page_calls &&) noexcept = default;
    ~page_calls() = default;

    /** The inside of the client; nullptr where there is none. @since 1.0 */
    std::shared_ptr<detail::client_core> core_;

  private:
    template <class Kind, class Ask>
    static owned_page<Kind> asked(std::optional<std::string_view> after, const Ask &ask) {
        typename Kind::handle *page = nullptr;
        detail::call_or_throw([&](kn_error **details) { return ask(after, &page, details); });
        return owned_page<Kind>(page);
    }

    template <class Kind, class Ask>
    static owned_page<Kind> asked(std::optional<std::string_view> after, std::error_code &code,
                                  const Ask &ask) noexcept {
        typename Kind::handle *page = nullptr;
        detail::attempt(code, [&](kn_error **details) { return ask(after, &page, details); });
        return owned_page<Kind>(page);
    }
};

} // namespace v1
} // namespace kosmonaut

#endif
