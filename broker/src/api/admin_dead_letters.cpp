#include "api/admin_dead_letters.h"

#include "api/admin_answers.h"
#include "api/dead_letter_requeue.h"
#include "base/json.h"
#include "http/uri.h"
#include "store/group_store.h"
#include "store/store.h"

#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace webrocket::admin {
namespace {

// Of the records of one page.
constexpr std::uint64_t page_bytes_max = std::uint64_t{4} << 20;

constexpr std::string_view requeue_name = "requeue";

// The lines of a record that are data, as an EventSource would put them together.
std::string data_of(std::string_view record) {
    constexpr std::string_view field = "data: ";
    std::string data;
    while (!record.empty()) {
        const auto end = std::min(record.find('\n'), record.size());
        const auto line = record.substr(0, end);
        if (line.starts_with(field))
            data.append(data.empty() ? "" : "\n").append(line.substr(field.size()));
        record.remove_prefix(std::min(end + 1, record.size()));
    }
    return data;
}

// JSON as it is; whatever else somebody has put into the storage, as a text.
std::string data_json(std::string_view record) {
    std::string data = data_of(record);
    return scan_json_object(data) ? data : json_string(data);
}

std::string id_of(const StoredDeadLetter &letter) {
    return fmt::format("{}-{}", letter.epoch, letter.sequence);
}

std::string letter_entry(const StoredDeadLetter &letter, bool with_payload) {
    std::string entry = fmt::format(R"({{"id":{},"topic":{})", json_string(id_of(letter)),
                                    json_string(letter.topic));
    if (with_payload)
        entry += fmt::format(R"(,"data":{})", data_json(letter.record));
    entry += fmt::format(R"(,"attempt":{},"reason":{},"time":{},"given_up":{})", letter.attempt,
                         json_string(letter.reason), letter.time_ms, letter.dead_ms);
    if (!letter.ref.empty())
        entry += fmt::format(R"(,"ref":{})", json_string(letter.ref));
    return entry + "}";
}

struct Page {
    std::vector<StoredDeadLetter> letters;
    bool is_last = true;
};

// As many as it may have, and a look at whether there are more.
Page read_page(GroupStore &store, std::uint32_t group, std::uint64_t after, std::size_t limit) {
    Page page;
    page.letters = store.dead_letters(group, after, limit, page_bytes_max);
    if (!page.letters.empty())
        page.is_last = store.dead_letters(group, page.letters.back().place, 1, 1).empty();
    return page;
}

std::string page_document(const Page &page, bool with_payloads) {
    return fmt::format(
        R"({{"dead_letters":{},"next":{}}})",
        array(page.letters,
              [with_payloads](const auto &letter) { return letter_entry(letter, with_payloads); }),
        page.is_last ? "null" : fmt::format("\"{}\"", page.letters.back().place));
}

HttpResponse no_letter() { return error(404, "dead letter doesn't exist"); }

// What a thing of the storage's thread came to, to be told.
struct Told {
    std::shared_ptr<Group> group;
    Author author;
    std::string asked;
    Answer answer;
};

std::string subject(const Group &group, const std::string &letter) {
    return fmt::format("{} of group {} of {}", letter, group.name(), group.vhost());
}

void record(const Told &told, const std::string &letter, std::string_view deed) {
    record_deed(fmt::format("{} {}", subject(*told.group, letter), deed), told.author,
                {log_field("vhost", told.group->vhost()), log_field("group", told.group->name())});
}

void fail(const Told &told, HttpResponse response) {
    record_failed_change(told.asked, told.author, response.status);
    told.answer(std::move(response));
}

} // namespace

std::optional<HttpReply> DeadLetterResources::refusal_of_route(std::string_view method,
                                                               const Target &target) {
    const auto &rest = target.rest;
    const bool is_requeue = !rest.empty() && rest.back() == requeue_name;
    if (rest.size() > (is_requeue ? 2U : 1U))
        return at_once(no_page());
    if (is_requeue && method != "POST")
        return at_once(wrong_method("POST"));
    if (!is_requeue && !reads(method) && method != "DELETE")
        return at_once(wrong_method("GET, HEAD, DELETE"));
    return std::nullopt;
}

HttpReply DeadLetterResources::answer(const HttpRequest &request, const Target &target,
                                      std::shared_ptr<Group> group) {
    if (request.method == "POST")
        return requeue(request, target, group);
    if (target.rest.empty())
        return reads(request.method) ? list(target, group) : remove_all(request, group);
    return reads(request.method) ? show(target, group) : remove_one(request, target, group);
}

HttpReply DeadLetterResources::list(const Target &target, const std::shared_ptr<Group> &group) {
    const auto parameters = query_parameters(target.query);
    if (!parameters)
        return at_once(error(400, "query is malformed"));
    const auto limit = page_limit(parameter(*parameters, "limit"));
    if (!limit)
        return at_once(error(400, limit_complaint));
    std::uint64_t after = 0;
    if (const auto &text = parameter(*parameters, "after"); !text.empty()) {
        const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), after);
        if (problem != std::errc() || stop != text.data() + text.size() || after > INT64_MAX)
            return at_once(error(400, "after is not the next of a page"));
    }
    HttpReply reply;
    reply.later = [this, group, after, limit = *limit,
                   with_payloads = target.shows_payloads](const Answer &answer) {
        const auto page = std::make_shared<Page>();
        registry_.store({[page, group, after, limit](Store &store) {
                             *page = read_page(store.groups(), group->number(), after, limit);
                         },
                         [page, with_payloads, answer](bool is_read) {
                             answer(is_read ? json(200, page_document(*page, with_payloads))
                                            : refusal(Outcome::not_stored));
                         }});
    };
    return reply;
}

HttpReply DeadLetterResources::show(const Target &target, const std::shared_ptr<Group> &group) {
    const auto id = EventId::parse(target.rest.front());
    if (!id)
        return at_once(no_letter());
    HttpReply reply;
    reply.later = [this, group, id = *id,
                   with_payload = target.shows_payloads](const Answer &answer) {
        const auto found = std::make_shared<std::optional<StoredDeadLetter>>();
        registry_.store(
            {[found, group, id](Store &store) {
                 *found = store.groups().find_dead_letter(group->number(), id.epoch, id.sequence);
             },
             [found, with_payload, answer](bool is_read) {
                 if (!is_read)
                     answer(refusal(Outcome::not_stored));
                 else if (!*found)
                     answer(no_letter());
                 else
                     answer(json(200, fmt::format(R"({{"dead_letter":{}}})",
                                                  letter_entry(**found, with_payload))));
             }});
    };
    return reply;
}

HttpReply DeadLetterResources::remove_one(const HttpRequest &request, const Target &target,
                                          const std::shared_ptr<Group> &group) {
    const auto id = EventId::parse(target.rest.front());
    if (!id)
        return at_once(no_letter());
    HttpReply reply;
    reply.later = [this, group, id = *id, author = author_of(request),
                   asked = request_summary(request)](const Answer &answer) {
        const auto was_there = std::make_shared<bool>(false);
        registry_.store(
            {[was_there, group, id](Store &store) {
                 auto &groups = store.groups();
                 const auto number = group->number();
                 const auto found = groups.find_dead_letter(number, id.epoch, id.sequence);
                 *was_there = found && groups.remove_dead_letter(number, found->place);
             },
             [was_there, told = Told{group, author, asked, answer}, id](bool is_stored) {
                 if (!is_stored)
                     return fail(told, refusal(Outcome::not_stored));
                 if (!*was_there)
                     return fail(told, no_letter());
                 told.group->forget_dead_letters(1);
                 record(told, "dead letter " + id.text(), "deleted");
                 told.answer(json(202));
             }});
    };
    return reply;
}

HttpReply DeadLetterResources::remove_all(const HttpRequest &request,
                                          const std::shared_ptr<Group> &group) {
    HttpReply reply;
    reply.later = [this, group, author = author_of(request),
                   asked = request_summary(request)](const Answer &answer) {
        const auto count = std::make_shared<std::size_t>(0);
        registry_.store({[count, group](Store &store) {
                             *count = store.groups().remove_dead_letters(group->number());
                         },
                         [count, told = Told{group, author, asked, answer}](bool is_stored) {
                             if (!is_stored)
                                 return fail(told, refusal(Outcome::not_stored));
                             told.group->forget_dead_letters(*count);
                             record(told, fmt::format("{} dead letters", *count), "deleted");
                             told.answer(json(202, fmt::format(R"({{"deleted":{}}})", *count)));
                         }});
    };
    return reply;
}

HttpReply DeadLetterResources::requeue(const HttpRequest &request, const Target &target,
                                       const std::shared_ptr<Group> &group) {
    std::optional<EventId> id;
    if (target.rest.size() > 1) {
        id = EventId::parse(target.rest.front());
        if (!id)
            return at_once(no_letter());
    }
    HttpReply reply;
    reply.later = [this, group, id, author = author_of(request),
                   asked = request_summary(request)](const Answer &answer) {
        const auto finish = [id, told = Told{group, author, asked, answer}](
                                const DeadLetterRequeue::Result &result) {
            using End = DeadLetterRequeue::End;
            if (result.requeued > 0)
                record(told,
                       id ? "dead letter " + id->text()
                          : fmt::format("{} dead letters", result.requeued),
                       "requeued");
            if (result.end == End::done && id && result.requeued == 0)
                return fail(told, no_letter());
            if (result.end == End::done)
                return told.answer(json(202, fmt::format(R"({{"requeued":{}}})", result.requeued)));
            fail(told, result.end == End::not_stored
                           ? refusal(Outcome::not_stored)
                           : error(503, fmt::format("group {} takes no more events now: {} were "
                                                    "requeued, the others stay dead letters",
                                                    told.group->name(), result.requeued)));
        };
        std::make_shared<DeadLetterRequeue>(registry_, group, id, finish)->begin();
    };
    return reply;
}

} // namespace webrocket::admin
