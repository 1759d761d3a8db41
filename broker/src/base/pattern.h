// Regular expressions from outside. RE2 matches in linear time; here its size is bounded as well.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace re2 {
class RE2;
}

namespace webrocket {

inline constexpr std::size_t pattern_length_max = 4096;

// Matches whole texts only, whatever the expression says.
class Pattern {
  public:
    // Null when the text is no regular expression or too costly a one.
    static std::shared_ptr<const Pattern> compile(std::string_view text);

    ~Pattern();
    Pattern(const Pattern &) = delete;
    Pattern &operator=(const Pattern &) = delete;

    bool matches(std::string_view subject) const;

  private:
    explicit Pattern(std::unique_ptr<re2::RE2> expression);
    std::unique_ptr<re2::RE2> expression_;
};

// The most recently used expressions; any thread may ask. A compiled one weighs kilobytes, so a
// session keeps only the text of its permission and asks here when it needs a match.
class PatternCache {
  public:
    explicit PatternCache(std::size_t capacity = 256) : capacity_(capacity) {}

    bool matches(const std::string &pattern, std::string_view subject);

  private:
    struct Entry {
        std::string text;
        std::shared_ptr<const Pattern> pattern;
    };
    std::shared_ptr<const Pattern> find(const std::string &pattern);
    std::shared_ptr<const Pattern> find_known(const std::string &pattern);
    void remember(const std::string &pattern, const std::shared_ptr<const Pattern> &compiled);

    const std::size_t capacity_;
    std::mutex mutex_;
    std::list<Entry> recent_;
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
};

} // namespace webrocket
