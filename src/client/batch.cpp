#include "client/batch.hpp"

#include "backend/names.hpp"
#include "client/api_call.hpp"

void kn_batch::add(std::string_view channel, std::string_view event,
                   std::optional<std::string_view> data) {
    kn::require_channel_name(channel);
    std::string members = kn::trigger_members(event, data);
    triggers_.push_back({std::string(channel), std::move(members)});
}
