// What each operation makes of each answer that is not the one hoped for, and in which words.
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "backend/answer_failure.h"

namespace {

namespace operations = kn::operations;

constexpr std::size_t operation_count = 8;
using Statuses = std::array<kn_status, operation_count>;

constexpr std::array<const kn::Operation *, operation_count> rows{
    &operations::open_channel,  &operations::close_channel, &operations::trigger,
    &operations::trigger_batch, &operations::request_token, &operations::subscribers,
    &operations::subscribe,     &operations::channels};

Statuses all(kn_status status) {
    Statuses same{};
    same.fill(status);
    return same;
}

struct Answered {
    long http_status;
    std::int32_t code; // the server's own number, which says more; 0: none

    bool operator<(const Answered &other) const {
        return std::tie(http_status, code) < std::tie(other.http_status, other.code);
    }
};

constexpr std::int32_t bad_channel = 451;
constexpr std::int32_t no_channel = 454;
constexpr std::int32_t no_vhost = 455;
constexpr std::array<std::int32_t, 4> codes{0, bad_channel, no_channel, no_vhost};

/// Where the code counts, or the operation.
const std::map<Answered, Statuses> particular{
    {{400, 0},
     {KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST,
      KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST}},
    {{400, bad_channel},
     {KN_EBADCHANNEL, KN_EBADCHANNEL, KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST,
      KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST}},
    {{400, no_channel},
     {KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST,
      KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST}},
    {{400, no_vhost},
     {KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST,
      KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST}},
    {{404, 0},
     {KN_ENOVHOST, KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOVHOST, KN_ENOVHOST, KN_EPROTOCOL,
      KN_ENOVHOST, KN_EPROTOCOL}},
    {{404, bad_channel},
     {KN_ENOVHOST, KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOVHOST, KN_ENOVHOST, KN_EPROTOCOL,
      KN_ENOVHOST, KN_EPROTOCOL}},
    {{404, no_channel},
     {KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOVHOST, KN_ENOVHOST, KN_ENOCHANNEL,
      KN_ENOVHOST, KN_EPROTOCOL}},
    {{404, no_vhost}, all(KN_ENOVHOST)}};

/// Where neither does.
const std::map<long, kn_status> general{
    {100, KN_EPROTOCOL},    {200, KN_EPROTOCOL},   {202, KN_EPROTOCOL},     {204, KN_EPROTOCOL},
    {302, KN_EPROTOCOL},    {399, KN_EPROTOCOL},   {401, KN_EUNAUTHORIZED}, {402, KN_EBADREQUEST},
    {403, KN_EFORBIDDEN},   {405, KN_EBADREQUEST}, {408, KN_EBADREQUEST},   {409, KN_ECONFLICT},
    {413, KN_ETOOBIG},      {418, KN_EBADREQUEST}, {429, KN_ERATELIMIT},    {499, KN_EBADREQUEST},
    {500, KN_ESERVER},      {501, KN_ESERVER},     {502, KN_EUNAVAILABLE},  {503, KN_EUNAVAILABLE},
    {504, KN_EUNAVAILABLE}, {505, KN_ESERVER},     {599, KN_ESERVER},       {600, KN_EPROTOCOL}};

const kn::Endpoint &moon() {
    static const kn::Endpoint where = kn::Endpoint::parse("http://wr:token@127.0.0.1:8080/moon");
    return where;
}

kn::Failure failure_of(std::size_t which, const Answered &by) {
    return kn::answer_failure(moon(), {*rows[which], "room"}, by.http_status,
                              kn::ServerError{"", by.code}, -1);
}

void expect_statuses(const Answered &by, const Statuses &expected) {
    for (std::size_t i = 0; i < operation_count; ++i)
        EXPECT_EQ(failure_of(i, by).status(), expected[i])
            << "operation " << i << ", " << by.http_status << "/" << by.code;
}

TEST(answer_failure, means_what_the_operation_makes_of_it) {
    for (const auto &[by, expected] : particular)
        expect_statuses(by, expected);
}

TEST(answer_failure, means_mostly_the_same_to_all) {
    for (const auto &[http_status, expected] : general)
        for (const std::int32_t code : codes)
            expect_statuses({http_status, code}, all(expected));
}

TEST(answer_failure, keeps_what_the_server_said) {
    const kn::Failure why = kn::answer_failure(moon(), {operations::trigger, "room"}, 429,
                                               R"({"error":"too fast","code":461})", 1500);
    EXPECT_EQ(why.http_status, 429);
    EXPECT_EQ(why.server_code, 461);
    EXPECT_EQ(why.retry_after_ms, 1500);
    EXPECT_NE(why.message().find("(HTTP 429: too fast)"), std::string::npos) << why.message();
}

TEST(answer_failure, says_what_was_asked_for) {
    constexpr std::array<const char *, operation_count> words{
        "opening the channel 'room' of ",
        "closing the channel 'room' of ",
        "triggering an event on the channel 'room' of ",
        "triggering a batch of events on ",
        "asking for a token for ",
        "asking who is on the channel 'room' of ",
        "listening to the events of ",
        "asking for the channels of "};
    for (std::size_t i = 0; i < operation_count; ++i) {
        const bool names_channel = std::string(words[i]).find("room") != std::string::npos;
        kn::Failure why(KN_ETIMEOUT, "no answer");
        kn::name_subject(why, moon(), {*rows[i], names_channel ? "room" : ""});
        EXPECT_EQ(why.message(),
                  std::string("no answer, while ") + words[i] + "http://127.0.0.1:8080/moon");
    }
}

} // namespace
