// What the scenarios of want of memory share: a call that may fail, and what has to be true then.
#pragma once

#include <memory>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/kosmonaut.h>

namespace faults {

/// Of the server that all of them talk to.
inline std::string &server_url() {
    static std::string url;
    return url;
}

inline void require(kn_status status) {
    if (status < 0)
        throw std::runtime_error(std::string("the handle was to be made, but: ") +
                                 kn_status_message(status));
}

/// libcurl tells of some as of a host that it cannot resolve.
inline bool is_want_of_memory(kn_status status) noexcept {
    return status == KN_ENOMEM || status == KN_ECONNECT;
}

/// What a call of the test's needs: a handle that is made with memory, and is freed before the
/// books are closed.
class subject {
  public:
    virtual ~subject() = default;
    /// The call that may run out of memory. Makes a note of nothing.
    virtual kn_status attempt() = 0;
    /// With memory: whether the handle still does its work; says what is wrong.
    virtual std::string verify() { return ""; }

    subject() = default;
    subject(const subject &) = delete;
    subject &operator=(const subject &) = delete;

  protected:
    /// A call with the error of its own, which has to say the same as the status.
    template <class Call>
    kn_status checked(Call &&call) {
        kn_error *error = nullptr;
        const kn_status status = call(&error);
        tells_the_same_ = status < 0 ? kn_error_status(error) == status : error == nullptr;
        kn_error_free(error);
        return status;
    }

  public:
    bool tells_the_same() const noexcept { return tells_the_same_; }

  private:
    bool tells_the_same_ = true;
};

template <class Make>
class making final : public subject {
  public:
    explicit making(Make make) : make_(make) {}
    kn_status attempt() override {
        return checked([this](kn_error **error) { return make_(error); });
    }
    std::string verify() override {
        return make_(nullptr) == KN_OK ? "" : "none can be made any more";
    }

  private:
    Make make_;
};

template <template <class> class Subject, class Call>
std::unique_ptr<subject> make(Call call) {
    return std::make_unique<Subject<Call>>(call);
}

struct scenario {
    const char *name;
    std::vector<const char *> functions; // whose allocations it lets fail
    std::unique_ptr<subject> (*prepare)();
};

inline void PrintTo(const scenario &s, std::ostream *out) { *out << s.name; }

std::span<const scenario> scenarios_of_options();
std::span<const scenario> scenarios_of_clients();
std::span<const scenario> scenarios_of_workers();

/// What the server says where a page is asked for; "" where none is.
std::string_view page_at(std::string_view target);

} // namespace faults
