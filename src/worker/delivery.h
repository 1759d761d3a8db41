#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/settings.h"

namespace kn {

class Ledger;

/// What the broker says of an event that it wants to have acknowledged.
struct DeliveryNote {
    std::string_view id;
    std::uint64_t tag = 0;
    std::int32_t attempt = 1;
    std::int64_t time_ms = -1;
    std::string_view ref; // "": none
    bool is_gap = false;

    /// Whether its texts are as the broker writes them: they are copied into places of fixed size,
    /// and the id goes back as it came.
    bool is_well_formed() const noexcept;
};

/// How an event is given back.
struct GivingBack {
    milliseconds delay{0};
    bool is_unhandled = false; // which does not count against it
    bool operator==(const GivingBack &) const = default;

    /// Of an event that a program has failed with: longer each time, so that a database that is
    /// away for half a minute makes no dead letters.
    static GivingBack after_failure(std::int32_t attempt) noexcept;
};

/// An event on its way between the broker and whoever deals with it: kept from its coming until its
/// answer has arrived at the broker. Where the event itself is gone by then, this is not: an answer
/// needs no memory. What it is in is the ledger's affair, and guarded by that one's mutex.
struct Delivery {
    explicit Delivery(const DeliveryNote &note) noexcept;

    static constexpr std::size_t longest_id = 63;
    static constexpr std::size_t longest_ref = 64;

    std::string_view id() const noexcept { return id_text.data(); }

    // What whoever has the event may read.
    std::int32_t attempt; // changes only before the event is handed over
    const std::int64_t time_ms;
    const bool is_gap;
    std::array<char, longest_ref + 1> ref_text; // "": none
    std::array<char, longest_id + 1> id_text;

    /// For as long as there is an event that has this.
    std::shared_ptr<Ledger> ledger;

    enum class Place : unsigned char {
        nowhere,      // not known to the ledger, or forgotten by it
        queued,       // has come, and was not handed over
        held,         // was handed over, and has no answer
        outdated,     // the same, but the stream that it came on is not resumed
        acknowledged, // the answer is owed
        given_back,   // likewise
        sent,         // the answer is on its way
        remembered,   // its acknowledgement has no stream; it is owed if the event comes again
    };
    Place place = Place::nowhere;
    bool has_event = true;
    bool is_deferred = false;
    bool wants_extension = false;
    bool is_being_extended = false;
    bool is_answered = false;    // by whoever has the event
    bool has_come_again = false; // while its answer was on its way
    std::uint64_t tag;           // its latest on the stream
    GivingBack how;
    std::chrono::steady_clock::time_point waits_since; // or was extended; the driver's

    // Of the list of its place, and of its ids' bucket.
    Delivery *before = nullptr;
    Delivery *behind = nullptr;
    Delivery *next_in_bucket = nullptr;
};

/// Deliveries in an order. Nothing here needs memory.
class DeliveryList {
  public:
    bool is_empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }
    Delivery *front() const noexcept { return first_; }

    void push_back(Delivery &one) noexcept {
        one.before = last_;
        one.behind = nullptr;
        (last_ != nullptr ? last_->behind : first_) = &one;
        last_ = &one;
        ++size_;
    }
    void push_front(Delivery &one) noexcept {
        one.before = nullptr;
        one.behind = first_;
        (first_ != nullptr ? first_->before : last_) = &one;
        first_ = &one;
        ++size_;
    }
    void remove(Delivery &one) noexcept {
        (one.before != nullptr ? one.before->behind : first_) = one.behind;
        (one.behind != nullptr ? one.behind->before : last_) = one.before;
        one.before = one.behind = nullptr;
        --size_;
    }
    Delivery *pop_front() noexcept {
        Delivery *const one = first_;
        if (one != nullptr)
            remove(*one);
        return one;
    }

  private:
    Delivery *first_ = nullptr;
    Delivery *last_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace kn
