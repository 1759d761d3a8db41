/**
 * @file pages.hpp
 * @brief What a client is told a page at a time.
 */
#ifndef KOSMONAUT_CPP_PAGES_HPP
#define KOSMONAUT_CPP_PAGES_HPP

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <kosmonaut/client.h>
#include <kosmonaut/cpp/client_core.hpp>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/page.hpp>
#include <kosmonaut/cpp/subscribers.hpp>

namespace kosmonaut {
inline namespace v1 {

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

  protected:
    page_calls() noexcept = default;
    explicit page_calls(std::shared_ptr<detail::client_core> core) noexcept
        : core_(std::move(core)) {}
    page_calls(page_calls &&) noexcept = default;
    page_calls &operator=(page_calls &&) noexcept = default;
    ~page_calls() = default;

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
