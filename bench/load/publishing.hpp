// Several publishers, each with a window: so many messages on the way at most. A message is on the
// way until everybody has heard it and, if it was posted, the request is answered.
#pragma once

#include "audience.hpp"
#include "http_client.hpp"
#include "participant.hpp"
#include "server_usage.hpp"

#include <cstdint>
#include <memory>
#include <vector>

class publisher {
  public:
    virtual ~publisher() = default;
    virtual void publish(message_number number) = 0;
    /// How many messages the server has acknowledged, where it does.
    virtual std::uint32_t acknowledged(std::uint32_t published) const = 0;
};

/// Neither outlives what it is made of.
std::unique_ptr<publisher> speaking(participant &speaker);
std::unique_ptr<publisher> posting(poller &loop, const http_address &to, const numbered_text &body);

class publishing {
  public:
    publishing(poller &loop, const audience &heard,
               std::vector<std::unique_ptr<publisher>> publishers);

    /// Everyone publishes for so long, at least what `window` allows; then waits until everybody
    /// has heard everything.
    void run(double seconds, std::size_t window);

    /// One message of everyone, so that all that grows on first use has grown.
    void warm_up() { run(0, 1); }

  private:
    bool is_heard() const;
    std::uint32_t on_the_way(std::size_t publisher) const;
    void publish_what_fits(std::size_t window);

    poller &loop_;
    const audience &heard_;
    std::vector<std::unique_ptr<publisher>> publishers_;
    std::vector<std::uint32_t> published_;
};
