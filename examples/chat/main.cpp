// A chat whose every line passes through this program: a worker hears it, a client tells everybody.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST chat-backend --addr 127.0.0.1:8000
// Then open http://127.0.0.1:8000/ in two browsers. README.md says what happens.
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <kosmonaut/kosmonaut.hpp>

#include "json.hpp"
#include "room.hpp"
#include "visitors.hpp"
#include "web.hpp"

namespace {

struct arguments {
    std::string url;
    std::string address = "127.0.0.1:0";
    std::string ready_file;
    std::string broker_url;
    std::string page_directory = CHAT_PAGE_DIRECTORY;
};

constexpr const char *usage =
    "usage: chat-backend [--addr HOST:PORT] [--ready-file FILE] [--broker-url WS_URL]\n"
    "                    [--page DIRECTORY]\n"
    "\n"
    "  VHOST_URL     in the environment, for everybody may read a command line: the vhost with "
    "its\n"
    "                token, http://wr:TOKEN@HOST:PORT/VHOST\n"
    "  --addr        where this program's own web server listens (default 127.0.0.1:0, any port)\n"
    "  --ready-file  written when visitors may come: {\"addr\":\"HOST:PORT\"}\n"
    "  --broker-url  where browsers find the broker, if not where VHOST_URL says: "
    "ws://HOST:PORT/VHOST\n"
    "  --page        the directory with the page\n";

bool read(int argc, char **argv, arguments &read) {
    if (const char *url = std::getenv("VHOST_URL")) {
        read.url = url;
    }
    for (int i = 1; i < argc; i += 2) {
        const std::string_view name = argv[i];
        if (i + 1 == argc) {
            return false;
        }
        if (name == "--addr") {
            read.address = argv[i + 1];
        } else if (name == "--ready-file") {
            read.ready_file = argv[i + 1];
        } else if (name == "--broker-url") {
            read.broker_url = argv[i + 1];
        } else if (name == "--page") {
            read.page_directory = argv[i + 1];
        } else {
            return false;
        }
    }
    const bool names_broker = read.broker_url.empty() || read.broker_url.rfind("ws://", 0) == 0 ||
                              read.broker_url.rfind("wss://", 0) == 0;
    return !read.url.empty() && names_broker;
}

// The vhost's address as browsers need it: without the token, which is for backends alone. The
// client has accepted the URL before, so it is of the form that the library takes.
std::string for_browsers(const std::string &vhost_url) {
    const std::size_t scheme_end = vhost_url.find("://");
    std::string scheme = vhost_url.substr(0, scheme_end);
    for (char &letter : scheme) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    const std::size_t path = vhost_url.find('/', scheme_end + 3);
    std::string host = vhost_url.substr(scheme_end + 3, path - scheme_end - 3);
    host = host.substr(host.rfind('@') + 1); // what stands before it is secret
    const bool has_port = host.rfind(':') != std::string::npos && host.back() != ']';
    if (!has_port && scheme == "wr") {
        host += ":8080";
    } else if (!has_port && scheme == "wrs") {
        host += ":8443";
    }
    const bool is_safe = scheme == "https" || scheme == "wrs";
    return (is_safe ? "wss://" : "ws://") + host + vhost_url.substr(path);
}

// Whoever waits for the file never finds half of it.
void write_whole(const std::string &path, const std::string &text) {
    const std::string draft = path + ".tmp";
    std::ofstream file(draft);
    file << text << '\n';
    file.close();
    if (!file || std::rename(draft.c_str(), path.c_str()) != 0) {
        throw std::runtime_error("cannot write " + path);
    }
}

chat::room *stopped_by_signals = nullptr;

// Ctrl-C and SIGTERM stop the room while this lives; no signal may find a room that is gone.
struct signals {
    explicit signals(chat::room &room) {
        stopped_by_signals = &room;
        handle([](int) { stopped_by_signals->stop(); });
    }
    signals(const signals &) = delete;
    signals &operator=(const signals &) = delete;
    ~signals() { handle(SIG_DFL); }

    static void handle(void (*handler)(int)) {
        std::signal(SIGINT, handler);
        std::signal(SIGTERM, handler);
    }
};

} // namespace

int main(int argc, char **argv) {
    arguments arguments;
    if (!read(argc, argv, arguments)) {
        std::cerr << usage;
        return 2;
    }
    try {
        chat::visitors visitors;
        chat::room room(arguments.url, visitors);
        const signals signals(room);

        if (room.open()) {
            chat::web::settings settings;
            settings.page_directory = arguments.page_directory;
            settings.broker_url =
                arguments.broker_url.empty() ? for_browsers(arguments.url) : arguments.broker_url;
            settings.token_for = [&room](const chat::visitor &who) { return room.token_for(who); };
            const chat::web web(arguments.address, settings, visitors);

            chat::log("chat", "http://" + web.address() + "/");
            if (!arguments.ready_file.empty()) {
                write_whole(arguments.ready_file, chat::object({{"addr", web.address()}}));
            }
            room.run();
        }
        chat::log("chat", "bye");
        return EXIT_SUCCESS;
    } catch (const kosmonaut::error &error) {
        std::cerr << "chat-backend: " << name(error.status()) << ": " << error.what() << '\n';
    } catch (const std::exception &error) {
        std::cerr << "chat-backend: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
