// Boost.JSON as a part of this library, so that nobody needs its shared one.
#include <boost/json/src.hpp>
