#include "http/connection.h"

#include "base/failure.h"
#include "base/status.h"
#include "http/head_line.h"
#include "http/transfer_failure.h"

namespace kn {
namespace {

/// Most answers are short, and libcurl frees its buffer behind each, which wipes it.
constexpr long small_buffer = 4096;

constexpr const char *perhaps_done = "; the request may have been carried out";

/// Once the request has begun, libcurl connects only to send it again, which is refused.
bool wanted_to_repeat(CURLcode code) noexcept {
    return code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_COULDNT_CONNECT ||
           code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY;
}

} // namespace

Connection::Connection(const Endpoint &where, const Settings &options, OpenSockets &sockets)
    : where_(where), url_(where.url()),
      body_limit_(static_cast<std::size_t>(options.max_response_size)), sockets_(sockets),
      easy_(make_easy()) {
    configure_transfer(easy_.get(), options, trace_);
    trace_.is_sent_once = true;
    observe_sockets(easy_.get(), trace_, sockets);
    // As the option libcurl would write it out twice for each request. With TLS it is what a proxy
    // is told, too.
    if (!where.is_tls())
        set(easy_.get(), CURLOPT_USERAGENT, static_cast<const char *>(nullptr));
    write_own_headers(options);
    headers_.add_borrowed(own_headers_.view());
    headers_.add("Expect:"); // a round trip more for large payloads, and nothing won
    for (const ExtraHeader &extra : options.headers)
        headers_.add_borrowed(extra->view());
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    set(easy_.get(), CURLOPT_BUFFERSIZE, small_buffer);
    set(easy_.get(), CURLOPT_CURLU, url_.handle());
    set(easy_.get(), CURLOPT_HEADERFUNCTION, &Connection::receive_header);
    set(easy_.get(), CURLOPT_HEADERDATA, this);
    set(easy_.get(), CURLOPT_WRITEFUNCTION, &Connection::receive);
    set(easy_.get(), CURLOPT_WRITEDATA, this);
}

/// In one piece, which libcurl passes on as it is: it looks at each header of a list a dozen times
/// for each request. The first is the one that it has to find; the key comes last, or not at all.
void Connection::write_own_headers(const Settings &options) {
    constexpr std::string_view before =
        "Content-Type: application/json\r\nAccept-Encoding: identity\r\n";
    constexpr std::string_view name_of_key = "\r\nIdempotency-Key: ";
    std::string agent = "\r\nUser-Agent: " + options.user_agent;
    if (where_.is_tls())
        agent.clear();
    // NUL-terminated, which is counted.
    std::string_view authorization = where_.authorization.view();
    authorization = authorization.substr(0, authorization.find('\0'));
    own_headers_.reserve(before.size() + authorization.size() + agent.size() + name_of_key.size() +
                         CallKey::length + 1);
    for (const std::string_view part : {before, authorization, std::string_view(agent)})
        own_headers_.append(part);
    key_place_ = own_headers_.view().size();
    own_headers_.append(name_of_key);
    own_headers_.append(std::string(CallKey::length, '0'));
    own_headers_.append('\0');
}

std::size_t Connection::receive(char *bytes, std::size_t size, std::size_t count,
                                void *self) noexcept {
    return static_cast<Connection *>(self)->take({bytes, size * count});
}

std::size_t Connection::receive_header(char *bytes, std::size_t size, std::size_t count,
                                       void *self) noexcept {
    const std::string_view line(bytes, size * count);
    auto &me = *static_cast<Connection *>(self);
    me.head_has_begun_ = true;
    if (line.substr(0, 5) == "HTTP/") { // what was before was an interim answer's
        me.head_is_whole_ = false;
        me.knows_keys_ = false;
        me.coding_.clear();
    } else if (me.head_is_whole_) {
        return line.size(); // trailers of a chunked body
    } else if (line == "\r\n" || line == "\n") {
        me.head_is_whole_ = true;
    } else {
        try {
            me.take_header(line);
        } catch (const std::bad_alloc &) {
            me.out_of_memory_ = true;
            return 0;
        }
    }
    return line.size();
}

void Connection::take_header(std::string_view line) {
    constexpr std::string_view features = "X-WebRocket-Features";
    switch (line.front()) {
    case 'c':
    case 'C':
        if (const auto coding = value_of("content-encoding", line); coding && is_coded(*coding))
            coding_ = *coding;
        break;
    case 'x':
    case 'X':
        if (const auto said = value_of(features, line); said && lists(*said, "idempotency"))
            knows_keys_ = true;
        break;
    default:
        break;
    }
}

std::size_t Connection::take(std::string_view bytes) noexcept {
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

void Connection::prepare(const Request &what, const Deadline &until) {
    CURL *easy = easy_.get();
    began_at_ = OpenSockets::Clock::now();
    head_has_begun_ = false;
    head_is_whole_ = false;
    knows_keys_ = false;
    coding_.clear();
    body_.clear();
    body_too_big_ = false;
    out_of_memory_ = false;
    trace_.clear();
    set_target(CURLUPART_PATH, what.path, path_);
    set_target(CURLUPART_QUERY, what.query, query_);
    set(easy, CURLOPT_TIMEOUT_MS, curl_time_left(until));
    set_verb(what.verb);
    set_key(what.key);
    if (what.verb == Request::Method::post) {
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.body.size()));
        set(easy, CURLOPT_POSTFIELDS, what.body.data());
    }
}

// Most requests are like the one before, of which libcurl has kept all.

/// Where memory ran out, @p known says nothing, and the next request sets it anew.
void Connection::set_target(CURLUPart part, const std::string &text,
                            std::optional<std::string> &known) {
    if (text == known)
        return;
    known.reset();
    url_.set(part, text.empty() ? nullptr : text.c_str());
    known = text;
}

void Connection::set_verb(Request::Method verb) {
    if (verb_ == verb)
        return;
    verb_.reset();
    set(easy_.get(), verb == Request::Method::post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    set(easy_.get(), CURLOPT_CUSTOMREQUEST, verb == Request::Method::del ? "DELETE" : nullptr);
    verb_ = verb;
}

void Connection::set_key(const CallKey &key) noexcept {
    char *const all = const_cast<char *>(own_headers_.view().data()); // NOLINT: they are ours
    all[key_place_] = key.is_set() ? '\r' : '\0';
    key.text().copy(all + own_headers_.view().size() - 1 - CallKey::length, CallKey::length);
}

bool Connection::fell_silent(CURLcode code) const noexcept {
    return code == CURLE_OPERATION_TIMEDOUT && trace_.has_begun && !trace_.is_on_new_connection &&
           !head_has_begun_;
}

Failure Connection::no_answer(CURLcode code) const {
    Failure why = transfer_failure(where_, easy_.get(), code, trace_);
    if (!trace_.has_begun) {
        why.is_unsent = true;
        return why;
    }
    // Of a connection that was used before libcurl says how often it has tried, which it has not.
    const bool broke_before_answer =
        why.status() == KN_EIO && !trace_.is_on_new_connection && !head_has_begun_;
    if (wanted_to_repeat(code) || broke_before_answer)
        return Failure(KN_EIO, std::string(status_message(KN_EIO)) + " before the answer")
            .with_more(perhaps_done);
    const bool is_open = why.status() == KN_EIO || why.status() == KN_ETIMEOUT;
    return is_open ? why.with_more(perhaps_done) : why;
}

Answer Connection::conclude(CURLcode code) {
    if (!trace_.has_begun)
        sockets_.not_connected(&trace_);
    if (out_of_memory_)
        throw std::bad_alloc();
    if (body_too_big_)
        throw Failure(KN_ETOOBIG,
                      "the answer is larger than " + std::to_string(body_limit_) + " bytes");
    if (fell_silent(code))
        sockets_.distrust_those_before(began_at_);
    if (code != CURLE_OK)
        throw no_answer(code);
    if (!head_is_whole_) // which is no failure to libcurl
        throw Failure(KN_EIO, "the answer broke off in its head").with_more(perhaps_done);
    sockets_.answered(static_cast<int>(info<long>(easy_.get(), CURLINFO_LOCAL_PORT)));
    const auto http_status = info<long>(easy_.get(), CURLINFO_RESPONSE_CODE);
    if (http_status >= 300 && http_status < 400)
        if (const char *target = info<char *>(easy_.get(), CURLINFO_REDIRECT_URL))
            throw redirect_failure(where_, http_status, target,
                                   ", and a client follows no redirect")
                .with_more("; make it with that URL");
    const bool is_refusal = http_status < 200 || http_status >= 300; // after which one may wait
    const std::int64_t retry_after = is_refusal ? retry_after_ms(easy_.get()) : -1;
    if (coding_.empty())
        return {http_status, retry_after, knows_keys_, body_};
    if (http_status == 200)
        throw coded_failure(where_, coding_);
    return {http_status, retry_after, knows_keys_, {}}; // the status says enough
}

} // namespace kn
