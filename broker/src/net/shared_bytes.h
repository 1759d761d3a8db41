// Bytes that are made once: what event loops hand to each other, and what each of them then has for
// those of its connections that send it.
#pragma once

#include "net/held_memory.h"

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/smart_ptr/make_local_shared.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <cstddef>
#include <string>
#include <utility>

namespace webrocket {

// Counted as held as long as it is there, once for all who share it.
class HeldText final : public std::string {
  public:
    explicit HeldText(std::string text) : std::string(std::move(text)) {
        held_memory::add(size_of_all());
    }
    ~HeldText() { held_memory::subtract(size_of_all()); }
    HeldText(const HeldText &) = delete;
    HeldText &operator=(const HeldText &) = delete;

  private:
    std::size_t size_of_all() const { return sizeof(*this) + capacity(); }
};

using SharedBytes = boost::shared_ptr<const std::string>;

// Not inline: GCC 16 takes what is made here for a Frame where it sees how both are made, and
// warns.
SharedBytes share(std::string bytes);

// The thousands of references that the connections of one loop keep are counted by that loop alone:
// an atomic count would have the processors fight over it.
using Frame = boost::local_shared_ptr<const std::string>;

inline Frame make_frame(std::string bytes) {
    return boost::make_local_shared<const HeldText>(std::move(bytes));
}

} // namespace webrocket
