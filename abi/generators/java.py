"""Java's declarations for JNA."""

from .common import COLUMNS, DESTROY, HEAD, callbacks, camel, filled, is_output

PATH = "examples/ffi/java/src/org/kosmonaut/Kn.java"

TYPES = {"void": "void", "kn_status": "int", "int": "int", "int32_t": "int", "int64_t": "long",
         "size_t": "SizeT", "size_t *": "SizeT.ByReference", "const char *": "String", DESTROY: "Destroy"}

TEXT = """\
// {head}

package org.kosmonaut;

import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.kosmonaut.CTypes.SizeT;

/**
 * The C declarations, one for one. {{@code kosmonaut/*.h}} says what each function does; everything
 * here is for the rest of the package.
 */
final class Kn {{
    private Kn() {{}}

    static {{
        // Of the ABI that these declarations are for. Texts are UTF-8, whatever the platform's is.
        Native.register(Kn.class, NativeLibrary.getInstance("{library}",
                Map.of(Library.OPTION_STRING_ENCODING, StandardCharsets.UTF_8.name())));
    }}

{callbacks}

    interface Destroy extends Callback {{
        void invoke(Pointer userData);
    }}

{functions}
}}
"""

CALLBACK = """\
    interface {name} extends Callback {{
        void invoke({parameters});
    }}"""


class Types:
    def __init__(self, description):
        self.of_callbacks = {c["name"]: camel(c["name"]) for c in description["callbacks"]}

    def of_parameter(self, parameter):
        kind = parameter["type"]
        if parameter.get("payload"):
            return "byte[]"
        if kind in self.of_callbacks:
            return self.of_callbacks[kind]
        if kind in TYPES:
            return TYPES[kind]
        return "PointerByReference" if is_output(kind) else "Pointer"

    def from_c(self, value):
        """Of what C gives: a result, or a callback's parameter. A text stays where it is."""
        return "Pointer" if "*" in value["type"] else TYPES[value["type"]]


def variable(name):
    """`userData` of `user_data`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def callback(declaration, types):
    parameters = ", ".join(f"{types.from_c(p)} {variable(p['name'])}" for p in declaration["parameters"])
    return CALLBACK.format(name=camel(declaration["name"]), parameters=parameters)


def function(declaration, types):
    begin = f"    static native {types.from_c(declaration['returns'])} {declaration['name']}("
    parameters = [f"{types.of_parameter(p)} {variable(p['name'])}" for p in declaration["parameters"]]
    line = f"{begin}{', '.join(parameters)});"
    return line if len(line) <= COLUMNS else begin + "\n" + filled(" " * 12, parameters, ");", " " * 12)


def files(description):
    types = Types(description)
    return {PATH: TEXT.format(
        head=HEAD, library=description["library"],
        callbacks="\n\n".join(callback(c, types) for c in callbacks(description)),
        functions="\n".join(function(f, types) for f in description["functions"]))}
