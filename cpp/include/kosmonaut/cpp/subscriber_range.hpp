/**
 * @file subscriber_range.hpp
 * @brief Who is on a channel: all of its subscribers, page after page.
 */
#ifndef KOSMONAUT_CPP_SUBSCRIBER_RANGE_HPP
#define KOSMONAUT_CPP_SUBSCRIBER_RANGE_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <kosmonaut/client.h>
#include <kosmonaut/cpp/client_core.hpp>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/subscribers.hpp>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief All subscribers of a channel, from client::subscribers(): asks for page after page while
 * it is gone through.
 *
 * It can be gone through once. Each subscriber is borrowed until the next one is asked for. The
 * client may be moved meanwhile, but has to be there.
 *
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
class subscriber_range {
  public:
    /** Goes over all of them. @since 1.0 */
    class iterator {
      public:
        /** What it can do: one pass. @since 1.0 */
        using iterator_category = std::input_iterator_tag;
        /** What it goes over. @since 1.0 */
        using value_type = subscriber_ref;
        /** Of no use for one pass, but asked for by the standard library. @since 1.0 */
        using difference_type = std::ptrdiff_t;
        /** What its arrow gives. @since 1.0 */
        using pointer = const subscriber_ref *;
        /** What its star gives. @since 1.0 */
        using reference = const subscriber_ref &;

        /** The end. @since 1.0 */
        iterator() noexcept = default;

        /** The subscriber. @since 1.0 */
        reference operator*() const noexcept { return range_->at_; }
        /** The subscriber. @since 1.0 */
        pointer operator->() const noexcept { return &range_->at_; }
        /** @throws error as client::subscribers_page(), where another page begins. @since 1.0 */
        iterator &operator++() {
            range_->advance();
            range_ = range_->is_over() ? nullptr : range_;
            return *this;
        }
        /** As the other one; what it leaves behind is of no use. @since 1.0 */
        void operator++(int) { ++*this; }
        /** Whether they are at the same place. @since 1.0 */
        friend bool operator==(const iterator &left, const iterator &right) noexcept {
            return left.range_ == right.range_;
        }
        /** Whether they are at different places. @since 1.0 */
        friend bool operator!=(const iterator &left, const iterator &right) noexcept {
            return !(left == right);
        }

      private:
        friend class subscriber_range;
        explicit iterator(subscriber_range *range) noexcept : range_(range) {}

        subscriber_range *range_ = nullptr;
    };

    subscriber_range(const subscriber_range &) = delete; // iterators know where it is
    subscriber_range &operator=(const subscriber_range &) = delete;

    /** @throws error as client::subscribers_page(). @since 1.0 */
    [[nodiscard]] iterator begin() {
        if (!has_begun_) {
            ask(std::nullopt);
        }
        return is_over() ? iterator() : iterator(this);
    }
    /** @since 1.0 */
    [[nodiscard]] static iterator end() noexcept { return {}; }

  private:
    friend class client;

    subscriber_range(std::shared_ptr<detail::client_core> core, std::string_view channel,
                     std::int32_t page_size)
        : core_(std::move(core)), channel_(channel), page_size_(page_size) {}

    [[nodiscard]] bool is_over() const noexcept { return index_ == page_.size(); }

    void advance() {
        ++index_;
        at_ = page_[index_];
        if (is_over() && page_.next()) {
            ask(page_.next());
        }
    }

    // The page may be empty: everyone else has gone. Then it is the last.
    void ask(std::optional<std::string_view> after) {
        kn_subscribers *page = nullptr;
        detail::call_or_throw([&](kn_error **details) {
            return detail::with_after(after, [&](const char *text) {
                return kn_client_subscribers(core_ ? core_->handle : nullptr,
                                             detail::c_text(channel_), text, page_size_, &page,
                                             details);
            });
        });
        has_begun_ = true;
        page_ = subscriber_page(page);
        index_ = 0;
        at_ = page_[index_];
    }

    std::shared_ptr<detail::client_core> core_;
    std::string channel_;
    std::int32_t page_size_;
    bool has_begun_ = false;
    subscriber_page page_{nullptr};
    std::size_t index_ = 0;
    subscriber_ref at_{nullptr, 0};
};

} // namespace v1
} // namespace kosmonaut

#endif
