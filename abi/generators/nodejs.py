"""Node's declarations for koffi."""

from .common import (COLUMNS, DESTROY, HEAD, by_header, c_declared, c_parameters, callbacks, filled,
                     handles, is_output)

PATH = "bindings/node/lib/declarations.js"

TEXT = """\
// {head}

export const HANDLES = [
{handles}
];

export const CALLBACKS = [
{callbacks}
  'void kn_destroy(void *user_data)',
];

// Text that the caller owns (`char **`) and payloads are `void *` here: koffi would make a string
// of them and forget the pointer, or stop at the first NUL.
export const FUNCTIONS = [
{functions}
];
"""


def koffi(value, types_of_callbacks):
    """The type of a parameter or a result."""
    kind = value["type"]
    if kind == DESTROY:
        return "kn_destroy *"
    if kind in types_of_callbacks:
        return kind + " *"
    if value.get("payload"):
        return "const void *"
    kind = kind.replace("char *", "void *") if kind in ("char *", "char **") else kind
    return "_Out_ " + kind if is_output(kind) else kind


def prototype(function, types_of_callbacks):
    begin = c_declared(koffi(function["returns"], types_of_callbacks), function["name"]) + "("
    return begin, [c_declared(koffi(p, types_of_callbacks), p["name"]) for p in function["parameters"]]


def quoted(begin, parameters):
    line = f"  '{begin}{', '.join(parameters)})',"
    return line if len(line) <= COLUMNS else filled(f"  `{begin}", parameters, ")`,", "    ")


def files(description):
    names = {c["name"] for c in description["callbacks"]}
    groups = ["\n".join(quoted(*prototype(f, names)) for f in functions)
              for _, functions in by_header(description["functions"])]
    made = [quoted(f"void {c['name']}(", c_parameters(c)) for c in callbacks(description)]
    listed = filled("  ", [f"'{name}'" for name in handles(description)], ",", "  ")
    return {PATH: TEXT.format(head=HEAD, handles=listed, callbacks="\n".join(made), functions="\n\n".join(groups))}
