// Incoming WebSocket frames, by wslay, but for what nearly all of them are: a whole message in one
// frame that has come whole. Those are taken at once, as wslay takes a byte at a time. A decoder
// holds some 4 KB of buffers, so a connection has one only while it is in the middle of a frame or
// of a message in fragments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct wslay_event_context;

namespace webrocket {

class FrameDecoder {
  public:
    // What becomes of the input behind a message: it is decoded, kept for later, or ignored.
    enum class Wanted { now, later, never };

    class Sink {
      public:
        // A whole text or binary message.
        virtual Wanted on_message(std::string_view message) = 0;
        // Of a message that comes now, all its fragments together. Never less than it was.
        virtual std::size_t message_size_max() const = 0;

      protected:
        ~Sink() = default;
    };

    enum class State {
        between_messages, // nothing is kept: the decoder may serve another connection
        held,             // likewise, and the sink is not given what is unread() for now
        inside_message,
        closed, // by the peer's close frame
        broken  // off: bad input, answered by a close frame, or the sink would not have any more
    };

    FrameDecoder();
    ~FrameDecoder();
    FrameDecoder(const FrameDecoder &) = delete;
    FrameDecoder &operator=(const FrameDecoder &) = delete;

    // Decodes `bytes`; appends to `replies` the control frames (pongs, a close) that are owed to
    // the peer, whole ones only. When a message is handed over, those for what came before it are
    // there already.
    State feed(std::string_view bytes, Sink &sink, std::string &replies);

    // After State::held: what is to be fed once more. A part of what was.
    std::string_view unread() const { return unread_; }
    // After State::broken.
    bool was_too_big() const { return too_big_; }
    // With what it has kept of a message that is not whole.
    std::size_t held_bytes() const;

  private:
    friend struct FrameDecoderCallbacks;

    bool take_whole_message();
    bool read_by_wslay();
    void hand_over_message();
    void write_replies();

    wslay_event_context *context_ = nullptr;
    std::string_view input_;
    std::string_view unread_;
    Sink *sink_ = nullptr;
    std::string *replies_ = nullptr;
    std::string message_;
    // Of the frame that wslay is reading: how much of it wslay was given, its header as far as it
    // was, and whether that was all.
    std::uint64_t frame_given_ = 0;
    std::string frame_header_;
    bool frame_ended_ = false;
    bool in_control_frame_ = false;
    bool is_held_ = false;
    bool in_message_ = false;
    bool refused_ = false; // by us, where wslay would not
    bool too_big_ = false;
    bool was_closed_ = false; // by a close frame that can be read
    std::exception_ptr failure_;
};

// The decoders that no connection needs at the moment.
class FrameDecoderPool {
  public:
    std::unique_ptr<FrameDecoder> take();
    void give_back(std::unique_ptr<FrameDecoder> decoder);

  private:
    static constexpr std::size_t spare_max = 16;
    std::vector<std::unique_ptr<FrameDecoder>> spare_;
};

} // namespace webrocket
