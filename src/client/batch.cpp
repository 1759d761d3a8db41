#include "client/batch.h"

#include "backend/names.h"
#include "client/call.h"

namespace {

constexpr std::string_view before_triggers = R"({"triggers":[)";
constexpr std::string_view behind_triggers = "]}";

} // namespace

void kn_batch::add(std::string_view channel, std::string_view event,
                   std::optional<std::string_view> data) {
    kn::require_channel_name(channel);
    const std::size_t end = body_.size() - behind_triggers.size();
    const std::size_t count = triggers_.size();
    try {
        body_.resize(end);
        append(channel, event, data);
        body_ += behind_triggers;
    } catch (...) {
        triggers_.resize(count);
        body_.resize(end);
        body_ += behind_triggers; // for which there is room, as it was there
        throw;
    }
}

void kn_batch::append(std::string_view channel, std::string_view event,
                      std::optional<std::string_view> data) {
    if (!triggers_.empty())
        body_ += ',';
    body_ += R"({"channel":")";
    Trigger added{};
    added.channel = body_.size();
    body_ += channel; // its grammar needs no escaping
    added.behind_channel = body_.size();
    body_ += R"(",)";
    added.members = body_.size();
    kn::append_trigger(body_, event, data);
    added.behind_members = body_.size();
    body_ += '}';
    triggers_.push_back(added);
}

void kn_batch::clear() noexcept {
    triggers_.clear();
    body_.resize(before_triggers.size());
    body_ += behind_triggers;
}

std::string_view kn_batch::channel(std::size_t index) const noexcept {
    const Trigger &t = triggers_[index];
    return std::string_view(body_).substr(t.channel, t.behind_channel - t.channel);
}

std::string_view kn_batch::members(std::size_t index) const noexcept {
    const Trigger &t = triggers_[index];
    return std::string_view(body_).substr(t.members, t.behind_members - t.members);
}
