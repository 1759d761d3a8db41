#include "crowd.hpp"
#include "failure.hpp"
#include "scenarios.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace {

double microseconds(const std::vector<std::chrono::nanoseconds> &sorted, double part) {
    const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[at].count()) / 1e3;
}

} // namespace

void measure_round_trips(const settings &wishes) {
    using clock = std::chrono::steady_clock;
    const std::size_t count = wishes.number("round_trips");
    const std::vector<std::string> tokens = wishes.list("tokens");
    const role as{true, tokens.empty() ? "" : tokens.front()};

    poller loop;
    const auto crowd = gather_crowd(loop, wishes.language(), wishes.port(), 1, as);
    participant &browser = *crowd.front();
    const numbered_text answer = browser.answer();
    std::uint32_t answered = 0;
    browser.on_event([&](std::string_view message) {
        require(answer.matches(message) && answer.number_in(message).sequence == answered,
                "not the answer", message);
        ++answered;
    });

    std::vector<std::chrono::nanoseconds> times;
    const std::size_t warm_up = count / 10;
    for (std::uint32_t asked = 0; asked < count + warm_up; ++asked) {
        const auto begin = clock::now();
        browser.ask({0, asked});
        while (answered == asked)
            loop.turn();
        if (asked >= warm_up)
            times.push_back(clock::now() - begin);
    }
    std::sort(times.begin(), times.end());
    std::printf("{\"median_us\": %.1f, \"percentile_99_us\": %.1f}\n", microseconds(times, 0.5),
                microseconds(times, 0.99));
}
