#include "worker/stream.hpp"

#include <algorithm>

#include "ascii.hpp"
#include "http/classify.hpp"
#include "http/sigpipe.hpp"
#include "http/transfer.hpp"
#include "status.hpp"

namespace kn {
namespace {

constexpr unsigned most_redirects = 10;

// A refusal's body only explains; it gets little room and little time.
constexpr std::size_t longest_refusal = 16 * 1024;
constexpr std::chrono::seconds refusal_time{1};

// What a busy stream costs is system calls, above all; libcurl's own 16 KiB take eight times as
// many. A quiet one touches no more of it than it receives.
constexpr long read_at_once = 128 * 1024;

// How late a caller may be for an alarm; one who is later was away with something else.
constexpr std::chrono::milliseconds prompt{100};

// An id is asked back in a request's head, and few servers take a head of more than 8 KiB: a longer
// id would keep the worker out for ever.
constexpr std::size_t longest_id = 4 * 1024;

std::string_view trimmed(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// Parameters and case do not matter; a charset is UTF-8 whatever it says.
bool names_event_stream(std::string_view content_type) noexcept {
    return equals_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))),
                                "text/event-stream");
}

std::string origin_of(const std::string &url) {
    const std::size_t path = url.find('/', url.find("://") + 3);
    return url.substr(0, path);
}

bool is_url(const std::string &text) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
    if (!url)
        throw std::bad_alloc();
    return curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
}

/// Redirects come with the port left out where it is the scheme's own.
std::string with_port(std::string origin) {
    const std::size_t host = origin.find("://") + 3;
    const std::size_t bracket = origin.rfind(']');
    const std::size_t from = bracket == std::string::npos ? host : bracket;
    if (origin.find(':', from) == std::string::npos)
        origin += origin.compare(0, 6, "https:") == 0 ? ":443" : ":80";
    return origin;
}

} // namespace

stream::stream(reactor &where, const endpoint &to, const settings &options,
               stream_listener &listener)
    : reactor_(where), endpoint_(to), options_(options), listener_(listener) {
    make_handles();
}

stream::~stream() {
    stop();
    drop_handles();
}

void stream::make_handles() {
    drop_handles();
    multi_.emplace(reactor_);
    easy_ = make_easy();
    CURL *easy = easy_.get();
    configure_transfer(easy, options_, trace_);
    set(easy, CURLOPT_HEADERFUNCTION, &stream::take_header);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_WRITEFUNCTION, &stream::take_body);
    set(easy, CURLOPT_WRITEDATA, this);
    // Seconds of silence are watched over here; the peer's kernel is asked besides.
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_BUFFERSIZE, read_at_once);
}

void stream::drop_handles() noexcept {
    const sigpipe_hold hold;
    easy_.reset();
    multi_.reset();
}

void stream::start(const std::string &target, std::string_view last_event_id) {
    stop();
    if (!is_sound_ || !easy_)
        make_handles();
    is_sound_ = true;
    redirects_ = 0;
    last_event_id_ = last_event_id;
    request(target);
}

void stream::stop() noexcept {
    if (!is_running_)
        return;
    is_running_ = false;
    multi_->remove(easy_.get());
}

void stream::request(const std::string &url) {
    headers_.clear();
    headers_.add("Accept: text/event-stream");
    headers_.add("Cache-Control: no-cache");
    if (!last_event_id_.empty() && last_event_id_.size() <= longest_id)
        headers_.add("Last-Event-ID: " + last_event_id_);
    // The user's own headers may be keys as well: none of them leaves the origin they were given
    // for.
    if (with_port(origin_of(url)) == endpoint_.origin) {
        headers_.add_borrowed(endpoint_.authorization.view());
        for (const extra_header &extra : options_.headers)
            headers_.add_borrowed(extra->view());
    }
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    set(easy_.get(), CURLOPT_URL, url.c_str());
    if (may_use_tls(url.compare(0, 6, "https:") == 0, options_))
        multi_->expect_tls();

    http_status_ = 0;
    is_event_stream_ = false;
    head_is_whole_ = false;
    is_accepted_ = false;
    out_of_memory_ = false;
    is_held_ = false;
    refusal_.clear();
    trace_.clear();
    body_deadline_.reset();
    heard_something();
    multi_->add(easy_.get());
    is_running_ = true;
}

std::size_t stream::take_header(char *bytes, std::size_t size, std::size_t count,
                                void *self) noexcept {
    auto &me = *static_cast<stream *>(self);
    try {
        return me.on_header_line({bytes, size * count}) ? size * count : 0;
    } catch (const std::bad_alloc &) {
        me.out_of_memory_ = true;
        return 0;
    }
}

std::size_t stream::take_body(char *bytes, std::size_t size, std::size_t count,
                              void *self) noexcept {
    auto &me = *static_cast<stream *>(self);
    if (me.is_accepted_ && !me.listener_.has_room()) {
        me.is_held_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    try {
        return me.on_body({bytes, size * count}) ? size * count : 0;
    } catch (const std::bad_alloc &) {
        me.out_of_memory_ = true;
        return 0;
    }
}

void stream::heard_something() noexcept {
    last_byte_ = clock::now();
    is_excused_ = false;
}

bool stream::on_header_line(std::string_view line) {
    if (head_is_whole_) {
        heard_something();
        return true; // trailers of a chunked body
    }
    if (line.substr(0, 5) == "HTTP/") {
        http_status_ = info<long>(easy_.get(), CURLINFO_RESPONSE_CODE);
        is_event_stream_ = false;
        return true;
    }
    const std::string_view text = trimmed(line);
    if (!text.empty()) {
        const std::size_t colon = text.find(':');
        if (colon != std::string_view::npos &&
            equals_ignoring_case(text.substr(0, colon), "content-type"))
            is_event_stream_ = names_event_stream(text.substr(colon + 1));
        return true;
    }
    if (http_status_ < 200)
        return true; // an interim answer; the real one follows
    // Not before: whoever drips a head, line by line, would hold the worker for good.
    heard_something();
    head_is_whole_ = true;
    is_accepted_ = listener_.on_head(http_status_, is_event_stream_);
    if (!is_accepted_)
        body_deadline_ = clock::now() + refusal_time;
    // Whatever comes with a 200 of another type may be as endless as a stream.
    return is_accepted_ || http_status_ != 200;
}

bool stream::on_body(std::string_view bytes) {
    heard_something();
    if (is_accepted_) {
        listener_.on_bytes(bytes);
        return true;
    }
    if (bytes.size() > longest_refusal - refusal_.size())
        return false;
    refusal_ += bytes;
    return true;
}

std::optional<stream::clock::time_point> stream::deadline() const noexcept {
    if (!is_running_)
        return std::nullopt;
    std::optional<clock::time_point> earliest = multi_->deadline();
    const auto consider = [&](clock::time_point other) {
        if (!earliest || other < *earliest)
            earliest = other;
    };
    if (body_deadline_)
        consider(*body_deadline_);
    if (options_.idle_timeout >= milliseconds::zero())
        consider(last_byte_ + options_.idle_timeout);
    return earliest;
}

std::optional<stream_end> stream::advance(const ready_sockets &ready) {
    if (!is_running_)
        return std::nullopt;
    try {
        if (is_held_)
            go_on();
        multi_->advance(ready);
    } catch (const std::bad_alloc &) {
        out_of_memory_ = true;
    }
    if (out_of_memory_) {
        // The transfer lost bytes: it cannot go on where it was.
        stop();
        is_sound_ = false;
        return end_with(failure(KN_ENOMEM, status_message(KN_ENOMEM)));
    }
    if (const std::optional<multi::completion> done = multi_->next_completion())
        return conclude(done->code);
    return overdue();
}

/// Takes what there was no room for. libcurl hands it over inside this call, and wants to look for
/// more at once.
void stream::go_on() {
    is_held_ = false;
    if (curl_easy_pause(easy_.get(), CURLPAUSE_CONT) != CURLE_OK)
        throw std::bad_alloc();
}

bool stream::is_silent_for_too_long(clock::time_point now) const noexcept {
    return options_.idle_timeout >= milliseconds::zero() &&
           now - last_byte_ >= options_.idle_timeout;
}

std::optional<stream_end> stream::overdue() {
    if (!is_running_)
        return std::nullopt;
    const clock::time_point now = clock::now();
    if (body_deadline_ && *body_deadline_ <= now)
        return conclude(CURLE_OK); // the rest of the explanation is not worth waiting for
    if (!is_silent_for_too_long(now))
        return std::nullopt;
    if (!is_excused_ && now - last_byte_ - options_.idle_timeout > prompt) {
        // Nobody was there to listen when the time was up. Once: whoever comes late every time
        // would never give up a dead peer.
        is_excused_ = true;
        last_byte_ = now;
        return std::nullopt;
    }
    stop();
    return end_with(
        failure(KN_ETIMEOUT, std::string(status_message(KN_ETIMEOUT)) + ": not a byte for " +
                                 std::to_string(options_.idle_timeout.count()) + " ms"));
}

std::optional<stream_end> stream::conclude(CURLcode code) {
    if (code != CURLE_OK && !head_is_whole_)
        is_sound_ = false;
    if (head_is_whole_ && http_status_ >= 300 && http_status_ < 400)
        return redirect();
    const failure why = [&] {
        if (head_is_whole_ && !is_accepted_) {
            if (http_status_ == 200) {
                failure no_stream(KN_EPROTOCOL, "the answer is no text/event-stream; is this a "
                                                "WebRocket server?");
                no_stream.http_status = 200;
                return no_stream;
            }
            return answer_failure(endpoint_, {operation::subscribe, {}}, http_status_, refusal_,
                                  retry_after_ms(easy_.get()));
        }
        if (code == CURLE_OK)
            return head_is_whole_ ? failure(KN_EIO, "the server ended the stream")
                                  : failure(KN_EIO, "the answer broke off in its head");
        return transfer_failure(endpoint_, easy_.get(), code, trace_);
    }();
    stop();
    return end_with(why);
}

std::optional<stream_end> stream::redirect() {
    const char *to = info<char *>(easy_.get(), CURLINFO_REDIRECT_URL);
    const std::string target = to != nullptr ? to : "";
    stop();
    const auto refuse = [&](const std::string &why) {
        failure f(KN_EPROTOCOL, "redirected (HTTP " + std::to_string(http_status_) + ") " + why);
        f.http_status = static_cast<std::int32_t>(http_status_);
        return end_with(f);
    };
    const bool is_https = target.compare(0, 8, "https://") == 0;
    if (target.empty())
        return refuse("to nowhere");
    if (!is_https && target.compare(0, 7, "http://") != 0)
        return refuse("to something that is not HTTP");
    if (!is_url(target))
        return refuse("to a malformed URL");
    if (!is_https && endpoint_.is_tls())
        return refuse("from https to http");
    if (++redirects_ > most_redirects)
        return refuse("too often");
    request(target);
    return std::nullopt;
}

stream_end stream::end_with(failure why) const {
    return {std::move(why), head_is_whole_ ? http_status_ : 0, is_event_stream_};
}

} // namespace kn
