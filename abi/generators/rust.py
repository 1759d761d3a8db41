"""Rust's declarations, laid out as rustfmt wants them."""

from .common import COLUMNS, DESTROY, HEAD, callbacks, handles

PATH = "examples/ffi/rust/src/sys.rs"

TYPES = {"kn_status": "kn_status", "int": "c_int", "int32_t": "i32", "int64_t": "i64", "size_t": "usize",
         "char": "c_char", "void": "c_void", DESTROY: "kn_destroy"}
NAMES = {"fn": "callback"}  # what is a word of the language

TEXT = """\
// {head}

//! The C declarations, one for one. `kosmonaut/*.h` says what each function does; everything here
//! is for the rest of the crate.

#![allow(non_camel_case_types, missing_docs)]

use std::marker::{{PhantomData, PhantomPinned}};
use std::os::raw::{{c_char, c_int, c_void}};

pub type kn_status = i32;

macro_rules! opaque {{
    ($($name:ident)*) => {{
        $(
            /// Known behind a pointer alone.
            #[repr(C)]
            pub struct $name {{
                _data: [u8; 0],
                _marker: PhantomData<(*mut u8, PhantomPinned)>,
            }}
        )*
    }};
}}

opaque! {{
{handles}
}}

{callbacks}
pub type kn_destroy = Option<unsafe extern "C" fn(*mut c_void)>;

#[link(name = "kosmonaut")]
extern "C" {{
{functions}
}}
"""


def rust(kind):
    """The type: `*const *mut` from the outside to the inside, where C has the reverse."""
    if kind in TYPES:
        return TYPES[kind]
    inner, star, _ = kind.rpartition("*")
    if not star:
        return kind
    if inner.startswith("const ") and "*" not in inner:
        return f"*const {rust(inner.removeprefix('const ').strip())}"
    return f"*mut {rust(inner.strip())}"


def callback(declaration):
    parameters = ", ".join(rust(p["type"]) for p in declaration["parameters"])
    return f'pub type {declaration["name"]} = Option<unsafe extern "C" fn({parameters})>;'


def function(declaration):
    returned = declaration["returns"]["type"]
    arrow = "" if returned == "void" else f" -> {rust(returned)}"
    parameters = [f"{NAMES.get(p['name'], p['name'])}: {rust(p['type'])}" for p in declaration["parameters"]]
    line = f"    pub fn {declaration['name']}({', '.join(parameters)}){arrow};"
    if len(line) <= COLUMNS:
        return line
    each = "".join(f"        {parameter},\n" for parameter in parameters)
    return f"    pub fn {declaration['name']}(\n{each}    ){arrow};"


def files(description):
    return {PATH: TEXT.format(
        head=HEAD, handles="\n".join(f"    {name}" for name in handles(description)),
        callbacks="\n".join(map(callback, callbacks(description))),
        functions="\n".join(map(function, description["functions"])))}
