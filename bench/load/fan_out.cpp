#include "crowd.hpp"
#include "measurement.hpp"
#include "publishing.hpp"
#include "scenarios.hpp"

void measure_fan_out(const settings &wishes) {
    const dialect &language = wishes.language();
    const std::size_t listeners = wishes.number("subscribers");
    const std::size_t speakers = wishes.number("publishers");
    const bool posts = wishes.text("target", "") != "";

    poller loop;
    const auto crowd = gather_crowd(loop, language, wishes.port(), listeners);
    audience heard(listeners, speakers);
    std::vector<std::unique_ptr<publisher>> publishers;
    std::vector<numbered_text> texts;
    for (std::size_t i = 0; i < speakers; ++i) {
        // Who speaks over WebSocket is one of the listeners, too.
        publishers.push_back(posts ? posting(loop, wishes.address("target"), language.posted())
                                   : speaking(*crowd[i]));
        texts.push_back(posts ? language.heard_of_posted() : crowd[i]->heard());
    }
    for (std::size_t i = 0; i < listeners; ++i)
        crowd[i]->on_event([&, i](std::string_view message) { heard.hear(i, texts, message); });

    publishing all(loop, heard, std::move(publishers));
    all.warm_up();
    const std::size_t before = heard.deliveries();
    const server_usage server = wishes.server();
    const measurement measured(server);
    all.run(wishes.seconds("seconds"), wishes.number("window"));
    measured.print(heard.deliveries() - before);
}
