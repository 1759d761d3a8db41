#include "client/answer_line.h"

#include "base/without_exceptions.h"
#include "client/session.h"

#include <utility>

namespace webrocket {

void intrusive_ptr_add_ref(AnswerLine *line) noexcept { ++line->references_; }

// Not inline: gcc cannot tell then which of two copies was the last, and warns.
void intrusive_ptr_release(AnswerLine *line) noexcept {
    if (--line->references_ == 0)
        delete line;
}

std::uint64_t AnswerLine::add(Place place) {
    places_.push_back(std::move(place));
    bytes_ += places_.back().bytes;
    barriers_ += places_.back().behind == Behind::waits ? 1 : 0;
    count_held();
    return first_ + places_.size() - 1;
}

void AnswerLine::answer(std::uint64_t place, Effect effect) {
    places_[static_cast<std::size_t>(place - first_)].effect = std::move(effect);
    if (place != first_ || is_beginning_ || is_at_work_)
        return;
    if (session_ != nullptr)
        session_->on_answer();
    else
        do_what_is_due();
}

// A session that has ended is nobody's to end once more: what one effect lacks memory for is lost,
// and the next one has its own.
void AnswerLine::do_what_is_due() {
    const boost::intrusive_ptr<AnswerLine> kept(this);
    is_at_work_ = true;
    while (is_first_answered()) {
        const Effect effect = std::move(places_.front().effect);
        bytes_ -= places_.front().bytes;
        barriers_ -= places_.front().behind == Behind::waits ? 1 : 0;
        places_.pop_front();
        ++first_;
        if (session_ == nullptr) {
            without_exceptions([&effect] { effect(nullptr); });
            continue;
        }
        try {
            effect(session_);
        } catch (...) {
            is_at_work_ = false;
            throw;
        }
    }
    is_at_work_ = false;
    count_held();
}

void AnswerLine::count_held() {
    held_.set(bytes_ + places_.size() * sizeof(Place) + held_input.size());
}

bool AnswerLine::holds_input() const {
    return barriers_ > 0 || places_.size() >= places_max || bytes_ >= bytes_max;
}

bool AnswerLine::is_stuck() {
    return !is_empty() && std::exchange(first_when_asked_, first_) == first_;
}

} // namespace webrocket
