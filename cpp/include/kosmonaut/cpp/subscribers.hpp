/**
 * @file subscribers.hpp
 * @brief Who is on a channel: one page of its subscribers.
 */
#ifndef KOSMONAUT_CPP_SUBSCRIBERS_HPP
#define KOSMONAUT_CPP_SUBSCRIBERS_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <kosmonaut/cpp/detail.hpp>
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

/**
 * @brief A page of subscribers, owned by someone else: what a completion finds in its result.
 *
 * It is a range of subscriber_ref, and a pointer in other clothes.
 *
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class subscriber_page_ref {
  public:
    /** Goes over the page. @since 1.0 */
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

        /** At a place of a page. @since 1.0 */
        iterator(const kn_subscribers *page, std::size_t index) noexcept
            : page_(page), index_(index), at_(page, index) {}

        /** The subscriber. @since 1.0 */
        reference operator*() const noexcept { return at_; }
        /** The subscriber. @since 1.0 */
        pointer operator->() const noexcept { return &at_; }
        /** On to the next one. @since 1.0 */
        iterator &operator++() noexcept {
            at_ = subscriber_ref(page_, ++index_);
            return *this;
        }
        /** On to the next one; returns where it was. @since 1.0 */
        iterator operator++(int) noexcept {
            iterator before = *this;
            ++*this;
            return before;
        }
        /** Whether they are at the same place. @since 1.0 */
        friend bool operator==(const iterator &left, const iterator &right) noexcept {
            return left.page_ == right.page_ && left.index_ == right.index_;
        }
        /** Whether they are at different places. @since 1.0 */
        friend bool operator!=(const iterator &left, const iterator &right) noexcept {
            return !(left == right);
        }

      private:
        const kn_subscribers *page_;
        std::size_t index_;
        subscriber_ref at_;
    };

    /** Borrows @p handle, which may be nullptr. @since 1.0 */
    explicit subscriber_page_ref(const kn_subscribers *handle) noexcept : handle_(handle) {}

    /** How many subscribers are on it. @since 1.0 */
    [[nodiscard]] std::size_t size() const noexcept { return kn_subscribers_count(handle_); }
    /** @since 1.0 */
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /** One of them, from 0; what is beyond the end says nothing. @since 1.0 */
    [[nodiscard]] subscriber_ref operator[](std::size_t index) const noexcept {
        return {handle_, index};
    }
    /** @since 1.0 */
    [[nodiscard]] iterator begin() const noexcept { return {handle_, 0}; }
    /** @since 1.0 */
    [[nodiscard]] iterator end() const noexcept { return {handle_, size()}; }

    /** What to ask for the next page with, borrowed; empty when this is the last. @since 1.0 */
    [[nodiscard]] std::optional<std::string_view> next() const noexcept {
        const char *text = kn_subscribers_next(handle_);
        return text != nullptr ? std::optional<std::string_view>(text) : std::nullopt;
    }

    /** Lends the C API's handle. @since 1.0 */
    [[nodiscard]] const kn_subscribers *handle() const noexcept { return handle_; }

  private:
    const kn_subscribers *handle_;
};

/**
 * @brief A page of subscribers, owned: from client::subscribers_page(). It can do all that a
 * subscriber_page_ref can.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
class subscriber_page : public subscriber_page_ref {
  public:
    /** Takes over a page from the C API. @since 1.0 */
    explicit subscriber_page(kn_subscribers *handle) noexcept
        : subscriber_page_ref(handle), owner_(handle) {}
    /** Takes everything over; what was moved from holds nothing. @since 1.0 */
    subscriber_page(subscriber_page &&other) noexcept
        : subscriber_page_ref(std::exchange(static_cast<subscriber_page_ref &>(other),
                                            subscriber_page_ref(nullptr))),
          owner_(std::move(other.owner_)) {}
    /** Lets go of what it held. @since 1.0 */
    subscriber_page &operator=(subscriber_page &&other) noexcept {
        static_cast<subscriber_page_ref &>(*this) =
            std::exchange(static_cast<subscriber_page_ref &>(other), subscriber_page_ref(nullptr));
        owner_ = std::move(other.owner_);
        return *this;
    }

    /** Hands it over; the caller frees it with kn_subscribers_free(). @since 1.0 */
    [[nodiscard]] kn_subscribers *release() noexcept {
        static_cast<subscriber_page_ref &>(*this) = subscriber_page_ref(nullptr);
        return owner_.release();
    }

  private:
    std::unique_ptr<kn_subscribers, detail::freed_by<kn_subscribers_free>> owner_;
};

} // namespace v1
} // namespace kosmonaut

#endif
