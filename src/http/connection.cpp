#include "http/connection.hpp"

#include "failure.hpp"
#include "http/classify.hpp"

namespace kn {

connection::connection(const endpoint &where, const settings &options, socket_observer &observer)
    : where_(where), url_(where.url()),
      body_limit_(static_cast<std::size_t>(options.max_response_size)), easy_(make_easy()) {
    configure_transfer(easy_.get(), options, trace_);
    observe_sockets(easy_.get(), trace_, observer);
    headers_.add_borrowed(where.authorization.view());
    headers_.add("Content-Type: application/json");
    headers_.add("Expect:"); // a round trip more for large payloads, and nothing won
    for (const extra_header &extra : options.headers)
        headers_.add_borrowed(extra->view());
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    set(easy_.get(), CURLOPT_CURLU, url_.handle());
    set(easy_.get(), CURLOPT_HEADERFUNCTION, &connection::receive_header);
    set(easy_.get(), CURLOPT_HEADERDATA, this);
    set(easy_.get(), CURLOPT_WRITEFUNCTION, &connection::receive);
    set(easy_.get(), CURLOPT_WRITEDATA, this);
}

std::size_t connection::receive(char *bytes, std::size_t size, std::size_t count,
                                void *self) noexcept {
    return static_cast<connection *>(self)->take({bytes, size * count});
}

std::size_t connection::receive_header(char *bytes, std::size_t size, std::size_t count,
                                       void *self) noexcept {
    const std::string_view line(bytes, size * count);
    bool &is_whole = static_cast<connection *>(self)->head_is_whole_;
    if (line.substr(0, 5) == "HTTP/")
        is_whole = false; // what was before was an interim answer's
    else if (line == "\r\n" || line == "\n")
        is_whole = true;
    return line.size();
}

std::size_t connection::take(std::string_view bytes) noexcept {
    if (bytes.size() > body_limit_ - body_.size()) {
        body_too_big_ = true;
        return 0;
    }
    try {
        body_.append(bytes);
    } catch (const std::bad_alloc &) {
        out_of_memory_ = true;
        return 0;
    }
    return bytes.size();
}

void connection::prepare(const request &what, const deadline &until) {
    CURL *easy = easy_.get();
    head_is_whole_ = false;
    body_.clear();
    body_too_big_ = false;
    out_of_memory_ = false;
    trace_.clear();
    url_.set(CURLUPART_PATH, what.path.c_str());
    url_.set(CURLUPART_QUERY, what.query.empty() ? nullptr : what.query.c_str());
    set(easy, CURLOPT_TIMEOUT_MS, curl_time_left(until));
    set(easy, CURLOPT_CUSTOMREQUEST, static_cast<const char *>(nullptr));
    switch (what.verb) {
    case request::method::get:
        set(easy, CURLOPT_HTTPGET, 1L);
        break;
    case request::method::del:
        set(easy, CURLOPT_HTTPGET, 1L);
        set(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        break;
    case request::method::post:
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.body.size()));
        set(easy, CURLOPT_POSTFIELDS, what.body.data());
        break;
    }
}

answer connection::conclude(CURLcode code) {
    if (out_of_memory_)
        throw std::bad_alloc();
    if (body_too_big_)
        throw failure(KN_ETOOBIG,
                      "the answer is larger than " + std::to_string(body_limit_) + " bytes");
    if (code != CURLE_OK)
        throw transfer_failure(where_, easy_.get(), code, trace_);
    if (!head_is_whole_) // which is no failure to libcurl
        throw failure(KN_EIO, "the answer broke off in its head");
    return {info<long>(easy_.get(), CURLINFO_RESPONSE_CODE), retry_after_ms(easy_.get()), body_};
}

} // namespace kn
