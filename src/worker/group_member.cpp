#include "worker/group_member.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <sys/random.h>

#include "backend/answer_failure.h"
#include "base/ascii.h"
#include "http/curl.h"
#include "http/head_line.h"
#include "json/json.h"

namespace kn {
namespace {

/// The driver does not hand over for longer than this without a look at what else has come.
constexpr milliseconds look_interval{20};

constexpr milliseconds first_retry{100};
constexpr milliseconds longest_retry{5'000};

/// What a stream's name may have: it goes back in a URL.
constexpr std::size_t longest_stream_name = 128;

constexpr std::array order_names{"none", "sid", "uid", "channel"};

std::string random_name() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz012345";
    std::array<unsigned char, 24> dice{};
    std::size_t got = 0;
    while (got < dice.size()) {
        const ssize_t more = getrandom(dice.data() + got, dice.size() - got, 0);
        got += static_cast<std::size_t>(std::max<ssize_t>(more, 0)); // a signal interrupts it
    }
    std::string name;
    for (const unsigned char one : dice)
        name += letters[one % letters.size()];
    return name;
}

std::uint32_t seed_of(std::string_view name) noexcept {
    return static_cast<std::uint32_t>(std::hash<std::string_view>()(name));
}

/// `explicit; resumed=0; deadline_ms=60000; lease_ms=10000; order=none`
struct Terms {
    explicit Terms(std::string_view text) {
        is_explicit = equals_ignoring_case(next_of(text), "explicit");
        while (!text.empty()) {
            const std::string_view one = next_of(text);
            const std::size_t equals = one.find('=');
            if (equals != std::string_view::npos)
                set(trimmed(one.substr(0, equals)), trimmed(one.substr(equals + 1)));
        }
    }

    bool is_explicit = false;
    bool is_resumed = false;
    bool is_ordered = false;
    milliseconds deadline{60'000};
    milliseconds lease{10'000};

  private:
    static std::string_view next_of(std::string_view &text) noexcept {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return trimmed(one);
    }
    static void read(std::string_view text, milliseconds &into) noexcept {
        std::int64_t value = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failure == std::errc() && end == text.data() + text.size() && value > 0)
            into = std::min(milliseconds(value), century);
    }
    void set(std::string_view name, std::string_view value) noexcept {
        if (name == "resumed")
            is_resumed = value == "1";
        else if (name == "deadline_ms")
            read(value, deadline);
        else if (name == "lease_ms")
            read(value, lease);
        else if (name == "order")
            is_ordered = value != "none";
    }
};

struct AnswerRoute {
    const char *path;
    const Operation &operation;
};

AnswerRoute route_of(Ledger::Kind what) noexcept {
    switch (what) {
    case Ledger::Kind::give_back:
        return {"/events/nack", operations::give_back};
    case Ledger::Kind::extend:
        return {"/events/extend", operations::extend};
    default:
        return {"/events/ack", operations::acknowledge};
    }
}

/// Whether the same request cannot be taken later either.
bool is_final(const Failure &why) noexcept {
    switch (why.status()) {
    case KN_ENOGROUP:
    case KN_EBADREQUEST:
    case KN_EPROTOCOL:
    case KN_ECONFLICT:
    case KN_ENOVHOST:
        return true;
    default:
        return false;
    }
}

} // namespace

GroupMember::GroupMember(Reactor &where, const Endpoint &to, const Settings &options)
    : reactor_(where), where_(to), options_(options),
      name_(options.worker_name.empty() ? random_name() : options.worker_name),
      ledger_(std::make_shared<Ledger>(options.window, where)), looked_at_(Clock::now()),
      dice_(seed_of(name_)) {
    if (options.group.empty())
        throw Failure(KN_EINVAL, "a worker that delivers at least once needs a group; give it one "
                                 "by kn_options_set_group()");
}

GroupMember::~GroupMember() {
    ledger_->detach();
    queue_.clear();
}

// ---- The stream ----

std::string GroupMember::query() const {
    std::string text = "worker=" + percent_encoded(name_);
    text += "&group=" + percent_encoded(options_.group);
    text += "&ack=explicit&window=" + std::to_string(options_.window);
    if (options_.order)
        text += std::string("&order=") + order_names[static_cast<std::size_t>(*options_.order)];
    return text;
}

std::string GroupMember::resumption() const {
    if (stream_.empty())
        return "";
    return "&resume=" + percent_encoded(stream_) + "&tag=" + std::to_string(last_tag_);
}

bool GroupMember::begin_stream(std::string_view stream, std::string_view terms) {
    const Terms agreed(terms);
    if (!agreed.is_explicit || stream.empty() || stream.size() > longest_stream_name)
        return false;
    std::string address =
        R"({"group":)" + json_quoted(options_.group) + R"(,"stream":)" + json_quoted(stream);
    if (!agreed.is_resumed || stream != stream_) {
        std::string name(stream);
        queue_.clear(); // it comes again
        extend_at_.reset();
        ledger_->begin_stream(agreed.is_ordered);
        stream_.swap(name);
        address_.swap(address);
        last_tag_ = 0;
    }
    lease_ = agreed.lease;
    ack_deadline_ = agreed.deadline;
    broken_since_.reset();
    retry_at_.reset(); // the broker is there
    return true;
}

void GroupMember::stream_broke(Clock::time_point at) noexcept {
    if (!stream_.empty() && !broken_since_)
        broken_since_ = at;
}

// ---- Events ----

auto GroupMember::take(const event_stream::Parser &read, std::string_view topic) -> Taking {
    constexpr std::string_view gap = ":gap";
    const event_stream::Delivery &said = read.delivery();
    if (topic == ":replaced" && said.tag == 0)
        return Taking::replaced;
    const bool is_gap = topic == gap;
    if (!is_gap && topic.substr(0, 1) == ":" && said.tag == 0)
        return Taking::ignored;
    const DeliveryNote note{read.last_event_id(), said.tag, said.attempt,
                            said.time_ms,         said.ref, is_gap};
    if (!note.is_well_formed() || note.tag <= last_tag_)
        return Taking::malformed;
    if (ledger_->is_new(note)) {
        EventPtr event(kn_event::create(topic, note.id, read.data()));
        event->attach(note, ledger_);
        Delivery &delivery = *event->delivery();
        delivery.waits_since = Clock::now();
        queue_.push_back(std::move(event));
        ledger_->enter(delivery);
        if (!extend_at_)
            extend_at_ = delivery.waits_since + ack_deadline_ / 3;
    }
    last_tag_ = note.tag;
    return Taking::taken;
}

EventPtr GroupMember::next(Clock::time_point now) noexcept {
    if (!has_ready(now))
        return nullptr;
    EventPtr event = std::move(queue_.front());
    queue_.pop_front();
    ledger_->hand_over(*event->delivery());
    return event;
}

void GroupMember::give_up() noexcept {
    queue_.clear();
    ledger_->revoke();
}

void GroupMember::close() noexcept {
    ledger_->close();
    queue_.clear();
}

// ---- Answers ----

bool GroupMember::wants_look(Clock::time_point now) noexcept {
    if (now - looked_at_ >= look_interval)
        return true;
    if (stream_.empty() || is_sending() || (retry_at_ && *retry_at_ > now))
        return false;
    const Deadline due = ledger_->due();
    return due && *due <= now;
}

void GroupMember::send_what_is_due(Clock::time_point now) {
    if (stream_.empty() || is_sending() || (retry_at_ && *retry_at_ > now))
        return;
    if (is_connected() && extend_at_ && *extend_at_ <= now)
        extend_waiting(now);
    const Deadline due = ledger_->due();
    if (due && *due <= now)
        begin_request();
}

/// What waits here is extended when a third of its time is over, and so that those behind it, which
/// came a little later, need no request of their own.
void GroupMember::extend_waiting(Clock::time_point now) noexcept {
    extend_at_.reset();
    for (const EventPtr &event : queue_) {
        Delivery &one = *event->delivery();
        if (now - one.waits_since >= ack_deadline_ / 4) {
            one.waits_since = now;
            ledger_->extend_waiting(one);
        }
        extend_at_ = sooner(extend_at_, one.waits_since + ack_deadline_ / 3);
    }
}

void GroupMember::begin_request() {
    if (!line_)
        line_.emplace(reactor_, where_, options_);
    Request what;
    what.verb = Request::Method::post;
    what.body = address_;
    what.path.reserve(where_.vhost.size() + 16);
    under_way_ = ledger_->compose(what.body);
    if (under_way_ == Ledger::Kind::nothing)
        return;
    try {
        what.body += '}';
        what.path = where_.vhost + route_of(under_way_).path;
        line_->begin(std::move(what), deadline_after(options_.request_timeout));
    } catch (const std::bad_alloc &) {
        lose_request();
        throw;
    }
}

std::optional<Failure> GroupMember::advance(const ReadySockets &ready) {
    if (!line_)
        return std::nullopt;
    try {
        return line_->advance(ready) ? conclude() : std::nullopt;
    } catch (const std::bad_alloc &) {
        lose_request();
        throw;
    }
}

std::optional<Failure> GroupMember::conclude() {
    const AnswerRoute asked = route_of(under_way_);
    try {
        const Answer answer = line_->conclude();
        if (answer.http_status < 200 || answer.http_status >= 300)
            throw answer_failure(where_, {asked.operation, {}}, answer.http_status, answer.body,
                                 answer.retry_after_ms);
    } catch (const Failure &why) {
        Failure named = why;
        name_subject(named, where_, {asked.operation, {}});
        return failed(named);
    }
    failures_ = 0;
    retry_at_.reset();
    ledger_->conclude(Ledger::Fate::taken);
    return std::nullopt;
}

/// For want of memory. The connection may have lost a socket, and goes.
void GroupMember::lose_request() noexcept {
    line_.reset();
    ledger_->conclude(Ledger::Fate::lost);
    retry_at_ = Clock::now() + first_retry;
}

/// What is refused for good is not owed any more: the broker will send it again.
std::optional<Failure> GroupMember::failed(const Failure &why) {
    if (is_final(why)) {
        ledger_->conclude(Ledger::Fate::refused);
        return why;
    }
    ledger_->conclude(Ledger::Fate::lost);
    milliseconds delay = first_retry;
    for (unsigned i = 0; i < failures_ && delay < longest_retry; ++i)
        delay = std::min(delay * 2, longest_retry);
    ++failures_;
    delay = milliseconds(
        std::uniform_int_distribution<milliseconds::rep>(delay.count() / 2, delay.count())(dice_));
    if (why.retry_after_ms >= 0)
        delay = std::max(delay, std::min(milliseconds(why.retry_after_ms), lease_));
    retry_at_ = Clock::now() + delay;
    return why;
}

Deadline GroupMember::deadline_with(const Deadline &debt) const noexcept {
    if (stream_.empty())
        return std::nullopt;
    if (is_sending())
        return line_->deadline();
    Deadline next = debt;
    if (is_connected())
        next = sooner(next, extend_at_);
    return next && retry_at_ ? std::max(*next, *retry_at_) : next;
}

Deadline GroupMember::deadline() noexcept { return deadline_with(ledger_->due()); }

Deadline GroupMember::rest() noexcept { return deadline_with(ledger_->rest()); }

} // namespace kn
