// What a session does about answers that are not there yet.
#include "client/session.h"

#include <utility>

namespace webrocket {

AnswerLine &Session::line() {
    if (!line_)
        line_.reset(new AnswerLine(*this));
    return *line_;
}

// One that changes what the next command means begins when all before it are done.
void Session::change_later(const Command &command) {
    const auto change_now = [message = std::string(command.message)](Session *session) {
        if (session != nullptr)
            session->with_command(message, &Session::change);
    };
    line_->append(change_now, Behind::waits, command.message.size());
}

void Session::with_command(const std::string &message, Action action) {
    Command command;
    parse_command(message, rules_->nesting_max, command);
    command_ = command.kind;
    ref() = command.ref;
    (this->*action)(command);
}

// Of those that are there by now: what had to be begun was perhaps done at once. Returns whether
// the session goes on.
bool Session::take_answers() {
    if (line_->is_first_answered())
        do_what_is_due();
    return vhost_ != nullptr;
}

void Session::on_answer() {
    transport_.run([this] { do_what_is_due(); });
}

void Session::do_what_is_due() {
    const boost::intrusive_ptr<AnswerLine> line = line_;
    line->do_what_is_due();
    if (line_ == nullptr || line->holds_input())
        return;
    const bool was_held = std::exchange(line->is_input_held, false);
    const std::string input = std::exchange(line->held_input, {});
    line->count_held();
    if (line->is_empty())
        line_.reset();
    if (was_held)
        transport_.read_on(input);
}

void Session::hold_input(std::string_view input) {
    line_->held_input = input;
    line_->is_input_held = true;
    line_->count_held();
}

void Session::after_answers(std::function<void()> action) {
    if (!must_wait())
        return action();
    const auto do_it = [action = std::move(action)](Session *session) {
        if (session != nullptr)
            action();
    };
    line_->append(do_it, Behind::waits, 0);
}

} // namespace webrocket
