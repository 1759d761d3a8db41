#pragma once

#include "participant.hpp"

const dialect &webrocket_dialect();
const dialect &nchan_dialect();
const dialect &nats_dialect();
const dialect &socketio_dialect();
