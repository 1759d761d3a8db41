// One epoll set: waits, hands readiness on, and writes what was queued in one turn with the next.
#pragma once

#include <cstddef>
#include <vector>

class connection;

class poller {
  public:
    poller();
    ~poller();
    poller(const poller &) = delete;
    poller &operator=(const poller &) = delete;

    void add(int descriptor, connection &who);
    void want_room(int descriptor, connection &who, bool is_wanted);
    void flush_later(connection &who) { to_flush_.push_back(&who); }

    /// Writes what was queued since the last one, waits for input, and deals with all of it. Throws
    /// when nothing has come for a time in which everything should have.
    void turn();

    /// One for all connections: what a read brings is dealt with before the next one.
    std::vector<char> &read_buffer() { return read_buffer_; }

  private:
    void flush();

    int descriptor_;
    std::vector<char> read_buffer_;
    std::vector<connection *> to_flush_;
};
