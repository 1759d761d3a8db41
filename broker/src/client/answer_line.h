// A session's commands that wait for an answer, and what must not overtake them.
#pragma once

#include "net/held_memory.h"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

namespace webrocket {

class Session;

// Its loop's alone. There is one only while something waits: the session holds it, and so do those
// who are to answer, perhaps for longer than the session is there.
class AnswerLine {
  public:
    // What a command does once it is answered and all before it have done theirs. The session is
    // null if it has ended: what others are to hear goes on without it.
    using Effect = std::function<void(Session *)>;
    // Whether commands behind it are carried out meanwhile, and only their effects wait.
    enum class Behind { goes_on, waits };

    explicit AnswerLine(Session &session) : session_(&session) {}
    AnswerLine(const AnswerLine &) = delete;
    AnswerLine &operator=(const AnswerLine &) = delete;
    friend void intrusive_ptr_add_ref(AnswerLine *line) noexcept;
    friend void intrusive_ptr_release(AnswerLine *line) noexcept;

    // A place for a command, at the end; it keeps so many bytes of what the page sent.
    std::uint64_t reserve(Behind behind, std::size_t bytes) { return add({{}, bytes, behind}); }
    // Has the effects done that are due: that of the first, and of all behind it that are answered.
    void answer(std::uint64_t place, Effect effect);
    // Answered already, but not before those in front of it.
    void append(Effect effect, Behind behind, std::size_t bytes) {
        add({std::move(effect), bytes, behind});
    }
    // An answer that comes within the call waits for the end of it.
    template <typename Begin>
    void while_beginning(const Begin &begin);
    void do_what_is_due();

    bool is_empty() const { return places_.empty(); }
    bool is_first_answered() const {
        return !places_.empty() && static_cast<bool>(places_.front().effect);
    }
    // An effect is being done: what it says is said at once.
    bool is_at_work() const { return is_at_work_; }
    // Nothing more is taken from the page: a command must not begin, or too much waits.
    bool holds_input() const;
    // Whether the first place is the one that was the first when this was last asked.
    bool is_stuck();
    void forget_session() { session_ = nullptr; }

    // What the page sent while nothing was taken; and whether it is waited with.
    std::string held_input;
    bool is_input_held = false;

    // All of that counts as held.
    void count_held();
    std::size_t held_bytes() const { return held_.bytes(); }

  private:
    static constexpr std::size_t places_max = 256;
    static constexpr std::size_t bytes_max = std::size_t{256} << 10;

    struct Place {
        Effect effect; // empty until it is answered
        std::size_t bytes;
        Behind behind;
    };

    std::uint64_t add(Place place);

    std::size_t references_ = 0;
    Session *session_;
    std::deque<Place> places_;
    std::uint64_t first_ = 1; // the number of the first place
    std::uint64_t first_when_asked_ = 0;
    std::size_t bytes_ = 0;
    HeldBytes<> held_;
    std::size_t barriers_ = 0;
    bool is_at_work_ = false;
    bool is_beginning_ = false;
};

template <typename Begin>
void AnswerLine::while_beginning(const Begin &begin) {
    is_beginning_ = true;
    try {
        begin();
    } catch (...) {
        is_beginning_ = false;
        throw;
    }
    is_beginning_ = false;
}

} // namespace webrocket
