#include "failing_allocations.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <link.h>

extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_calloc(std::size_t count, std::size_t size);
void *__libc_realloc(void *block, std::size_t size);
void __libc_free(void *block);
}

namespace faults {
namespace {

// Everything here is plain data, which is there before the first constructor allocates.

struct span {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

/// Where the code is whose allocations count. operator new is libstdc++'s.
constexpr std::array<const char *, 4> names = {"/libkosmonaut.so", "/libcurl.so", "/libjansson.so",
                                               "/libstdc++.so"};
std::array<span, 8> counted;
std::size_t counted_size = 0;

int note_spans(dl_phdr_info *object, std::size_t, void *) {
    for (const char *name : names) {
        if (std::strstr(object->dlpi_name, name) == nullptr)
            continue;
        for (int i = 0; i < object->dlpi_phnum && counted_size < counted.size(); ++i) {
            const ElfW(Phdr) &segment = object->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0)
                continue;
            const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
            counted[counted_size++] = {begin, begin + segment.p_memsz};
        }
    }
    return 0;
}

bool is_counted(const void *caller) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(caller);
    for (std::size_t i = 0; i < counted_size; ++i)
        if (at >= counted[i].begin && at < counted[i].end)
            return true;
    return false;
}

/// A set of pointers in memory of its own.
class pointer_set {
  public:
    void add(void *pointer) noexcept {
        const guard held(lock_);
        std::size_t at = place(pointer);
        while (slots_[at] != nullptr && slots_[at] != gone())
            at = (at + 1) % slots_.size();
        slots_[at] = pointer;
        ++size_;
    }
    void remove(void *pointer) noexcept {
        if (size_.load() == 0)
            return;
        const guard held(lock_);
        for (std::size_t at = place(pointer); slots_[at] != nullptr;
             at = (at + 1) % slots_.size()) {
            if (slots_[at] != pointer)
                continue;
            slots_[at] = gone();
            if (--size_ == 0)
                slots_.fill(nullptr);
            return;
        }
    }
    std::size_t size() const noexcept { return size_.load(); }

  private:
    struct guard {
        explicit guard(std::atomic_flag &lock) : held(lock) {
            while (held.test_and_set(std::memory_order_acquire)) {
            }
        }
        ~guard() { held.clear(std::memory_order_release); }
        std::atomic_flag &held;
    };

    static void *gone() noexcept { return reinterpret_cast<void *>(std::uintptr_t{1}); }
    std::size_t place(void *pointer) const noexcept {
        return (reinterpret_cast<std::uintptr_t>(pointer) >> 4) % slots_.size();
    }

    std::array<void *, 1U << 16> slots_{};
    std::atomic<std::size_t> size_{0};
    std::atomic_flag lock_ = ATOMIC_FLAG_INIT;
};

constinit pointer_set remembered;

struct thread_state {
    bool is_armed = false;
    bool is_remembering = false;
    std::size_t nth = 0;
    std::size_t count = 0;
};
constinit thread_local thread_state here;

bool fails(const void *caller) noexcept {
    if (!here.is_armed || !is_counted(caller))
        return false;
    if (++here.count != here.nth)
        return false;
    errno = ENOMEM;
    return true;
}

void *noted(void *block, const void *caller) noexcept {
    if (block != nullptr && here.is_remembering && is_counted(caller))
        remembered.add(block);
    return block;
}

} // namespace

failing_allocation::failing_allocation(std::size_t nth) : nth_(nth) {
    here.nth = nth;
    here.count = 0;
    here.is_armed = true;
}

failing_allocation::~failing_allocation() { here.is_armed = false; }

std::size_t failing_allocation::count() const noexcept { return here.count; }

allocation_ledger::allocation_ledger() {
    if (counted_size == 0)
        dl_iterate_phdr(&note_spans, nullptr);
    here.is_remembering = true;
}

allocation_ledger::~allocation_ledger() { here.is_remembering = false; }

std::size_t allocation_ledger::outstanding() noexcept { return remembered.size(); }

} // namespace faults

extern "C" {

void *malloc(std::size_t size) {
    const void *caller = __builtin_return_address(0);
    return faults::fails(caller) ? nullptr : faults::noted(__libc_malloc(size), caller);
}

void *calloc(std::size_t count, std::size_t size) {
    const void *caller = __builtin_return_address(0);
    return faults::fails(caller) ? nullptr : faults::noted(__libc_calloc(count, size), caller);
}

void *realloc(void *block, std::size_t size) {
    const void *caller = __builtin_return_address(0);
    if (faults::fails(caller))
        return nullptr;
    faults::remembered.remove(block);
    void *moved = __libc_realloc(block, size);
    return faults::noted(moved != nullptr || size == 0 ? moved : block, caller) == moved ? moved
                                                                                         : nullptr;
}

char *strdup(const char *text) {
    const void *caller = __builtin_return_address(0);
    if (faults::fails(caller))
        return nullptr;
    const std::size_t size = std::strlen(text) + 1;
    void *copy = faults::noted(__libc_malloc(size), caller);
    return copy != nullptr ? static_cast<char *>(std::memcpy(copy, text, size)) : nullptr;
}

void free(void *block) {
    if (block != nullptr)
        faults::remembered.remove(block);
    __libc_free(block);
}

} // extern "C"
