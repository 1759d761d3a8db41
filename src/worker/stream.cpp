#include "worker/stream.h"

#include <algorithm>

#include "backend/answer_failure.h"
#include "base/ascii.h"
#include "base/status.h"
#include "http/head_line.h"
#include "http/parsed_url.h"
#include "http/sigpipe.h"
#include "http/transfer.h"
#include "http/transfer_failure.h"

namespace kn {
namespace {

constexpr unsigned most_redirects = 10;

// A refusal's body only explains; it gets little room and little time.
constexpr std::size_t longest_refusal = std::size_t{16} << 10;
constexpr std::chrono::seconds refusal_time{1};

// What a busy stream costs is system calls, above all; libcurl's own 16 KiB take eight times as
// many. A quiet one touches no more of it than it receives.
constexpr long read_at_once = 128L << 10;

// How late a caller may be for an alarm; one who is later was away with something else.
constexpr std::chrono::milliseconds prompt{100};

// An id is asked back in a request's head, and few servers take a head of more than 8 KiB: a longer
// id would keep the worker out for ever.
constexpr std::size_t longest_id = std::size_t{4} << 10;

/// Parameters and case do not matter; a charset is UTF-8 whatever it says.
bool names_event_stream(std::string_view content_type) noexcept {
    return equals_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))),
                                "text/event-stream");
}

/// A URL as far as it says where. Names of hosts have no case; a port that is left out is the
/// scheme's own.
struct Place {
    explicit Place(const std::string &text) {
        const ParsedUrl url(text);
        is_url = url.complaint() == nullptr;
        if (!is_url)
            return;
        scheme = url.part(CURLUPART_SCHEME).value_or("");
        host = url.part(CURLUPART_HOST).value_or("");
        port = url.part(CURLUPART_PORT).value_or(scheme == "https" ? "443" : "80");
    }
    bool is_host_of(const Place &other) const noexcept {
        return equals_ignoring_case(host, other.host);
    }
    bool is_origin_of(const Place &other) const noexcept {
        return is_host_of(other) && equals_ignoring_case(scheme, other.scheme) &&
               port == other.port;
    }

    bool is_url;
    std::string scheme;
    std::string host;
    std::string port;
};

} // namespace

Stream::Stream(Reactor &where, const Endpoint &to, const Settings &options,
               StreamListener &listener)
    : reactor_(where), endpoint_(to), options_(options), listener_(listener) {
    make_handles();
}

Stream::~Stream() {
    stop();
    drop_handles();
}

void Stream::make_handles() {
    drop_handles();
    multi_.emplace(reactor_);
    easy_ = make_easy();
    CURL *easy = easy_.get();
    configure_transfer(easy, options_, trace_);
    set(easy, CURLOPT_HEADERFUNCTION, &Stream::take_header);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_WRITEFUNCTION, &Stream::take_body);
    set(easy, CURLOPT_WRITEDATA, this);
    // Seconds of silence are watched over here; the peer's kernel is asked besides.
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_BUFFERSIZE, read_at_once);
}

void Stream::drop_handles() noexcept {
    const SigpipeHold hold;
    easy_.reset();
    multi_.reset();
}

void Stream::start(const std::string &target, std::string_view last_event_id) {
    stop();
    if (!is_sound_ || !easy_)
        make_handles();
    is_sound_ = true;
    redirects_ = 0;
    redirected_to_.clear();
    last_event_id_ = last_event_id;
    request(target);
}

void Stream::stop() noexcept {
    if (!is_running_)
        return;
    is_running_ = false;
    multi_->remove(easy_.get());
}

void Stream::request(const std::string &url) {
    headers_.clear();
    headers_.add("Accept: text/event-stream");
    headers_.add("Accept-Encoding: identity");
    headers_.add("Cache-Control: no-cache");
    if (!last_event_id_.empty() && last_event_id_.size() <= longest_id)
        headers_.add("Last-Event-ID: " + last_event_id_);
    // The user's own headers may be keys as well: none of them leaves the origin they were given
    // for.
    is_at_own_origin_ = Place(url).is_origin_of(Place(endpoint_.origin));
    if (is_at_own_origin_) {
        headers_.add_borrowed(endpoint_.authorization.view());
        for (const ExtraHeader &extra : options_.headers)
            headers_.add_borrowed(extra->view());
    }
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    set(easy_.get(), CURLOPT_URL, url.c_str());
    if (may_use_tls(url.compare(0, 6, "https:") == 0, options_))
        multi_->expect_tls();

    head_ = {};
    names_event_stream_ = false;
    head_is_whole_ = false;
    is_accepted_ = false;
    coding_.clear();
    out_of_memory_ = false;
    is_held_ = false;
    refusal_.clear();
    trace_.clear();
    body_deadline_.reset();
    heard_something();
    multi_->add(easy_.get(), trace_);
    is_running_ = true;
}

std::size_t Stream::take_header(char *bytes, std::size_t size, std::size_t count,
                                void *self) noexcept {
    auto &me = *static_cast<Stream *>(self);
    try {
        return me.on_header_line({bytes, size * count}) ? size * count : 0;
    } catch (const std::bad_alloc &) {
        me.out_of_memory_ = true;
        return 0;
    }
}

std::size_t Stream::take_body(char *bytes, std::size_t size, std::size_t count,
                              void *self) noexcept {
    auto &me = *static_cast<Stream *>(self);
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

void Stream::heard_something() noexcept {
    last_byte_ = Clock::now();
    is_excused_ = false;
}

bool Stream::on_header_line(std::string_view line) {
    if (head_is_whole_) {
        heard_something();
        return true; // trailers of a chunked body
    }
    if (line.substr(0, 5) == "HTTP/") {
        head_ = {};
        names_event_stream_ = false;
        head_.http_status = info<long>(easy_.get(), CURLINFO_RESPONSE_CODE);
        coding_.clear();
        return true;
    }
    if (!trimmed(line).empty()) {
        if (const auto type = value_of("content-type", line))
            names_event_stream_ = names_event_stream(*type);
        else if (const auto coding = value_of("content-encoding", line);
                 coding && is_coded(*coding))
            coding_ = *coding;
        else if (const auto name = value_of("x-webrocket-worker-id", line))
            head_.worker_id = *name;
        else if (const auto terms = value_of("x-webrocket-delivery", line))
            head_.delivery = *terms;
        return true;
    }
    if (head_.http_status < 200)
        return true; // an interim answer; the real one follows
    // Not before: whoever drips a head, line by line, would hold the worker for good.
    heard_something();
    head_is_whole_ = true;
    head_.is_event_stream = names_event_stream_ && coding_.empty();
    is_accepted_ = listener_.on_head(head_);
    if (!is_accepted_)
        body_deadline_ = Clock::now() + refusal_time;
    // Whatever comes with a 200 of another type may be as endless as a stream.
    return is_accepted_ || head_.http_status != 200;
}

bool Stream::on_body(std::string_view bytes) {
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

std::optional<Stream::Clock::time_point> Stream::deadline() const noexcept {
    if (!is_running_)
        return std::nullopt;
    std::optional<Clock::time_point> earliest = multi_->deadline();
    const auto consider = [&](Clock::time_point other) {
        if (!earliest || other < *earliest)
            earliest = other;
    };
    if (body_deadline_)
        consider(*body_deadline_);
    if (options_.idle_timeout >= milliseconds::zero())
        consider(last_byte_ + options_.idle_timeout);
    return earliest;
}

std::optional<StreamEnd> Stream::advance(const ReadySockets &ready) {
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
        return end_with(Failure(KN_ENOMEM, status_message(KN_ENOMEM)));
    }
    if (const std::optional<Multi::Completion> done = multi_->next_completion())
        return conclude(done->code);
    return overdue();
}

/// Takes what there was no room for. libcurl hands it over inside this call, and wants to look for
/// more at once.
void Stream::go_on() {
    is_held_ = false;
    if (curl_easy_pause(easy_.get(), CURLPAUSE_CONT) != CURLE_OK)
        throw std::bad_alloc();
}

bool Stream::is_silent_for_too_long(Clock::time_point now) const noexcept {
    return options_.idle_timeout >= milliseconds::zero() &&
           now - last_byte_ >= options_.idle_timeout;
}

std::optional<StreamEnd> Stream::overdue() {
    if (!is_running_)
        return std::nullopt;
    const Clock::time_point now = Clock::now();
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
    const std::string silence = std::string(status_message(KN_ETIMEOUT)) + ": not a byte for " +
                                std::to_string(options_.idle_timeout.count()) + " ms";
    if (head_is_whole_)
        return end_with(Failure(KN_ETIMEOUT, silence));
    return end_with(
        with_redirect(Failure(KN_ETIMEOUT, silence + ", not even an answer's head")
                          .with_more("; does a proxy before the server hold the stream back? It "
                                     "must not buffer it")));
}

std::optional<StreamEnd> Stream::conclude(CURLcode code) {
    if (code != CURLE_OK && !head_is_whole_)
        is_sound_ = false;
    if (head_is_whole_ && head_.http_status >= 300 && head_.http_status < 400)
        return redirect();
    const Failure why = why_there_is_no_stream(code);
    stop();
    return end_with(is_accepted_ ? why : with_redirect(why), is_accepted_ && code == CURLE_OK);
}

Failure Stream::why_there_is_no_stream(CURLcode code) const {
    if (!head_is_whole_ || is_accepted_) {
        if (code != CURLE_OK)
            return transfer_failure(endpoint_, easy_.get(), code, trace_);
        return head_is_whole_ ? Failure(KN_EIO, "the server ended the stream")
                              : Failure(KN_EIO, "the answer broke off in its head");
    }
    if (head_.http_status == 200 && names_event_stream_ && !coding_.empty())
        return coded_failure(endpoint_, coding_);
    if (head_.http_status == 200) {
        Failure no_stream = Failure(KN_EPROTOCOL, "the answer is no text/event-stream")
                                .with_more("; is this a WebRocket server?");
        no_stream.http_status = 200;
        return no_stream;
    }
    return answer_failure(endpoint_, {operations::subscribe, {}}, head_.http_status,
                          coding_.empty() ? refusal_ : std::string(), retry_after_ms(easy_.get()));
}

/// A redirect may be the reason, and whoever reads of the failure does not know of it.
Failure Stream::with_redirect(const Failure &why) const {
    if (redirected_to_.empty())
        return why;
    std::string words = "; a redirect had led to " + shown_url(endpoint_, redirected_to_);
    if (!is_at_own_origin_)
        words += ", where the token was not sent; if that is the broker, make the worker with that "
                 "URL";
    return why.with_more(words);
}

std::optional<StreamEnd> Stream::redirect() {
    const char *url = info<char *>(easy_.get(), CURLINFO_REDIRECT_URL);
    const std::string target = url != nullptr ? url : "";
    stop();
    const auto refuse = [&](const char *why, const char *more = "") {
        return end_with(
            redirect_failure(endpoint_, head_.http_status, target, why).with_more(more));
    };
    const bool is_https = target.compare(0, 8, "https://") == 0;
    if (target.empty())
        return refuse("");
    if (!is_https && target.compare(0, 7, "http://") != 0)
        return refuse(", which is not HTTP");
    const Place to(target);
    if (!to.is_url)
        return refuse(", whose URL is malformed");
    if (!to.is_host_of(Place(endpoint_.origin)))
        return refuse(", and a worker follows redirects within its own host only",
                      "; the token was not sent there; if that is the broker, make the worker with "
                      "that URL");
    if (!is_https && endpoint_.is_tls())
        return refuse(", and from https a worker does not go back to http");
    if (++redirects_ > most_redirects)
        return refuse(", and too often");
    redirected_to_ = target;
    request(target);
    return std::nullopt;
}

StreamEnd Stream::end_with(Failure why, bool is_in_order) const {
    return {std::move(why), head_is_whole_ ? head_.http_status : 0, head_.is_event_stream,
            is_in_order};
}

} // namespace kn
