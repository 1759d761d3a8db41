/**
 * @file subscribers.hpp
 * @brief Who is on a channel, a page at a time.
 */
#ifndef KOSMONAUT_CPP_SUBSCRIBERS_HPP
#define KOSMONAUT_CPP_SUBSCRIBERS_HPP

#include <cstddef>
#include <optional>
#include <string_view>

#include <kosmonaut/batch.h>
#include <kosmonaut/cpp/page.hpp>
#include <kosmonaut/subscribers.h>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief One subscriber of a page, borrowed: do not use it when the page is gone.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class subscriber_ref {
  public:
    /** The subscriber at a place of a page, which may be nullptr. @since 1.0 */
    subscriber_ref(const kn_subscribers *page, std::size_t index) noexcept
        : page_(page), index_(index) {}

    /** Its session, that is its connection. @since 1.0 */
    [[nodiscard]] std::string_view sid() const noexcept {
        const char *text = kn_subscribers_sid(page_, index_);
        return text != nullptr ? std::string_view(text) : std::string_view();
    }
    /** The user that it is authenticated as, the broker's word; empty when it is not. @since 1.0 */
    [[nodiscard]] std::optional<std::string_view> uid() const noexcept {
        const char *text = kn_subscribers_uid(page_, index_);
        return text != nullptr ? std::optional<std::string_view>(text) : std::nullopt;
    }
    /** Whether it hides from the other members of a presence channel. @since 1.0 */
    [[nodiscard]] bool is_hidden() const noexcept {
        return kn_subscribers_hidden(page_, index_) != 0;
    }
    /** What the browser said of itself as it subscribed: a JSON object, its own word. @since 1.0 */
    [[nodiscard]] std::string_view data() const noexcept {
        std::size_t length = 0;
        const char *bytes = kn_subscribers_data(page_, index_, &length);
        return {bytes, length};
    }

  private:
    const kn_subscribers *page_;
    std::size_t index_;
};

namespace detail {

/** What a page_ref of subscribers is made of. */
struct subscriber_pages {
    using handle = kn_subscribers;
    using row = subscriber_ref;
    static constexpr auto count = &kn_subscribers_count;
    static constexpr auto next = &kn_subscribers_next;
    static constexpr auto free = &kn_subscribers_free;
    static constexpr auto of_result = &kn_result_subscribers;
};

} // namespace detail

/** A page of subscribers that a result has. @since 1.0 */
using subscriber_page_ref = page_ref<detail::subscriber_pages>;
/** A page of subscribers, from client::subscribers_page(). @since 1.0 */
using subscriber_page = owned_page<detail::subscriber_pages>;
/** All subscribers of a channel, from client::subscribers(). @since 1.0 */
using subscriber_range = page_range<detail::subscriber_pages>;

} // namespace v1
} // namespace kosmonaut

#endif
