# What makes a mistake in memory harder to turn into more than a crash. A distribution that passes such flags of
# its own has the word: of a kind that is there already, or is there as -fno-…, nothing is added.
option(KOSMONAUT_HARDENING
  "Build with stack protectors, _FORTIFY_SOURCE, position-independent programs and read-only relocations" ON)

if(NOT KOSMONAUT_HARDENING)
  return()
endif()
include(CheckCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

function(kosmonaut_add_hardening kind flag)
  if("${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "${kind}")
    return()
  endif()
  string(MAKE_C_IDENTIFIER "kosmonaut_has${flag}" has)
  set(CMAKE_REQUIRED_FLAGS -Werror) # clang takes what is for another processor, with a warning each time
  check_compiler_flag(CXX ${flag} ${has})
  if(${has})
    set(kosmonaut_hardening ${kosmonaut_hardening} ${flag} PARENT_SCOPE)
  endif()
endfunction()

set(kosmonaut_hardening "")
kosmonaut_add_hardening(stack-protector -fstack-protector-strong)
kosmonaut_add_hardening(stack-clash -fstack-clash-protection)
kosmonaut_add_hardening(cf-protection -fcf-protection)                  # x86
kosmonaut_add_hardening(branch-protection -mbranch-protection=standard) # arm64
add_compile_options(${kosmonaut_hardening})

# The sanitizers watch the same functions, and without optimization the C library warns of it.
if(NOT KOSMONAUT_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "_FORTIFY_SOURCE")
  add_compile_options(
    "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
endif()

# In the flags, which stand before the -fPIC of what becomes a shared library: programs are not slowed by that.
check_pie_supported(LANGUAGES C CXX)
if(CMAKE_CXX_LINK_PIE_SUPPORTED)
  string(APPEND CMAKE_C_FLAGS " -fPIE")
  string(APPEND CMAKE_CXX_FLAGS " -fPIE")
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()

check_linker_flag(CXX "LINKER:-z,relro,-z,now" kosmonaut_has_relro)
if(kosmonaut_has_relro)
  add_link_options("LINKER:-z,relro,-z,now")
endif()
