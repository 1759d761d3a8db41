// File descriptors: how many the process may have, and how many connections they carry.
#pragma once

#include <cstddef>

namespace webrocket {

// As far as the system lets the process: every connection is one, and the limit that a shell gives
// is for programs that use select().
void raise_descriptor_limit();

std::size_t descriptor_limit();

// Connections of the port of browsers and backends, with enough left for the admin port, storage
// and loops: an operator has to get in above all when all others are.
std::size_t connections_carried(std::size_t descriptors, std::size_t loops);

// Of the admin port at most, or whoever comes there could take all of them.
std::size_t admin_connections_carried(std::size_t descriptors);

} // namespace webrocket
