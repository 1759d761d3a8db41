"""Go's way to calls that are handed in: a handle of runtime/cgo in place of the three for a callback."""

from .common import HEAD, c_declared, filled

PATH = "examples/ffi/go/bridge_async.h"

TEXT = """\
/* {head}
 *
 * The calls that are handed in, with a handle of runtime/cgo for the function that hears of the
 * end. */
#ifndef KOSMONAUT_GO_BRIDGE_ASYNC_H
#define KOSMONAUT_GO_BRIDGE_ASYNC_H

#include <stdint.h>

#include <kosmonaut/kosmonaut.h>

/* In bridge.c. */
void kn_go_on_completion(const kn_result *result, void *handle);
void kn_go_on_destroy(void *handle);

{functions}

#endif
"""

COMPLETION = {"fn": "kn_go_on_completion", "user_data": "(void *)handle", "destroy": "kn_go_on_destroy"}


def takes_completion(function):
    return any(p["type"] == "kn_completion" for p in function["parameters"])


def listed(begin, items, end):
    """Further lines begin below the first item, as clang-format has them."""
    return filled(begin, items, end, " " * len(begin))


def function(declaration):
    parameters = declaration["parameters"]
    own = [c_declared(p["type"], p["name"]) for p in parameters if p["name"] not in COMPLETION]
    own.insert(len(own) - 1, "uintptr_t handle")
    given = [COMPLETION.get(p["name"], p["name"]) for p in parameters]
    name = declaration["name"].replace("kn_client_", "kn_go_")
    return (listed(f"static inline kn_status {name}(", own, ") {") + "\n" +
            listed(f"    return {declaration['name']}(", given, ");") + "\n}")


def files(description):
    functions = [function(f) for f in description["functions"] if takes_completion(f)]
    return {PATH: TEXT.format(head=HEAD, functions="\n\n".join(functions))}
