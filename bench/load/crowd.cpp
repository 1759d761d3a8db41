#include "crowd.hpp"

std::vector<std::unique_ptr<participant>>
gather_crowd(poller &loop, const dialect &language, int port, std::size_t count, const role &as) {
    constexpr std::size_t at_once = 128;
    std::vector<std::unique_ptr<participant>> crowd;
    for (std::size_t ready = 0; ready < count;) {
        while (crowd.size() < count && crowd.size() < ready + at_once)
            crowd.push_back(language.join(loop, port, as));
        while (ready < crowd.size() && crowd[ready]->is_ready())
            ++ready;
        if (ready < count && (crowd.size() == count || crowd.size() == ready + at_once))
            loop.turn();
    }
    return crowd;
}
