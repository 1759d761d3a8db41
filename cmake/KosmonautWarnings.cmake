# Every target of the project links this, privately: none of it reaches a user of the library.
add_library(kosmonaut_warnings INTERFACE)
target_compile_options(kosmonaut_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<BOOL:${KOSMONAUT_WERROR}>:-Werror>)
