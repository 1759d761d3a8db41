// A delivery state with what its tests say again and again. A filter's number is the set of topics
// that it matches: 1 is topic 0 alone, 3 topics 0 and 1.
#pragma once

#include "delivery/delivery_state.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace webrocket::test {

using Seqs = std::vector<std::uint64_t>;

class TopicSets final : public TopicMatcher {
  public:
    bool matches(std::uint32_t filter, std::uint32_t topic) const override {
        ++asked;
        return (filter >> topic & 1U) != 0;
    }
    mutable std::uint64_t asked = 0;
};

class DeliveryGroup {
  public:
    static constexpr std::uint32_t all = 0xFF;

    explicit DeliveryGroup(const DeliverySettings &settings = {}) : state(settings, topics, now) {}

    DeliveryEvent event(std::uint32_t topic = 0, std::uint64_t key = 0) {
        DeliveryEvent made;
        made.sequence = ++last;
        made.bytes = 100;
        made.topic = topic;
        made.key = key;
        made.time_ms = now;
        made.cookie = 1000 + last;
        return made;
    }
    std::uint64_t add(std::uint32_t topic = 0, std::uint64_t key = 0) {
        state.add(event(topic, key), false, now);
        return last;
    }
    // As the broker does: told by a gap if it was not taken.
    DeliveryVerdict offer(const DeliveryEvent &offered) {
        const DeliveryVerdict verdict = state.reserve(offered, now);
        if (verdict == DeliveryVerdict::taken)
            state.add(offered, true, now);
        return verdict;
    }
    Joined join(std::string_view name, std::uint32_t window = 256, std::uint32_t filter = all) {
        JoinRequest request;
        request.name = name;
        request.window = window;
        request.filter = filter;
        return state.join(request, now);
    }
    Joined resume(std::string_view name, std::uint64_t stream, std::uint64_t tag,
                  std::uint32_t window = 256, std::uint32_t filter = all) {
        return state.join({name, filter, window, stream, tag}, now);
    }
    std::vector<Delivery> deliveries(std::uint64_t stream, std::size_t max = 1000) {
        std::vector<Delivery> into;
        state.claim(stream, max, into, now);
        return into;
    }
    Seqs claim(std::uint64_t stream, std::size_t max = 1000) {
        Seqs sequences;
        for (const Delivery &delivery : deliveries(stream, max))
            sequences.push_back(delivery.sequence);
        return sequences;
    }
    std::size_t acknowledge(std::uint64_t stream, std::uint64_t upto, const Seqs &ids = {}) {
        return state.acknowledge(stream, upto, ids, now);
    }
    std::size_t nack(std::uint64_t stream, const Seqs &ids, std::int64_t delay = 0) {
        return state.give_back(stream, ids, delay, false, now);
    }
    std::size_t unhandled(std::uint64_t stream, const Seqs &ids, std::int64_t delay = 0) {
        return state.give_back(stream, ids, delay, true, now);
    }
    void pass(std::int64_t ms) {
        now += ms;
        state.advance(now);
    }
    DeliveryEffects effects() {
        DeliveryEffects taken;
        state.take_effects(taken);
        return taken;
    }
    // What the log would do: each gap gets the next SEQ.
    std::vector<DeliveryGap> write_gaps() {
        const std::vector<DeliveryGap> gaps = effects().gaps;
        for (const DeliveryGap &gap : gaps)
            state.name_gap(gap.number, ++last);
        return gaps;
    }
    // Handed out, and given back, so often.
    void try_in_vain(std::uint64_t stream, std::uint64_t sequence, int times) {
        for (int i = 0; i < times; ++i) {
            claim(stream, 1);
            nack(stream, {sequence});
        }
    }

    TopicSets topics;
    std::int64_t now = 1'000'000;
    std::uint64_t last = 0;
    DeliveryState state;
};

inline DeliverySettings ordered() {
    DeliverySettings settings;
    settings.is_ordered = true;
    return settings;
}

} // namespace webrocket::test
