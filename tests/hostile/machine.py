"""Cores and priorities, so that a figure is one of the broker and not of whatever else this machine does.

The broker has a core of its own, the attacker the other one. The browsers that measure are on the
attacker's core, where they come first: what they wait for is the broker. Where the system allows it,
the broker and the browsers that measure come before everything else on the machine as well. What
remains (a hypervisor that is elsewhere, a kernel that gives everybody a turn) the metronome hears, see
metronome.py.
"""

import os

CORES = sorted(os.sched_getaffinity(0))
BROKER_CORE = {CORES[0]}
OTHER_CORE = {CORES[-1]}

URGENT = 20  # of SCHED_FIFO


def _come_first(pid, priority=URGENT):
    try:
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(priority))
        return True
    except PermissionError:
        return False


def place_broker(pid):
    """With all its threads; those to come inherit it. Returns whether it comes before others."""
    first = False
    for thread in map(int, os.listdir(f"/proc/{pid}/task")):
        os.sched_setaffinity(thread, BROKER_CORE)
        first = _come_first(thread)
    return first


def place_beside(pid):
    """On the broker's core, after it."""
    os.sched_setaffinity(pid, BROKER_CORE)


def place_metronome():
    """Beside the broker, and before it."""
    os.sched_setaffinity(0, BROKER_CORE)
    return _come_first(0, URGENT + 1)


def place_witness():
    os.sched_setaffinity(0, OTHER_CORE)
    return _come_first(0)


def place_attacker():
    os.sched_setaffinity(0, OTHER_CORE)
