#include "http/wiping_memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <malloc.h>

namespace kn {
namespace {

// The blocks are the C library's own: a program that gives one of them to free() does no harm.

void wipe_and_free(void *block) noexcept {
    if (block != nullptr)
        explicit_bzero(block, malloc_usable_size(block));
    std::free(block);
}

/// realloc() would leave a copy behind where it has to move a block.
void *grow_or_move(void *block, std::size_t size) noexcept {
    if (block == nullptr)
        return std::malloc(size);
    const std::size_t room = malloc_usable_size(block);
    if (size != 0 && size <= room && size >= room / 2)
        return block;
    void *const moved = std::malloc(size);
    if (moved == nullptr)
        return nullptr;
    std::memcpy(moved, block, std::min(size, room));
    wipe_and_free(block);
    return moved;
}

void *allocate(std::size_t size) noexcept { return std::malloc(size); }
void *allocate_zeroed(std::size_t count, std::size_t size) noexcept {
    return std::calloc(count, size);
}
char *duplicate(const char *text) noexcept { return strdup(text); }

} // namespace

CURLcode set_up_curl_to_wipe() noexcept {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, &allocate, &wipe_and_free, &grow_or_move,
                                &duplicate, &allocate_zeroed);
}

[[gnu::noinline]] void wipe_traces() noexcept {
    // Which registers memcpy() goes through depends on the processor and on the size; the same
    // sizes of zeros go through the same ones. The compiler is kept from knowing better.
    static void *(*const volatile copy)(void *, const void *, std::size_t) = &std::memcpy;
    constexpr std::size_t most_at_once = 512;
    std::array<char, 8 * 1024> dead_frames;
    explicit_bzero(dead_frames.data(), dead_frames.size());
    for (std::size_t size = most_at_once; size > 0; size /= 2)
        copy(dead_frames.data(), dead_frames.data() + most_at_once, size);
}

} // namespace kn
