// Writes to what cannot be told not to wait, such as a file: its disk may stand still. That is left
// to a thread, and waited for no longer than a moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace webrocket {

// For one thread at a time.
class BlockingWriter {
  public:
    explicit BlockingWriter(int descriptor);
    // Does not wait: a thread that stands still is left behind.
    ~BlockingWriter();
    BlockingWriter(const BlockingWriter &) = delete;
    BlockingWriter &operator=(const BlockingWriter &) = delete;

    // As write(2): how much of it was written, or -1 and errno. EAGAIN when it takes longer than a
    // moment. The next call has to begin with the same bytes then, and tells what has become of
    // them; it does not wait at all.
    std::ptrdiff_t write(std::string_view text);

    // Until a piece that takes longer is written. False when the time is over first.
    bool wait(std::chrono::milliseconds patience);

  private:
    struct Work;

    std::shared_ptr<Work> work_; // the thread's, too, which may outlive this
};

} // namespace webrocket
