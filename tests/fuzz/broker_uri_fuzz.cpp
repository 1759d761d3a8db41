// Request targets: paths and queries, cut and decoded, mean the same when they are put together
// again; a path that is clean stays as it is; names that are let through are names.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/pattern.h"
#include "expect.hpp"
#include "http/uri.h"
#include "hub/names.h"

namespace {

std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 0x0f];
    }
    return out;
}

void expect_path(std::string_view path) {
    const std::string clean = webrocket::clean_path(path);
    expect(clean.starts_with('/') && webrocket::clean_path(clean) == clean);
    expect(clean.find("//") == std::string::npos && clean.find("/./") == std::string::npos &&
           clean.find("/../") == std::string::npos);
    const auto segments = webrocket::path_segments(path);
    if (!segments)
        return;
    expect(webrocket::has_sound_escapes(path));
    std::string again;
    for (const std::string &segment : *segments) {
        expect(!segment.empty());
        again += '/' + escaped(segment);
    }
    expect(webrocket::path_segments(again.empty() ? "/" : again) == segments);
    const std::string joined = webrocket::join_segments(*segments, segments->size());
    if (webrocket::is_valid_vhost_path(joined)) {
        expect(joined.starts_with('/') && !joined.ends_with('/') &&
               webrocket::clean_path(joined) == joined);
        expect(std::all_of(joined.begin(), joined.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '/' || c == '-' || c == '_';
        }));
        static_cast<void>(webrocket::is_reserved_vhost_path(joined));
    }
    for (const std::string &segment : *segments) {
        if (webrocket::is_valid_channel_name(segment)) {
            expect(segment.find_first_of(std::string_view("/\"\\\r\n\0", 6)) == std::string::npos);
            static_cast<void>(webrocket::channel_type(segment));
        }
    }
}

void expect_query(std::string_view query) {
    const auto parameters = webrocket::query_parameters(query);
    expect(parameters.has_value() == webrocket::has_sound_escapes(query) ||
           !parameters.has_value());
    if (!parameters)
        return;
    std::string again;
    for (const auto &[name, value] : *parameters)
        again += (again.empty() ? "" : "&") + escaped(name) + '=' + escaped(value);
    if (!parameters->empty())
        expect(webrocket::query_parameters(again) == parameters);
    const auto filter = parameters->find("filter");
    if (filter != parameters->end() && filter->second.size() < 100) {
        const auto pattern = webrocket::Pattern::compile(filter->second);
        if (pattern)
            static_cast<void>(pattern->matches("greetings/hello"));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    // A copy of its own, so that whoever reads past its end is found out.
    const std::string copy(reinterpret_cast<const char *>(data), size);
    const webrocket::RequestTarget target = webrocket::split_target(copy);
    expect(target.path.find_first_of("?#") == std::string_view::npos);
    expect(target.query.find('#') == std::string_view::npos);
    expect_path(target.path);
    expect_query(target.query);
    return 0;
}
