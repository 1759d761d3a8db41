/**
 * @file page.hpp
 * @brief What all lists have in common that are told a page at a time.
 */
#ifndef KOSMONAUT_CPP_PAGE_HPP
#define KOSMONAUT_CPP_PAGE_HPP

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/error.h>
#include <kosmonaut/status.h>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief A page, owned by someone else: what a completion finds in its result.
 *
 * It is a range of rows, and a pointer in other clothes.
 *
 * @tparam Kind the C API's functions for pages of this kind, and what a row is.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
template <class Kind>
class page_ref {
  public:
    /** What it is a page of. @since 1.0 */
    using kind = Kind;
    /** What is on it. @since 1.0 */
    using row = typename Kind::row;

    /** Goes over the page. @since 1.0 */
    class iterator {
      public:
        /** What it can do: one pass. @since 1.0 */
        using iterator_category = std::input_iterator_tag;
        /** What it goes over. @since 1.0 */
        using value_type = row;
        /** Of no use for one pass, but asked for by the standard library. @since 1.0 */
        using difference_type = std::ptrdiff_t;
        /** What its arrow gives. @since 1.0 */
        using pointer = const row *;
        /** What its star gives. @since 1.0 */
        using reference = const row &;

        /** At a place of a page. @since 1.0 */
        iterator(const typename Kind::handle *page, std::size_t index) noexcept
            : page_(page), index_(index), at_(page, index) {}

        /** The row. @since 1.0 */
        reference operator*() const noexcept { return at_; }
        /** The row. @since 1.0 */
        pointer operator->() const noexcept { return &at_; }
        /** On to the next one. @since 1.0 */
        iterator &operator++() noexcept {
            at_ = row(page_, ++index_);
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
        const typename Kind::handle *page_;
        std::size_t index_;
        row at_;
    };

    /** Borrows @p handle, which may be nullptr. @since 1.0 */
    explicit page_ref(const typename Kind::handle *handle) noexcept : handle_(handle) {}

    /** How many rows are on it. @since 1.0 */
    [[nodiscard]] std::size_t size() const noexcept { return Kind::count(handle_); }
    /** @since 1.0 */
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /** One of them, from 0; what is beyond the end says nothing. @since 1.0 */
    [[nodiscard]] row operator[](std::size_t index) const noexcept { return {handle_, index}; }
    /** @since 1.0 */
    [[nodiscard]] iterator begin() const noexcept { return {handle_, 0}; }
    /** @since 1.0 */
    [[nodiscard]] iterator end() const noexcept { return {handle_, size()}; }

    /** What to ask for the next page with, borrowed; empty when this is the last. @since 1.0 */
    [[nodiscard]] std::optional<std::string_view> next() const noexcept {
        const char *text = Kind::next(handle_);
        return text != nullptr ? std::optional<std::string_view>(text) : std::nullopt;
    }

    /** Lends the C API's handle. @since 1.0 */
    [[nodiscard]] const typename Kind::handle *handle() const noexcept { return handle_; }

  private:
    const typename Kind::handle *handle_;
};

/**
 * @brief A page, owned: what a call of the client hands over. It can do all that a page_ref can.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
template <class Kind>
class owned_page : public page_ref<Kind> {
    using borrowed = page_ref<Kind>;

  public:
    /** Takes over a page from the C API. @since 1.0 */
    explicit owned_page(typename Kind::handle *handle) noexcept
        : borrowed(handle), owner_(handle) {}
    /** Takes everything over; what was moved from holds nothing. @since 1.0 */
    owned_page(owned_page &&other) noexcept
        : borrowed(std::exchange(static_cast<borrowed &>(other), borrowed(nullptr))),
          owner_(std::move(other.owner_)) {}
    /** Lets go of what it held. @since 1.0 */
    owned_page &operator=(owned_page &&other) noexcept {
        static_cast<borrowed &>(*this) =
            std::exchange(static_cast<borrowed &>(other), borrowed(nullptr));
        owner_ = std::move(other.owner_);
        return *this;
    }

    /** Hands it over; the caller frees it with the C API's function for it. @since 1.0 */
    [[nodiscard]] typename Kind::handle *release() noexcept {
        static_cast<borrowed &>(*this) = borrowed(nullptr);
        return owner_.release();
    }

  private:
    std::unique_ptr<typename Kind::handle, detail::freed_by<Kind::free>> owner_;
};

/**
 * @brief All rows of a list: asks for page after page while it is gone through.
 *
 * It can be gone through once. Each row is borrowed until the next one is asked for. The client may
 * be moved meanwhile, but has to be there.
 *
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
template <class Kind>
class page_range {
  public:
    /** Goes over all of them. @since 1.0 */
    class iterator {
      public:
        /** What it can do: one pass. @since 1.0 */
        using iterator_category = std::input_iterator_tag;
        /** What it goes over. @since 1.0 */
        using value_type = typename Kind::row;
        /** Of no use for one pass, but asked for by the standard library. @since 1.0 */
        using difference_type = std::ptrdiff_t;
        /** What its arrow gives. @since 1.0 */
        using pointer = const typename Kind::row *;
        /** What its star gives. @since 1.0 */
        using reference = const typename Kind::row &;

        /** The end. @since 1.0 */
        iterator() noexcept = default;

        /** The row. @since 1.0 */
        reference operator*() const noexcept { return range_->at_; }
        /** The row. @since 1.0 */
        pointer operator->() const noexcept { return &range_->at_; }
        /** @throws error as the call for one page, where another page begins. @since 1.0 */
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
        friend class page_range;
        explicit iterator(page_range *range) noexcept : range_(range) {}

        page_range *range_ = nullptr;
    };

    page_range(const page_range &) = delete; // iterators know where it is
    page_range &operator=(const page_range &) = delete;

    /** @throws error as the call for one page. @since 1.0 */
    [[nodiscard]] iterator begin() {
        if (!has_begun_) {
            ask(std::nullopt);
        }
        return is_over() ? iterator() : iterator(this);
    }
    /** @since 1.0 */
    [[nodiscard]] static iterator end() noexcept { return {}; }

  private:
    friend class page_calls;

    using asking = std::function<kn_status(std::optional<std::string_view>,
                                           typename Kind::handle **, kn_error **)>;

    explicit page_range(asking ask) : ask_(std::move(ask)) {}

    [[nodiscard]] bool is_over() const noexcept { return index_ == page_.size(); }

    void advance() {
        ++index_;
        at_ = page_[index_];
        if (is_over() && page_.next()) {
            ask(page_.next());
        }
    }

    // The page may be empty: all else has gone. Then it is the last.
    void ask(std::optional<std::string_view> after) {
        typename Kind::handle *page = nullptr;
        detail::call_or_throw([&](kn_error **details) { return ask_(after, &page, details); });
        has_begun_ = true;
        page_ = owned_page<Kind>(page);
        index_ = 0;
        at_ = page_[index_];
    }

    asking ask_;
    bool has_begun_ = false;
    owned_page<Kind> page_{nullptr};
    std::size_t index_ = 0;
    typename Kind::row at_{nullptr, 0};
};

} // namespace v1
} // namespace kosmonaut

#endif
