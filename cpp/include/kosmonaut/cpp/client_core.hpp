/**
 * @file client_core.hpp
 * @brief What a client's calls are made of. Not for applications.
 */
#ifndef KOSMONAUT_CPP_CLIENT_CORE_HPP
#define KOSMONAUT_CPP_CLIENT_CORE_HPP

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kosmonaut/client.h>
#include <kosmonaut/cpp/batch.hpp>
#include <kosmonaut/cpp/detail.hpp>
#include <kosmonaut/cpp/driven.hpp>
#include <kosmonaut/cpp/options.hpp>
#include <kosmonaut/cpp/status.hpp>

namespace kosmonaut {
inline namespace v1 {

namespace detail {

using client_core = driven<kn_client, kn_client_interrupt>;

/** A completion with the client it belongs to; the C library owns it. */
template <class Function>
struct completion {
    completion(Function &&function, std::shared_ptr<client_core> of)
        : fn(std::move(function)), core(std::move(of)) {}
    completion(const Function &function, std::shared_ptr<client_core> of)
        : fn(function), core(std::move(of)) {}

    static void on_end(const kn_result *ended, void *data) {
        auto *self = static_cast<completion *>(data);
        call_user([&] { self->fn(result_ref(ended)); }, [&] { self->core->caught(); });
    }

    static void destroy(void *data) noexcept { delete static_cast<completion *>(data); }

    Function fn;
    std::shared_ptr<client_core> core;
};

/** Calls @p call with @p after as the C API wants it. */
template <class Call>
kn_status with_after(std::optional<std::string_view> after, Call &&call) {
    if (!after) {
        return call(nullptr);
    }
    // One that cannot be a C string is not absent: that would begin from the beginning.
    const c_text text(*after);
    return call(text != nullptr ? static_cast<const char *>(text) : "");
}

/** KN_OK: @p core has a client then. */
inline kn_status make_client(const char *url, const options *chosen,
                             std::shared_ptr<client_core> &core, kn_error **details) {
    const kn_options *given = chosen != nullptr ? chosen->handle() : nullptr;
    if (chosen != nullptr && given == nullptr) {
        return KN_EINVAL; // to the C API, NULL would stand for the defaults
    }
    auto made = std::make_shared<client_core>(nullptr);
    const kn_status status = kn_client_new(url, given, &made->handle, details);
    if (status == KN_OK) {
        core = std::move(made);
    }
    return status;
}

/** @p call makes the C API's call with a completion, its data and the end of that. */
template <class Function, class Call>
void hand_in(const std::shared_ptr<client_core> &core, Function &&fn, Call &&call) {
    call_or_throw([&](kn_error **details) {
        if constexpr (std::is_same_v<std::decay_t<Function>, std::nullptr_t>) {
            using destroyer = void (*)(void *);
            return call(kn_completion(nullptr), static_cast<void *>(nullptr), destroyer(nullptr),
                        details);
        } else {
            using told = completion<std::decay_t<Function>>;
            static_assert(std::is_invocable_v<std::decay_t<Function> &, result_ref>,
                          "a completion is called as fn(result_ref)");
            auto boxed = std::make_unique<told>(std::forward<Function>(fn), core);
            return call(&told::on_end, boxed.release(), &told::destroy, details);
        }
    });
}

/** What a completion throws comes out of it. The core is kept until then, come what may. */
template <class Call>
kosmonaut::status drive(const std::shared_ptr<client_core> &core, Call &&call) {
    return static_cast<kosmonaut::status>(call_or_throw([&](kn_error **details) {
        const std::shared_ptr<client_core> kept = core;
        return kept ? kept->watched([&] { return call(kept->handle, details); },
                                    [] { return false; })
                    : call(nullptr, details);
    }));
}

} // namespace detail

} // namespace v1
} // namespace kosmonaut

#endif
