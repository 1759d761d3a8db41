#include "http/http_connection.h"

#include "base/unix_user.h"
#include "http/replies.h"
#include "net/shared_bytes.h"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace webrocket {
namespace {

// A client that pipelines has to wait at this many bytes of answers until they are on their way,
// and others have had their turn.
constexpr std::size_t turn_bytes_max = std::size_t{32} << 10;

} // namespace

// Where a late answer finds the connection.
class HttpConnection::Waiting {
  public:
    explicit Waiting(HttpConnection &http) : http_(&http), loop_(http.connection_.loop()) {}

    // On the connection's loop.
    void give_up() { http_ = nullptr; }

    // Any thread.
    static void answer(const std::shared_ptr<Waiting> &waiting, HttpReply reply) {
        waiting->loop_.post([waiting, reply = std::move(reply)]() mutable {
            HttpConnection *const http = std::exchange(waiting->http_, nullptr);
            if (http == nullptr)
                return;
            const ConnectionPtr connection(&http->connection_);
            connection->call_protocol([&](Protocol &) { http->answer_late(reply); });
        });
    }

  private:
    HttpConnection *http_; // its loop's; null when it is gone, or has its answer
    EventLoop &loop_;
};

HttpConnection::HttpConnection(Connection &connection, HttpHandler &handler, const HttpRules &rules,
                               std::shared_ptr<UnreadByteBudget> unread)
    : connection_(connection), handler_(handler), rules_(rules), peer_(connection.address()),
      unread_(std::move(unread)), parser_(rules.limits) {
    connection_.arm(rules_.times.request);
}

HttpConnection::~HttpConnection() {
    forget_unread();
    if (waiting_)
        waiting_->give_up();
}

std::string HttpConnection::description() const {
    const auto user = connection_.user();
    return fmt::format("HTTP client {}address={}",
                       user ? fmt::format("user={} ", user_name(*user)) : "",
                       connection_.address().text());
}

LogFields HttpConnection::log_fields() const {
    LogFields fields{log_field("address", connection_.address().text())};
    if (const auto user = connection_.user())
        fields.push_back(log_field("user", user_name(*user)));
    return fields;
}

void HttpConnection::on_data(std::string_view bytes) {
    if (unparsed_.empty()) {
        process(bytes);
    } else {
        std::string input = std::move(unparsed_);
        unparsed_.clear();
        input.append(bytes);
        process(input);
    }
}

void HttpConnection::process(std::string_view input) {
    given_in_turn_ = 0;
    bool some_were_whole = false;
    while (!input.empty() && !connection_.ending() && !successor_ && !waiting_) {
        if (given_in_turn_ > turn_bytes_max || connection_.pending_bytes() > turn_bytes_max) {
            connection_.pause_reading();
            rest();
            break;
        }
        const auto state = parser_.feed(input);
        if (state == HttpParser::State::failed) {
            if (is_answered_)
                connection_.finish();
            else
                refuse(parser_.error_status());
            return;
        }
        if (state == HttpParser::State::need_more) {
            wait_for_the_rest(!input.empty() || parser_.inside_request());
            break;
        }
        in_head_ = false;
        some_were_whole = true;
        if (is_answered_)
            end_answered_request();
        else
            answer(parser_.request());
        parser_.reset();
    }
    if (successor_) {
        if (!input.empty())
            successor_->on_data(input);
        connection_.become(std::move(successor_));
        return;
    }
    unparsed_.assign(input);
    count_held(some_were_whole);
}

// The clock is read where there is something, which is not so behind most requests.
void HttpConnection::count_held(bool anew) {
    const std::size_t held = unparsed_.size() + parser_.held_bytes();
    if (held > 0 && (anew || held_.bytes() == 0))
        held_since_ = std::chrono::steady_clock::now();
    held_.set(held);
}

void HttpConnection::rest() {
    resting_ = true;
    if (rest_) {
        rest_->arm();
        return;
    }
    connection_.limit_unsent_in_kernel();
    rest_ = std::make_unique<Deadline>(connection_, rules_.times.rest,
                                       [this] { connection_.wait_in_line(); });
}

void HttpConnection::on_turn() {
    if (!std::exchange(resting_, false))
        return;
    if (connection_.pending_bytes() == 0)
        go_on();
}

void HttpConnection::go_on() {
    if (waiting_ || resting_)
        return;
    connection_.resume_reading();
    if (!unparsed_.empty())
        on_data({});
}

// Each part of a request has its time, which bytes now and then do not extend.
void HttpConnection::wait_for_the_rest(bool has_begun) {
    if (parser_.has_new_head()) {
        in_head_ = false;
        await(rules_.times.request);
        consider_head();
    } else if (has_begun && !in_head_ && !parser_.has_head()) {
        in_head_ = true;
        await(rules_.times.head);
    }
}

// An answer that is not read yet is waited for first.
void HttpConnection::await(std::chrono::milliseconds wait) {
    if (!is_unread_)
        connection_.arm(wait);
}

void HttpConnection::send_answer(std::string bytes) {
    const std::size_t size = bytes.size();
    given_in_turn_ += size;
    connection_.send(make_frame(std::move(bytes)));
    if (connection_.ending())
        return;
    if (!may_wait()) {
        connection_.report_refusal(
            RefusalReason::unread_answer,
            fmt::format("an answer of {} bytes: too much waits to be read", size));
        connection_.abort();
        return;
    }
    if (is_unread_)
        return;
    is_unread_ = true;
    is_watched_ = false;
    // Most of them are taken at the end of the turn, and not waited for.
    connection_.disarm();
    if (connection_.is_waiting_for_room())
        on_stalled();
}

void HttpConnection::on_stalled() {
    if (is_unread_ && !std::exchange(is_watched_, true))
        connection_.arm(rules_.times.unread_answer);
}

// A little may always wait, and what the kernel takes does not: whoever lets much wait must not
// keep others from theirs.
bool HttpConnection::may_wait() {
    constexpr std::size_t little = std::size_t{16} << 10;
    if (connection_.pending_bytes() > little)
        connection_.write_now();
    const std::size_t left = connection_.pending_bytes();
    if (left <= little || left <= unread_taken_)
        return true;
    if (!unread_->take(left - unread_taken_))
        return false;
    unread_taken_ = left;
    return true;
}

// All loops count on the same place, so it is left alone where there is nothing to count.
void HttpConnection::forget_unread() {
    if (unread_taken_ > 0)
        unread_->give_back(std::exchange(unread_taken_, 0));
}

bool HttpConnection::is_being_read() {
    const auto before = std::exchange(acknowledged_, connection_.acknowledged_position());
    return acknowledged_ >= before + reading_step_min;
}

// Whoever may not ask, or asks for what is not there, need not be listened to until the end.
void HttpConnection::consider_head() {
    HttpRequest &head = parser_.request();
    identify(head);
    const HeadVerdict verdict = judge_head(head);
    if (verdict.refusal || !verdict.wants_body)
        parser_.discard_body();
    if (verdict.refusal)
        answer_early(*verdict.refusal);
    else if (parser_.wants_continue())
        connection_.send(make_frame("HTTP/1.1 100 Continue\r\n\r\n"));
}

// The connection stays until the body is through, held by nobody: clients that send all of it
// before they read would lose the answer to a reset. Whether one that has waited for its answer
// still sends the body cannot be told from what follows.
void HttpConnection::answer_early(const HttpReply &refusal) {
    begin_answer(parser_.request());
    const bool may_be_followed = !parser_.wants_continue();
    context_.keep_alive = context_.keep_alive && may_be_followed && !stopping_;
    context_.date = date_text();
    request_summary_ = request_summary(parser_.request());
    report_refusal(refusal.response);
    send_answer(serialize(refusal.response, context_));
    is_answered_ = true;
    if (!may_be_followed)
        connection_.finish();
}

void HttpConnection::end_answered_request() {
    is_answered_ = false;
    if (!context_.keep_alive || stopping_)
        connection_.finish();
    else
        await(rules_.times.request);
}

HeadVerdict HttpConnection::judge_head(const HttpRequest &head) {
    try {
        return handler_.judge_head(head);
    } catch (const std::exception &error) {
        spdlog::error("request failed: {}", error.what());
        return {at_once(handler_.refuse(500)), false};
    }
}

// A proxy sends requests of many clients over one connection.
void HttpConnection::identify(HttpRequest &request) {
    request.address = rules_.proxies.client_of(peer_, request);
    request.is_forwarded = rules_.proxies.trusts(peer_);
    request.user = connection_.user();
    connection_.set_address(request.address);
}

void HttpConnection::begin_answer(const HttpRequest &request) {
    connection_.loop().figures().http_requests.add(1);
    context_ = ResponseContext();
    context_.head_only = request.method == "HEAD";
    context_.http_1_0 = request.http_1_0;
    context_.keep_alive = request.keep_alive;
}

void HttpConnection::answer(HttpRequest &request) {
    identify(request);
    begin_answer(request);
    const HttpReply reply = call_handler(request);
    if (reply.later || reply.response.status >= 400)
        request_summary_ = request_summary(request);
    if (reply.later)
        wait_for_answer(reply.later);
    else
        give(reply);
}

HttpReply HttpConnection::call_handler(const HttpRequest &request) {
    try {
        return handler_.handle(request);
    } catch (const std::exception &error) {
        spdlog::error("request failed: {}", error.what());
        return at_once(handler_.refuse(500));
    }
}

void HttpConnection::wait_for_answer(const std::function<void(Answer)> &begin) {
    waiting_ = std::make_shared<Waiting>(*this);
    connection_.disarm();
    connection_.pause_reading();
    begin(Answer(
        [waiting = waiting_](HttpReply reply) { Waiting::answer(waiting, std::move(reply)); }));
}

void HttpConnection::answer_late(const HttpReply &reply) {
    waiting_.reset();
    is_unread_ = false; // anew, from this answer on
    give(reply);
    connection_.resume_reading();
    if (successor_)
        connection_.become(std::move(successor_));
    else if (!unparsed_.empty())
        on_data({});
}

void HttpConnection::give(const HttpReply &reply) {
    // What begins now would find no end in good order.
    if (stopping_ && reply.takeover) {
        refuse(503);
        return;
    }
    context_.date = date_text();
    context_.takeover = reply.takeover != nullptr;
    if (stopping_)
        context_.keep_alive = false;
    report_refusal(reply.response);
    if (reply.takeover) {
        connection_.send(make_frame(serialize(reply.response, context_)));
        connection_.disarm();
        successor_ = reply.takeover(connection_);
        return;
    }
    send_answer(serialize(reply.response, context_));
    if (!context_.keep_alive)
        connection_.finish();
}

void HttpConnection::report_refusal(const HttpResponse &response) {
    if (response.status < 400)
        return;
    const auto reason = response.refusal.value_or(refusal_of_status(response.status));
    if (reason != RefusalReason::none)
        connection_.report_refusal(reason,
                                   fmt::format("{}: {}", request_summary_, response.status));
}

// What never became a request, or came too late to be answered as one.
void HttpConnection::refuse(int status) {
    ResponseContext context;
    context.date = date_text();
    context.keep_alive = false;
    const auto response = handler_.refuse(status);
    request_summary_ = "a request";
    report_refusal(response);
    connection_.send(make_frame(serialize(response, context)));
    connection_.finish();
}

// Not while an answer is waited for, since nothing is read then.
void HttpConnection::on_end() { connection_.finish(); }

void HttpConnection::on_encrypted() { await(rules_.times.request); }

void HttpConnection::on_timer() {
    if (is_unread_) {
        if (is_being_read()) {
            connection_.arm(rules_.times.unread_answer);
        } else {
            connection_.report_refusal(RefusalReason::unread_answer,
                                       fmt::format("to wait on: {} bytes of answers are not read",
                                                   connection_.queued_position() - acknowledged_));
            connection_.abort();
        }
        return;
    }
    if (!is_answered_ && (parser_.inside_request() || !unparsed_.empty()))
        refuse(408);
    else
        connection_.finish();
}

void HttpConnection::on_drained() {
    forget_unread();
    if (std::exchange(is_unread_, false) && !waiting_)
        connection_.arm(in_head_ ? rules_.times.head : rules_.times.request);
    go_on();
}

// An idle client loses nothing; whoever has begun to ask gets an answer.
void HttpConnection::on_shutdown() {
    stopping_ = true;
    if (waiting_ || (!is_answered_ && (parser_.inside_request() || !unparsed_.empty())))
        return;
    if (connection_.pending_bytes() == 0)
        connection_.abort();
    else
        connection_.finish();
}

} // namespace webrocket
