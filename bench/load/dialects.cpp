#include "dialects.hpp"

#include "failure.hpp"

const dialect &dialect_named(const std::string &name) {
    if (name == "webrocket")
        return webrocket_dialect();
    if (name == "nchan")
        return nchan_dialect();
    if (name == "nats")
        return nats_dialect();
    require(name == "socketio", "no such dialect", name);
    return socketio_dialect();
}
