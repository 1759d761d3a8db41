#include "base/status.h"

#include <iterator>

namespace kn {
namespace {

struct Entry {
    kn_status status;
    const char *name;
    const char *message;
    bool retriable;
};

constexpr Entry entries[] = {
    {KN_OK, "KN_OK", "done", false},
    {KN_AGAIN, "KN_AGAIN", "nothing more within the time given", false},
    {KN_CLOSED, "KN_CLOSED", "closed; nothing more will come", false},
    {KN_INTERRUPTED, "KN_INTERRUPTED", "the call was interrupted", false},
    {KN_EINVAL, "KN_EINVAL", "bad argument or malformed URL", false},
    {KN_ENOMEM, "KN_ENOMEM", "out of memory or descriptors", false},
    {KN_EJSON, "KN_EJSON", "the payload is not a JSON object", false},
    {KN_ETOOBIG, "KN_ETOOBIG", "over a size limit", false},
    {KN_ECONNECT, "KN_ECONNECT", "could not resolve or connect", true},
    {KN_ETLS, "KN_ETLS", "TLS handshake or certificate refused", false},
    {KN_ETIMEOUT, "KN_ETIMEOUT", "no answer within the time allowed", true},
    {KN_EIO, "KN_EIO", "the connection broke", true},
    {KN_EPROTOCOL, "KN_EPROTOCOL", "the answer is not what the Backend API says", false},
    {KN_EBADREQUEST, "KN_EBADREQUEST", "the server refused the request as malformed", false},
    {KN_EUNAUTHORIZED, "KN_EUNAUTHORIZED", "wrong or revoked vhost token", false},
    {KN_EFORBIDDEN, "KN_EFORBIDDEN", "the server forbids it", false},
    {KN_ENOVHOST, "KN_ENOVHOST", "the vhost does not exist", false},
    {KN_ENOCHANNEL, "KN_ENOCHANNEL", "the channel does not exist", false},
    {KN_EBADCHANNEL, "KN_EBADCHANNEL", "the channel name is not allowed", false},
    {KN_ERATELIMIT, "KN_ERATELIMIT", "too many requests", true},
    {KN_EUNAVAILABLE, "KN_EUNAVAILABLE", "the server is not available now", true},
    {KN_ESERVER, "KN_ESERVER", "the server failed", true},
    {KN_ECONFLICT, "KN_ECONFLICT", "the request conflicts with an earlier one", false},
    {KN_EREPLACED, "KN_EREPLACED", "another worker took this one's name", false},
    {KN_ENOGROUP, "KN_ENOGROUP", "the group does not exist", false},
    {KN_ESTATE, "KN_ESTATE", "not allowed in this state, or beside a running call", false},
    {KN_EFORK, "KN_EFORK", "the handle belongs to the parent process", false},
    {KN_EFULL, "KN_EFULL", "too many calls are pending", true},
    {KN_EINTERNAL, "KN_EINTERNAL", "a bug in libkosmonaut", false},
};

static_assert(std::size(entries) + 1 == status_count);

constexpr Entry unknown = {0, "KN_UNKNOWN", "unknown status", false};

const Entry &find(kn_status status) noexcept {
    for (const Entry &e : entries)
        if (e.status == status)
            return e;
    return unknown;
}

} // namespace

const char *status_name(kn_status status) noexcept { return find(status).name; }
const char *status_message(kn_status status) noexcept { return find(status).message; }
bool status_is_retriable(kn_status status) noexcept { return find(status).retriable; }

std::size_t status_index(kn_status status) noexcept {
    std::size_t index = 0;
    while (index < std::size(entries) && entries[index].status != status)
        ++index;
    return index;
}

kn_status status_at(std::size_t index) noexcept {
    constexpr kn_status unknown_to_all = -1;
    return index < std::size(entries) ? entries[index].status : unknown_to_all;
}

} // namespace kn
