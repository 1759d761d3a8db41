// A rival of the broker, on uWebSockets: whoever is connected is subscribed, what is posted to
// /publish is passed on as it is, and /accepted takes everything with 202. Nothing else: no
// channels, no permissions, no backends. In directories of github.com/uNetworking:
//
//   make -C uSockets
//   g++ -std=c++20 -O2 -DNDEBUG -DUWS_NO_ZLIB -IuWebSockets/src -IuSockets/src -o server
//     server.cpp uSockets/uSockets.a
//   UWEBSOCKETS_SERVER=$PWD/server bench/broker.py
#include <App.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

struct nothing {};

void accept(uWS::HttpResponse<false> &answer) { answer.writeStatus("202 Accepted")->end(); }

} // namespace

int main(int, char **arguments) {
    uWS::App app;
    app.ws<nothing>("/subscribe", {.maxBackpressure = 64 << 20,
                                   .open = [](auto *connection) { connection->subscribe("all"); }});
    app.post("/accepted", [](auto *answer, auto *) {
        answer->onAborted([] {});
        answer->onData([answer](std::string_view, bool last) {
            if (last)
                accept(*answer);
        });
    });
    app.post("/publish", [&app](auto *answer, auto *) {
        answer->onAborted([] {});
        answer->onData(
            [&app, answer, body = std::string()](std::string_view bytes, bool last) mutable {
                body.append(bytes);
                if (!last)
                    return;
                app.publish("all", body, uWS::OpCode::TEXT);
                accept(*answer);
            });
    });
    app.listen("127.0.0.1", std::atoi(arguments[1]), [](auto *socket) {
        if (socket == nullptr)
            std::exit(1);
        std::cout << "listening" << std::endl;
    });
    app.run();
}
