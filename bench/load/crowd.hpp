#pragma once

#include "participant.hpp"

#include <memory>
#include <vector>

/// That many participants, all of them ready. Only some knock at once: a server's backlog is short.
std::vector<std::unique_ptr<participant>> gather_crowd(poller &loop, const dialect &language,
                                                       int port, std::size_t count,
                                                       const role &as = {});
