#include "crowd.hpp"
#include "measurement.hpp"
#include "publishing.hpp"
#include "scenarios.hpp"
#include "worker_seat.hpp"

void measure_worker(const settings &wishes) {
    const bool echoes = wishes.text("echo") == "yes"; // to those who speak
    const std::size_t speakers = wishes.number("publishers");
    const std::vector<std::string> tokens = wishes.list("tokens");

    poller loop;
    const auto worker =
        wishes.text("stream", "") != ""
            ? make_event_stream(loop, wishes.address("stream"))
            : make_nats_subscriber(loop, static_cast<int>(wishes.number("worker_port")));
    while (!worker->is_ready())
        loop.turn();
    std::vector<std::unique_ptr<participant>> crowd;
    for (std::size_t i = 0; i < speakers; ++i) {
        const role as{echoes, i < tokens.size() ? tokens[i] : ""};
        crowd.push_back(
            std::move(gather_crowd(loop, wishes.language(), wishes.port(), 1, as).front()));
    }

    audience heard(echoes ? 1 + speakers : 1, speakers);
    std::vector<std::unique_ptr<publisher>> publishers;
    std::vector<numbered_text> for_worker;
    std::vector<numbered_text> for_browsers;
    for (const auto &speaker : crowd) {
        publishers.push_back(speaking(*speaker));
        for_worker.push_back(speaker->heard_by_worker());
        for_browsers.push_back(speaker->heard());
    }
    worker->on_event([&](std::string_view data) { heard.hear(0, for_worker, data); });
    for (std::size_t i = 0; echoes && i < speakers; ++i)
        crowd[i]->on_event(
            [&, i](std::string_view message) { heard.hear(1 + i, for_browsers, message); });

    publishing all(loop, heard, std::move(publishers));
    all.run(wishes.seconds("seconds") / 10, wishes.number("window"));
    const auto events = [&] {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < speakers; ++i)
            sum += heard.heard_by_all(i);
        return sum;
    };
    const std::size_t before = events();
    const server_usage server = wishes.server();
    const measurement measured(server);
    all.run(wishes.seconds("seconds"), wishes.number("window"));
    measured.print(events() - before);
}
