/* The wrapper's own names for what one of them takes away. */
#include <kosmonaut/kosmonaut.hpp>

void use_what_has_another_name();

void use_what_has_another_name() {
    kosmonaut::options options;
    options.verify_server(true).connect_timeout(kosmonaut::no_limit);
    std::error_code code;
    options.verify_server(false, code);
}
