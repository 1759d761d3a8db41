#include "http/uri.h"

#include "base/hex.h"

#include <algorithm>
#include <utility>

namespace webrocket {
namespace {

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    const bool has_escapes = text.find('%') != std::string_view::npos;
    const bool has_spaces = plus_is_space && text.find('+') != std::string_view::npos;
    if (!has_escapes && !has_spaces)
        return std::string(text);
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (text.size() - i < 3)
                return std::nullopt;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0)
                return std::nullopt;
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

// What follows `http://` and the like; nothing when the target does not start so.
std::optional<std::string_view> after_scheme(std::string_view target) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto end = std::find_if_not(target.begin(), target.end(), is_letter);
    const auto length = static_cast<std::size_t>(end - target.begin());
    target.remove_prefix(length);
    if (length == 0 || !target.starts_with("://"))
        return std::nullopt;
    return target.substr(3);
}

} // namespace

RequestTarget split_target(std::string_view target) {
    // The absolute form that proxies use: only its path matters here.
    if (const auto authority = after_scheme(target)) {
        const auto path = authority->find('/');
        target = path == std::string_view::npos ? std::string_view("/") : authority->substr(path);
    }
    target = target.substr(0, target.find('#'));
    const auto mark = target.find('?');
    if (mark == std::string_view::npos)
        return {target, {}};
    return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    if (!path.starts_with('/'))
        return std::nullopt;
    std::vector<std::string> segments;
    constexpr std::size_t usual = 4;
    segments.reserve(usual);
    path.remove_prefix(1);
    while (!path.empty()) {
        const auto slash = path.find('/');
        auto segment = percent_decode(path.substr(0, slash), false);
        if (!segment || segment->empty())
            return std::nullopt;
        segments.push_back(std::move(*segment));
        if (slash == std::string_view::npos)
            return segments;
        path.remove_prefix(slash + 1);
        if (path.empty())
            return std::nullopt;
    }
    return segments;
}

std::string join_segments(const std::vector<std::string> &segments, std::size_t count) {
    std::string path;
    for (std::size_t i = 0; i < count; ++i)
        path.append(1, '/').append(segments[i]);
    return path;
}

bool has_sound_escapes(std::string_view text) { return percent_decode(text, false).has_value(); }

std::optional<QueryParameters> query_parameters(std::string_view query) {
    QueryParameters parameters;
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos
                         ? std::string()
                         : percent_decode(pair.substr(equals + 1), true);
        if (!name || !value)
            return std::nullopt;
        parameters.emplace(std::move(*name), std::move(*value));
    }
    return parameters;
}

const std::string &parameter(const QueryParameters &parameters, std::string_view name) {
    static const std::string absent;
    const auto found = parameters.find(name);
    return found == parameters.end() ? absent : found->second;
}

std::string clean_path(std::string_view path) {
    std::vector<std::string_view> kept;
    std::string_view rest = path;
    while (!rest.empty()) {
        const auto slash = rest.find('/');
        const auto segment = rest.substr(0, slash);
        rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
        if (segment == ".." && !kept.empty())
            kept.pop_back();
        else if (!segment.empty() && segment != "." && segment != "..")
            kept.push_back(segment);
    }
    std::string out;
    for (const auto segment : kept)
        out.append(1, '/').append(segment);
    if (out.empty() || path.ends_with('/'))
        out.push_back('/');
    return out;
}

} // namespace webrocket
