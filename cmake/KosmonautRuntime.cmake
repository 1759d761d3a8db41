# kosmonaut_runtime: what the C++ compiler links by itself and a C compiler does not, for those who link the
# static library: the C++ runtime, whichever it is.
set(kosmonaut_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM kosmonaut_runtime ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES kosmonaut_runtime)
list(FILTER kosmonaut_runtime EXCLUDE REGEX "^-")
list(TRANSFORM kosmonaut_runtime PREPEND "-l")
