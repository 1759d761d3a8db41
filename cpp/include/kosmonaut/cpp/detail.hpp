/**
 * @file detail.hpp
 * @brief What the other parts are made with. Nothing here is for users.
 */
#ifndef KOSMONAUT_CPP_DETAIL_HPP
#define KOSMONAUT_CPP_DETAIL_HPP

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

#include <kosmonaut/cpp/error.hpp>

namespace kosmonaut {
inline namespace v1 {
namespace detail {

/** Makes a `_free` function a deleter without a size. */
template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T *pointer) const noexcept {
        Free(pointer);
    }
};

/**
 * A text as the C API wants it. Most names are short: they need no allocation. One with a NUL in it
 * would be cut short, so it reads as absent.
 */
class c_text {
  public:
    explicit c_text(std::string_view text) {
        if (!text.empty() && std::memchr(text.data(), '\0', text.size()) != nullptr) {
            return;
        }
        char *copy = near_;
        if (text.size() >= sizeof near_) {
            far_.reset(new char[text.size() + 1]);
            copy = far_.get();
        }
        copy[text.copy(copy, text.size())] = '\0';
        text_ = copy;
    }
    c_text(const c_text &) = delete;
    c_text &operator=(const c_text &) = delete;

    operator const char *() const noexcept { return text_; } // NOLINT(google-explicit-constructor)

  private:
    const char *text_ = nullptr;
    std::unique_ptr<char[]> far_;
    char near_[128];
};

/** Where a call of the C API puts the details of its failure. */
class failure {
  public:
    failure() noexcept = default;
    failure(const failure &) = delete;
    failure &operator=(const failure &) = delete;
    ~failure() {
        if (details_ != nullptr) {
            kn_error_free(details_);
        }
    }

    [[nodiscard]] kn_error **out() noexcept { return &details_; }

    void throw_if(kn_status status) const {
        if (status < 0) {
            details_ != nullptr ? throw error(details_)
                                : throw error(static_cast<kosmonaut::status>(status));
        }
    }

  private:
    kn_error *details_ = nullptr;
};

/** A failure into an error code; whatever else a status says is none. */
inline void assign(std::error_code &code, kn_status status) noexcept {
    if (status < 0) {
        code.assign(status, category());
    } else {
        code.clear();
    }
}

/** Makes the call and throws if it failed. @return the status, not below 0. */
template <class Call>
kn_status call_or_throw(Call &&call) {
    failure failure;
    const kn_status status = call(failure.out());
    failure.throw_if(status);
    return status;
}

/** Makes the call and tells a failure by @p code. @return the status. */
template <class Call>
kn_status attempt(std::error_code &code, Call &&call) noexcept {
    kn_status status = KN_ENOMEM;
    try {
        status = call(nullptr);
    } catch (const std::bad_alloc &) { // our own copy of an argument
        status = KN_ENOMEM;
    }
    assign(code, status);
    return status;
}

/**
 * Calls a user's function, and @p caught in the catch block when it throws: no exception may enter
 * the C library. What unwinds a thread that the user ends in there is none, and goes on.
 */
template <class Call, class Caught>
void call_user(Call &&call, Caught &&caught) {
    try {
        call();
#ifdef __GLIBCXX__ // elsewhere it is not caught anyway
    } catch (const abi::__forced_unwind &) {
        throw;
#endif
    } catch (...) {
        caught();
    }
}

/** Text that a call of the C API hands over; throws when it fails. */
template <class Call>
std::string required_text(Call &&call) {
    char *text = nullptr;
    call_or_throw([&](kn_error **details) { return call(&text, details); });
    return std::unique_ptr<char, freed_by<kn_string_free>>(text).get();
}

} // namespace detail
} // namespace v1
} // namespace kosmonaut

#endif
