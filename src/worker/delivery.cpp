#include "worker/delivery.h"

#include <algorithm>

#include "base/ascii.h"

namespace kn {
namespace {

bool is_id_character(char c) noexcept { return is_word(c) || c == '-'; }
bool is_ref_character(char c) noexcept { return is_word(c) || c == '-' || c == '.'; }

template <std::size_t Size>
void copy_text(std::string_view text, std::array<char, Size> &to) noexcept {
    to[text.copy(to.data(), Size - 1)] = '\0';
}

} // namespace

bool DeliveryNote::is_well_formed() const noexcept {
    return !id.empty() && id.size() <= Delivery::longest_id &&
           ref.size() <= Delivery::longest_ref && tag != 0 &&
           std::all_of(id.begin(), id.end(), is_id_character) &&
           std::all_of(ref.begin(), ref.end(), is_ref_character);
}

GivingBack GivingBack::after_failure(std::int32_t attempt) noexcept {
    constexpr std::array<milliseconds::rep, 4> delays{1'000, 5'000, 20'000, 60'000};
    const auto nth = std::clamp<std::size_t>(static_cast<std::size_t>(attempt), 1, delays.size());
    return {milliseconds(delays[nth - 1]), false};
}

Delivery::Delivery(const DeliveryNote &note) noexcept
    : attempt(note.attempt), time_ms(note.time_ms), is_gap(note.is_gap), tag(note.tag) {
    copy_text(note.ref, ref_text);
    copy_text(note.id, id_text);
}

} // namespace kn
