#include "client/batch_call.h"

#include <chrono>
#include <utility>
#include <vector>

#include "backend/answer_failure.h"
#include "client/answers.h"
#include "client/call.h"
#include "client/result.h"

namespace kn {
namespace {

// A server may be upgraded under a client that never goes.
constexpr std::chrono::minutes ask_again_after{10};

std::int64_t now_in_seconds() noexcept {
    using std::chrono::seconds;
    return std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// An answer to the resource itself, not to what was asked of it.
bool says_unknown_resource(const Answer &received) {
    if (received.http_status == 405 || received.http_status == 501)
        return true;
    constexpr int vhost_not_found = 455;
    return received.http_status == 404 && read_server_error(received.body).code != vhost_not_found;
}

/// What a batch's result says as a whole: its first failure.
void sum_up(kn_result &result) noexcept {
    for (const kn_result::Item &item : result.items) {
        if (item.status < 0) {
            result.whole.fail(item.error->why);
            return;
        }
    }
}

} // namespace

bool BatchSupport::is_worth_a_try() const noexcept {
    const std::int64_t since = missing_since_s_.load(std::memory_order_relaxed);
    return since == never ||
           now_in_seconds() - since >= std::chrono::seconds(ask_again_after).count();
}

void BatchSupport::found_missing() noexcept {
    missing_since_s_.store(now_in_seconds(), std::memory_order_relaxed);
}

BatchCall::BatchCall(const Endpoint &where, const kn_batch &batch, BatchSupport &support)
    : where_(where), batch_(batch), support_(support),
      manner_(support.is_worth_a_try() ? Manner::whole : Manner::one_by_one) {
    if (batch_.size() == 0)
        throw Failure(KN_EINVAL, "the batch is empty");
    if (manner_ == Manner::whole)
        request_ = {.verb = operations::trigger_batch.verb,
                    .path = where_.vhost + "/events",
                    .body = batch_.body()};
    else
        aim_at_next();
}

void BatchCall::aim_at_next() {
    request_ = trigger_request(where_, batch_.channel(next_), batch_.members(next_));
}

bool BatchCall::take(const Answer &received, kn_result &result) {
    if (manner_ == Manner::one_by_one)
        return take_one(received, result);
    if (says_unknown_resource(received)) {
        support_.found_missing();
        manner_ = Manner::one_by_one;
        aim_at_next();
        return true;
    }
    return take_whole(received, result);
}

bool BatchCall::take_whole(const Answer &received, kn_result &result) {
    require_success(where_, subject(), received);
    const std::vector<ItemAnswer> answers = read_item_answers(received.body, batch_.size());
    std::vector<kn_result::Item> items(answers.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const ItemAnswer &one = answers[i];
        if (one.status != operations::trigger.success)
            items[i].fail(answer_failure(where_, {operations::trigger, batch_.channel(i)},
                                         one.status, one.error));
    }
    result.items = std::move(items);
    sum_up(result);
    return false;
}

bool BatchCall::take_one(const Answer &received, kn_result &result) {
    if (result.items.empty())
        result.items.resize(batch_.size());
    try {
        require_success(where_, subject(), received);
    } catch (const Failure &why) {
        result.items[next_].fail(why);
    }
    if (++next_ < batch_.size()) {
        aim_at_next();
        return true;
    }
    sum_up(result);
    return false;
}

OperationOn BatchCall::subject() const noexcept {
    if (manner_ == Manner::whole)
        return {operations::trigger_batch, {}};
    return {operations::trigger, batch_.channel(next_)};
}

bool BatchCall::settle(const Failure &why, kn_result &result) noexcept {
    // What came before it has a status of its own, which the caller has to hear.
    if (manner_ == Manner::whole || next_ == 0)
        return false;
    for (std::size_t i = next_; i < batch_.size(); ++i)
        result.items[i].fail(why);
    sum_up(result);
    return true;
}

} // namespace kn
