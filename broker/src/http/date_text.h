// The value of the Date header, made at most once a second.
#pragma once

#include <chrono>
#include <string>

namespace webrocket {

class DateText {
  public:
    const std::string &now();

  private:
    std::string text_;
    std::chrono::system_clock::time_point second_;
};

} // namespace webrocket
