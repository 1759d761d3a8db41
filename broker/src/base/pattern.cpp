#include "base/pattern.h"

#include "base/pattern_complaint.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace webrocket {
namespace {

constexpr std::size_t pattern_memory_max = 1 << 20;

std::unique_ptr<re2::RE2> expression_of(std::string_view text) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(pattern_memory_max);
    return std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
}

} // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> expression) : expression_(std::move(expression)) {}
Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> Pattern::compile(std::string_view text) {
    if (text.size() > pattern_length_max)
        return nullptr;
    auto expression = expression_of(text);
    if (!expression->ok())
        return nullptr;
    return std::shared_ptr<const Pattern>(new Pattern(std::move(expression)));
}

std::string pattern_complaint(std::string_view text) {
    if (text.size() > pattern_length_max)
        return fmt::format("is longer than {} bytes", pattern_length_max);
    switch (expression_of(text)->error_code()) {
    case re2::RE2::ErrorPatternTooLarge:
        return fmt::format("takes more than {} KiB of memory", pattern_memory_max / 1024);
    case re2::RE2::ErrorRepeatSize:
        return "repeats something more than 1000 times";
    default:
        return "is not a regular expression";
    }
}

bool Pattern::matches(std::string_view subject) const {
    return re2::RE2::FullMatch(re2::StringPiece(subject.data(), subject.size()), *expression_);
}

bool PatternCache::matches(const std::string &pattern, std::string_view subject) {
    const auto compiled = find(pattern);
    return compiled && compiled->matches(subject);
}

std::shared_ptr<const Pattern> PatternCache::find(const std::string &pattern) {
    if (auto known = find_known(pattern))
        return known;
    auto compiled = Pattern::compile(pattern);
    if (compiled)
        remember(pattern, compiled);
    return compiled;
}

std::shared_ptr<const Pattern> PatternCache::find_known(const std::string &pattern) {
    const std::lock_guard lock(mutex_);
    const auto known = by_text_.find(pattern);
    if (known == by_text_.end())
        return nullptr;
    recent_.splice(recent_.begin(), recent_, known->second);
    return known->second->pattern;
}

void PatternCache::remember(const std::string &pattern,
                            const std::shared_ptr<const Pattern> &compiled) {
    const std::lock_guard lock(mutex_);
    if (by_text_.contains(pattern))
        return;
    if (recent_.size() == capacity_) {
        by_text_.erase(recent_.back().text);
        recent_.pop_back();
    }
    recent_.push_front({pattern, compiled});
    by_text_.emplace(recent_.front().text, recent_.begin());
}

} // namespace webrocket
