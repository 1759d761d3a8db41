#include "api/dead_letter_requeue.h"

#include "store/group_store.h"
#include "store/store.h"

#include <algorithm>
#include <utility>

namespace webrocket::admin {
namespace {

constexpr std::size_t at_once_max = 100;
constexpr std::uint64_t bytes_at_once_max = std::uint64_t{1} << 20;

} // namespace

void DeadLetterRequeue::begin() { read_some(); }

void DeadLetterRequeue::read_some() {
    registry_.store({[self = shared_from_this()](Store &store) { self->read(store.groups()); },
                     [self = shared_from_this()](bool is_read) {
                         if (is_read)
                             self->requeue_some();
                         else
                             self->end(End::not_stored);
                     }});
}

void DeadLetterRequeue::read(GroupStore &store) {
    const auto number = group_->number();
    if (!left_)
        left_ = id_ ? 1 : store.dead_letter_totals(number).count;
    if (!id_) {
        letters_ =
            store.dead_letters(number, after_, std::min(*left_, at_once_max), bytes_at_once_max);
        return;
    }
    letters_.clear();
    if (auto found = store.find_dead_letter(number, id_->epoch, id_->sequence))
        letters_.push_back(std::move(*found));
}

void DeadLetterRequeue::requeue_some() {
    kept_.clear();
    for (const auto &letter : letters_) {
        is_refused_ = !group_->requeue(letter);
        if (is_refused_)
            break;
        after_ = letter.place;
        kept_.push_back(letter.place);
    }
    *left_ -= std::min(*left_, letters_.size());
    const bool was_any = !letters_.empty();
    letters_.clear();
    if (!kept_.empty())
        remove_rows();
    else
        end(was_any ? End::refused : End::done);
}

void DeadLetterRequeue::remove_rows() {
    registry_.store({[self = shared_from_this()](Store &store) {
                         self->removed_ = 0;
                         for (const auto place : self->kept_)
                             self->removed_ +=
                                 store.groups().remove_dead_letter(self->group_->number(), place)
                                     ? 1
                                     : 0;
                     },
                     [self = shared_from_this()](bool is_stored) {
                         if (!is_stored)
                             return self->end(End::not_stored);
                         self->requeued_ += self->removed_;
                         self->group_->forget_dead_letters(self->removed_);
                         if (self->is_refused_)
                             self->end(End::refused);
                         else if (*self->left_ > 0)
                             self->read_some();
                         else
                             self->end(End::done);
                     }});
}

} // namespace webrocket::admin
