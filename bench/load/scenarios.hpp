// What can be measured. Each prints its figures as one line of JSON.
#pragma once

#include "settings.hpp"

/// Messages from a few to many.
void measure_fan_out(const settings &wishes);
/// Memory of connections on which nothing happens.
void measure_idle(const settings &wishes);
/// Requests that publish to nobody.
void measure_posts(const settings &wishes);
/// Events from a few browsers to one worker.
void measure_worker(const settings &wishes);
/// The way from a browser to the backend and back.
void measure_round_trips(const settings &wishes);
