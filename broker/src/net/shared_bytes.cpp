#include "net/shared_bytes.h"

#include <boost/smart_ptr/make_shared.hpp>
#include <utility>

namespace webrocket {

SharedBytes share(std::string bytes) {
    return boost::make_shared<const HeldText>(std::move(bytes));
}

} // namespace webrocket
