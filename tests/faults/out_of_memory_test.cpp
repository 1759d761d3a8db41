// Every public function without memory: its first allocation fails, then in another run its second,
// and so on until it asks for no more. Each time a status comes back, the handle works afterwards,
// and nothing is left behind.
#include <atomic>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <kosmonaut/kosmonaut.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "failing_allocations.hpp"
#include "fault_server.hpp"
#include "group.hpp"
#include "out_of_memory.hpp"

namespace faults {
namespace {

/// Answers like a broker, on as many connections as come.
script good_server() {
    return [](conversation &with) {
        for (;;) {
            const request what = with.receive();
            // Every second answer about that channel.
            static std::atomic<bool> is_lost{false};
            if (what.target == "/vhost/channels/lost" && !is_lost.exchange(true)) {
                with.reset();
                return;
            }
            is_lost = false;
            if (what.target == "/vhost/events" && what.method == "POST") {
                with.send(whole_answer(200, {}, R"({"results":[{"status":202},{"status":202}]})"));
            } else if (what.method == "POST" && what.target.starts_with("/vhost/events/")) {
                with.send(taken_answer());
            } else if (what.target.find("&ack=explicit") != std::string::npos) {
                with.send(group_stream_head() + "retry: 1\n" +
                          record_of({.tag = 1, .id = "", .more = "ref: p.1\ntime: 5\n"}));
                with.stall();
            } else if (what.target.compare(0, 13, "/vhost/events") == 0) {
                with.send(
                    stream_head() +
                    "retry: 1\nid: 1\nevent: chat/said\ndata: {\"uid\":\"u\",\"sid\":\"s\"}\n\n");
                with.stall();
            } else if (what.target.compare(0, 12, "/vhost/token") == 0) {
                with.send(whole_answer(200, {}, R"({"token":"t"})"));
            } else if (const std::string_view page = page_at(what.target); !page.empty()) {
                with.send(whole_answer(200, {}, page));
            } else {
                with.send(whole_answer(202));
            }
        }
    };
}

std::vector<scenario> all_scenarios() {
    std::vector<scenario> all;
    for (const auto some : {scenarios_of_options(), scenarios_of_clients(), scenarios_of_workers()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

class out_of_memory : public testing::TestWithParam<scenario> {
  protected:
    out_of_memory() { server_url() = server_.url(); }

    fault_server server_{{good_server()}};
};

TEST_P(out_of_memory, is_a_status_and_nothing_is_lost) {
    GetParam().prepare()->attempt(); // what a process makes once is made now
    bool has_struck = true;
    for (std::size_t nth = 1; has_struck; ++nth) {
        SCOPED_TRACE("allocation " + std::to_string(nth));
        kn_status status = KN_OK;
        bool tells_the_same = true;
        std::string complaint;
        const allocation_ledger ledger;
        const std::size_t before = allocation_ledger::outstanding();
        {
            const std::unique_ptr<subject> one = GetParam().prepare();
            {
                const failing_allocation failing(nth);
                status = one->attempt();
                has_struck = failing.has_struck();
            }
            tells_the_same = one->tells_the_same();
            complaint = one->verify();
        }
        const bool is_empty = complaint.empty();
        EXPECT_TRUE(is_empty) << complaint;
        complaint = std::string();
        EXPECT_EQ(allocation_ledger::outstanding(), before);
        EXPECT_TRUE(tells_the_same);
        EXPECT_TRUE(status == KN_OK || status == KN_INTERRUPTED ||
                    (has_struck && is_want_of_memory(status)))
            << kn_status_name(status);
        if (HasFailure())
            return;
    }
}

INSTANTIATE_TEST_SUITE_P(every, out_of_memory, testing::ValuesIn(all_scenarios()),
                         [](const auto &generated) { return std::string(generated.param.name); });

TEST(out_of_memory_scenarios, have_every_public_function) {
    std::set<std::string> covered;
    for (const scenario &s : all_scenarios())
        covered.insert(s.functions.begin(), s.functions.end());
    std::ifstream symbols(KN_SYMBOLS);
    ASSERT_TRUE(symbols) << KN_SYMBOLS;
    for (std::string line; std::getline(symbols, line);) {
        if (line.starts_with('#'))
            continue;
        const std::string name = line.substr(0, line.find('@'));
        EXPECT_EQ(covered.count(name), 1U) << name;
    }
}

} // namespace
} // namespace faults
