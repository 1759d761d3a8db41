// Bytes that are made once: what event loops hand to each other, and what each of them then has for
// those of its connections that send it.
#pragma once

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/smart_ptr/make_local_shared.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <string>
#include <utility>

namespace webrocket {

using SharedBytes = boost::shared_ptr<const std::string>;

// Not inline: GCC 16 takes what is made here for a Frame where it sees how both are made, and
// warns.
SharedBytes share(std::string bytes);

// The thousands of references that the connections of one loop keep are counted by that loop alone:
// an atomic count would have the processors fight over it.
using Frame = boost::local_shared_ptr<const std::string>;

inline Frame make_frame(std::string bytes) {
    return boost::make_local_shared<const std::string>(std::move(bytes));
}

} // namespace webrocket
