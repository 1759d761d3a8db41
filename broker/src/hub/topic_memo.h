// Which filters want which topics, as far as a loop has found out: to try a hundred expressions on
// every event would cost more than all the rest of its way.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// For a list of filters: no two have the same.
inline std::uint64_t new_filters_number() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

// One for each loop, for all vhosts. Topics that fall on the same place displace each other, so
// what is kept has a bound, whatever pages think of.
class TopicMemo {
  public:
    // Their places in the list of filters.
    using Filters = std::vector<std::uint32_t>;

    // No two lists have the same number, which is not 0. What is not known is asked of `find`,
    // which gets the Filters to fill in. The answer stays until the next question.
    template <typename Find>
    const Filters &wanting(std::uint64_t list, std::string_view topic, const Find &find) {
        if (answers_.empty())
            answers_.resize(answers_max);
        Answer &answer = answers_[(std::hash<std::string_view>()(topic) ^ list) % answers_max];
        if (answer.list == list && answer.topic == topic)
            return answer.filters;
        answer.list = 0;
        answer.topic = topic;
        answer.filters.clear();
        find(answer.filters);
        answer.list = list;
        return answer.filters;
    }

  private:
    struct Answer {
        std::uint64_t list = 0; // 0: it is none
        std::string topic;
        Filters filters;
    };

    static constexpr std::size_t answers_max = 1024;
    std::vector<Answer> answers_;
};

} // namespace webrocket
