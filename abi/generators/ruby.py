"""Ruby's declarations for Fiddle."""

from .common import HEAD, NUMBERS, filled

PATH = "bindings/ruby/lib/kosmonaut/declarations.rb"

TEXT = """\
# frozen_string_literal: true

# {head}

module Kosmonaut
  module Native
    # Functions that may wait, take a lock for long, or run a callback: other Ruby threads go on
    # meanwhile. (A callback takes Ruby's lock, so it must not be held when one may come.)
    WAITING = {{
{waiting}
    }}.freeze

    # Functions that return at once and call nobody back.
    QUICK = {{
{quick}
    }}.freeze
  end
end
"""


def symbol(kind):
    if kind == "void" or kind in NUMBERS:
        return ":" + kind.removeprefix("kn_").removesuffix("_t")
    return ":pointer"


def may_wait(function):
    """Of a client and a worker, all but what reads the object, wakes it or tells its figures."""
    parameters = function["parameters"]
    first = parameters[0]["type"] if parameters else ""
    is_getter = first.startswith("const kn_") or function["name"].endswith("_stats")
    is_about_them = function["name"].startswith(("kn_client_", "kn_worker_"))
    return is_about_them and not is_getter and not function["name"].endswith("_interrupt")


def rows(functions):
    lines = []
    for function in sorted(functions, key=lambda f: f["name"]):
        kinds = [function["returns"]["type"], *(p["type"] for p in function["parameters"])]
        begin = f"      {function['name']}: ["
        lines.append(filled(begin, [symbol(kind) for kind in kinds], "]", " " * len(begin)))
    return ",\n".join(lines)


def files(description):
    functions = description["functions"]
    return {PATH: TEXT.format(head=HEAD, waiting=rows(f for f in functions if may_wait(f)),
                              quick=rows(f for f in functions if not may_wait(f)))}
