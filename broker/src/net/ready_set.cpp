#include "net/ready_set.h"

#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstddef>
#include <new>
#include <system_error>
#include <utility>

namespace webrocket {
namespace {

template <typename T, typename Memory>
struct Allocator {
    using value_type = T;

    explicit Allocator(Memory &of) : memory(&of) {}
    template <typename Other>
    Allocator(const Allocator<Other, Memory> &other) : memory(other.memory) {}
    template <typename Other>
    struct rebind {
        using other = Allocator<Other, Memory>;
    };

    T *allocate(std::size_t count) const {
        return static_cast<T *>(memory->take(count * sizeof(T)));
    }
    void deallocate(T *object, std::size_t) const { memory->give_back(object); }
    friend bool operator==(const Allocator &, const Allocator &) = default;

    Memory *memory;
};

int make_set() {
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0)
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return descriptor;
}

} // namespace

// For one call of the io_context's at a time.
class ReadySet::Memory {
  public:
    void *take(std::size_t size) {
        if (is_taken_ || size > bytes_.size())
            return ::operator new(size);
        is_taken_ = true;
        return bytes_.data();
    }
    void give_back(void *memory) noexcept {
        if (memory == bytes_.data())
            is_taken_ = false;
        else
            ::operator delete(memory);
    }

  private:
    static constexpr std::size_t enough = 512;
    alignas(std::max_align_t) std::array<std::byte, enough> bytes_;
    bool is_taken_ = false;
};

// Asio takes the memory that it needs from what it is to call, if that has some.
struct ReadySet::Call {
    using allocator_type = Allocator<void, Memory>;

    allocator_type get_allocator() const noexcept { return allocator_type(*memory); }
    void operator()() const { set.run(set.looks_again_); }
    void operator()(const boost::system::error_code &error) const {
        if (!error)
            set.run(set.waits_);
    }

    ReadySet &set;
    std::shared_ptr<Memory> memory;
};

ReadySet::ReadySet(boost::asio::io_context &io, std::function<void()> on_changes)
    : memory_of_wait_(std::make_shared<Memory>()), memory_of_look_(std::make_shared<Memory>()),
      io_(io), on_changes_(std::move(on_changes)), set_(io, make_set()) {
    wait();
}

void ReadySet::add(const Socket &socket, void *whose) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET;
    event.data.ptr = whose;
    if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket.descriptor(), &event) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

std::span<const epoll_event> ReadySet::changes() {
    const int count =
        ::epoll_wait(set_.native_handle(), changes_.data(), static_cast<int>(changes_.size()), 0);
    return {changes_.data(), count < 0 ? 0 : static_cast<std::size_t>(count)};
}

void ReadySet::wait() {
    if (std::exchange(waits_, true))
        return;
    set_.async_wait(boost::asio::posix::stream_descriptor::wait_read, Call{*this, memory_of_wait_});
}

void ReadySet::look_again() {
    if (std::exchange(looks_again_, true))
        return;
    boost::asio::post(io_, Call{*this, memory_of_look_});
}

void ReadySet::run(bool &is_wanted) {
    is_wanted = false;
    on_changes_();
}

} // namespace webrocket
