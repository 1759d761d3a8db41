"""Whether what was built has been hardened: as KOSMONAUT_HARDENING says, or as a distribution's own flags do.

    hardening_test.py [--optimized] LIBRARY PROGRAM…
"""

import re
import subprocess
import sys


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True, text=True).stdout


def complaints(path, is_program, is_optimized):
    header, segments, dynamic = readelf("-h", path), readelf("-l", path), readelf("-d", path)
    symbols = set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))
    stack = re.search(r"^ *GNU_STACK .* (R\w*|RWE?) +0x", segments, re.M)
    for what, is_there in (
        ("position-independent", re.search(r"Type: +DYN", header)),
        ("a PIE", not is_program or re.search(r"FLAGS_1.*\bPIE\b", dynamic)),
        ("read-only after relocation", "GNU_RELRO" in segments),
        ("bound before it starts", re.search(r"\bBIND_NOW\b|FLAGS_1.*\bNOW\b", dynamic)),
        ("without code on its stack", stack and "E" not in stack[1]),
        ("protected by canaries", "__stack_chk_fail" in symbols),
        ("fortified", not is_optimized or
         any(name.endswith("_chk") and name != "__stack_chk_fail" for name in symbols)),
    ):
        if not is_there:
            yield f"{path} is not {what}"


def main(arguments):
    is_optimized = arguments[0] == "--optimized"
    library, *programs = arguments[1:] if is_optimized else arguments
    found = [complaint for path in (library, *programs)
             for complaint in complaints(path, path != library, is_optimized)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
