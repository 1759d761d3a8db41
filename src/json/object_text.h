#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kn {

/// A JSON object as it is written, member by member.
class ObjectText {
  public:
    /// @p value is JSON, and @p name needs no escapes.
    void add(std::string_view name, std::string_view value) {
        if (text_.back() != '{')
            text_ += ',';
        text_ += '"';
        text_ += name;
        text_ += "\":";
        text_ += value;
    }
    void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }

    std::string end() && { return std::move(text_) + "}"; }

  private:
    std::string text_ = "{";
};

} // namespace kn
