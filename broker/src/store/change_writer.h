// Carries out changes one after the other on a thread of its own, so that no loop waits for a disk:
// first in the store, then in the registry. Whoever asked is told when both is done.
#pragma once

#include "store/change.h"

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace webrocket {

class Store;

// The state that the store is a copy of. Called on the writer's thread alone.
class ChangeTarget {
  public:
    // What stands against the change; Outcome::done if nothing does. `opening` counts the channels
    // of its vhost that are about to be opened before it.
    virtual Outcome obstacle(const Change &change, std::size_t opening) const = 0;
    // `secret` is a new vhost's or a renewed access token.
    virtual void apply(const Change &change, const std::string &secret) = 0;
    // Of each change, made or not, before whoever asked is told.
    virtual void record(const Change &change, Outcome outcome) = 0;

  protected:
    ~ChangeTarget() = default;
};

// What is written or read beside the changes: dead letters, what groups note of themselves.
struct StoreWork {
    // Within a transaction, which it may share with others. A StoreError undoes it; it is called
    // once more then, alone, if it was not alone.
    std::function<void(Store &)> carry_out;
    // Whether it is stored. Both are called on the writer's thread.
    std::function<void(bool)> done;
};

class ChangeWriter {
  public:
    ChangeWriter(Store &store, ChangeTarget &target);
    // Carries out what was submitted before.
    ~ChangeWriter();
    ChangeWriter(const ChangeWriter &) = delete;
    ChangeWriter &operator=(const ChangeWriter &) = delete;

    // Any thread. `done` is called on the writer's thread.
    void submit(Change change, ChangeDone done);
    // Any thread. In its turn among the changes.
    void submit(StoreWork work);

    // What waits to be carried out.
    std::size_t backlog() const;

  private:
    struct Submission {
        Change change;
        ChangeDone done;
        StoreWork work; // without a change, where there is some
        std::string secret;
        Outcome outcome = Outcome::done;
        bool is_made = false; // or refused: that is the outcome
    };
    using Submissions = std::vector<Submission>;

    void add(Submission submission);
    void run();
    void carry_out(Submissions &submissions);
    void carry_out_together(Submission *first, Submission *last);
    static void give_up(Submissions &submissions, const std::exception &error) noexcept;
    static void give_up(Submission &submission) noexcept;
    void store_together(Submission *first, Submission *last);
    void work_together(Submission *first, Submission *last);
    bool does_work(Submission *first, Submission *last);

    Store &store_;
    ChangeTarget &target_;
    mutable std::mutex mutex_;
    std::condition_variable submitted_;
    Submissions submissions_;
    std::size_t in_progress_ = 0;
    bool ending_ = false;
    std::thread thread_;
};

} // namespace webrocket
