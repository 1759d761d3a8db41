// What it takes to keep an event: bench_event_log DIRECTORY EVENTS prints a line for each number of
// events that are appended together (in a turn of a loop), and one for a start that reads EVENTS.
// Each event has 200 bytes and one group; each turn also reads the events back, as for a worker
// that is behind, and settles those of the turn before.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event_log/event_log.h"
#include "processor_time.hpp"

namespace {

using namespace webrocket;
using Clock = std::chrono::steady_clock;

class Counting final : public LogVisitor {
  public:
    std::size_t events = 0;
    void event(const LogEvent &, std::span<const RecoveredAttempt>) override { ++events; }
    void gap(const LogGap &) override {}
    void key(const LogKey &) override {}
    void reference(const LogEvent &) override {}
};

const std::string record(200, 'x');
constexpr std::uint32_t group = 1;

std::vector<LogEntry> turn_of(std::size_t size) {
    LogEvent event{};
    event.groups = {&group, 1};
    event.time_ms = 1764450000123;
    event.topic = "orders/new";
    event.sid = "0a3b1c2d-0000-4000-8000-000000000000";
    event.address = "192.0.2.1";
    event.record = record;
    return std::vector<LogEntry>(size, event);
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Appends, reads back and settles for some time.
void measure_turns(const std::filesystem::path &directory, std::size_t size, Durability durability,
                   double seconds) {
    std::filesystem::remove_all(directory);
    Counting nothing;
    LogOptions options;
    options.durability = durability;
    EventLog log(directory, options, nothing);
    std::vector<LogEntry> entries = turn_of(size);
    entries.resize(size + 1, LogSettled{}); // what is settled goes along
    std::vector<std::uint64_t> sequences(size);
    std::vector<double> turns;
    LogRun settled{0, 0}; // none
    std::size_t read = 0;
    const auto begin = Clock::now();
    const double cpu = own_cpu_seconds();
    while (seconds_since(begin) < seconds) {
        const auto turn = Clock::now();
        entries.back() = LogSettled{group, {&settled, 1}};
        const std::uint64_t first = log.append(entries).first;
        if (first == 0)
            std::exit(1);
        for (std::size_t i = 0; i < size; ++i)
            sequences[i] = first + i;
        read += log.read(sequences, [](std::size_t, const LogEvent &) {});
        settled = {first, first + size - 1};
        turns.push_back(seconds_since(turn));
    }
    const double spent = own_cpu_seconds() - cpu;
    const double wall = seconds_since(begin);
    const auto events = static_cast<double>(turns.size() * size);
    if (read != turns.size() * size)
        std::exit(1);
    std::sort(turns.begin(), turns.end());
    const LogFigures figures = log.figures();
    std::printf("{\"turn\": %zu, \"events_per_second\": %.0f, \"cpu_us\": %.3f, \"turn_p50_us\": "
                "%.1f, \"turn_p99_us\": %.1f, \"turn_max_ms\": %.2f, \"syncs\": %llu, \"files\": "
                "%llu}\n",
                size, events / wall, spent / events * 1e6, turns[turns.size() / 2] * 1e6,
                turns[turns.size() * 99 / 100] * 1e6, turns.back() * 1e3,
                static_cast<unsigned long long>(figures.syncs),
                static_cast<unsigned long long>(figures.files));
}

void measure_start(const std::filesystem::path &directory, std::size_t events) {
    std::filesystem::remove_all(directory);
    {
        Counting nothing;
        EventLog log(directory, {}, nothing);
        const std::vector<LogEntry> entries = turn_of(64);
        for (std::size_t i = 0; i < events; i += 64)
            log.append(entries);
    }
    Counting found;
    const auto begin = Clock::now();
    const double cpu = own_cpu_seconds();
    const EventLog log(directory, {}, found);
    std::printf("{\"start_with\": %zu, \"ms\": %.1f, \"cpu_ms\": %.1f}\n", found.events,
                seconds_since(begin) * 1e3, (own_cpu_seconds() - cpu) * 1e3);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    const std::filesystem::path directory = std::filesystem::path(argv[1]) / "events";
    for (const std::size_t size : {1UL, 64UL, 1024UL})
        measure_turns(directory, size, Durability::batch, 2);
    measure_start(directory, static_cast<std::size_t>(std::atol(argv[2])));
    std::filesystem::remove_all(directory);
}
