// What it takes to look at a payload, by the library's own readers and by jansson: bench_json
// ROUNDS prints a line for each, in nanoseconds of processor time.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "processor_time.hpp"
#include "json/decode.h"
#include "json/json_parts.h"
#include "json/plain_object.h"

namespace {

// Whether it is an object at all, as every payload that is triggered is asked.

bool is_object_by_scan(std::string_view payload) { return kn::is_plain_object(payload); }

bool is_object_by_jansson(std::string_view payload) {
    return kn::decode_object(payload) != nullptr;
}

// Who has sent it, as a worker may ask of an event.

bool has_sender_by_parts(std::string_view payload) {
    const auto members = kn::member_values(payload, {"uid", "sid"});
    return members && kn::string_text(members->at(0)) && kn::string_text(members->at(1));
}

bool has_sender_by_jansson(std::string_view payload) {
    const kn::JsonPtr object = kn::decode_object(payload);
    return kn::text_member(object.get(), "uid") && kn::text_member(object.get(), "sid");
}

double nanoseconds(bool (*look)(std::string_view), const std::string &payload, long rounds) {
    const double before = own_cpu_seconds();
    for (long i = 0; i < rounds; ++i)
        if (!look(payload))
            std::exit(1);
    return (own_cpu_seconds() - before) * 1e9 / static_cast<double>(rounds);
}

std::string payload_with(std::size_t size) {
    return R"({"sid":"0a3b1c2d-0000-4000-8000-000000000000","uid":"alice","text":")" +
           std::string(size, 'x') + "\"}";
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    const long rounds = std::atol(argv[1]);
    for (const std::size_t size : {10UL, 110UL, 4000UL}) {
        const std::string payload = payload_with(size);
        std::printf("{\"bytes\": %zu, \"scan\": %.1f, \"jansson\": %.1f, \"sender_parts\": %.1f, "
                    "\"sender_jansson\": %.1f}\n",
                    payload.size(), nanoseconds(&is_object_by_scan, payload, rounds),
                    nanoseconds(&is_object_by_jansson, payload, rounds),
                    nanoseconds(&has_sender_by_parts, payload, rounds),
                    nanoseconds(&has_sender_by_jansson, payload, rounds));
    }
}
