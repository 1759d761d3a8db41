# One step of the consumer tests; see CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(expect_equal what expected)
  if(NOT "${ARGN}" STREQUAL expected)
    message(FATAL_ERROR "${what} is '${ARGN}' and not '${expected}'")
  endif()
endfunction()

function(build_and_test source)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/${source} -B ${WORK}/${source} -G Ninja
    -D CMAKE_BUILD_TYPE=Release
    -D CMAKE_C_COMPILER=${CC} -D CMAKE_CXX_COMPILER=${CXX}
    ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK}/${source})
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/${source} -R "^(c|cpp)$" --output-on-failure --no-tests=error)
endfunction()

# --- By CMake's package ---

function(expect_not_found)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/not_found -B ${WORK}/not_found -G Ninja
    -D CMAKE_C_COMPILER=${CC} -D CMAKE_PREFIX_PATH=${PREFIX} "-DNO_SUCH_THING=${ARGN}")
endfunction()

function(use_cmake_package)
  build_and_test(find_package -D CMAKE_PREFIX_PATH=${PREFIX})
  # For those who write nothing but C, there is no C++ compiler either.
  build_and_test(find_package_in_c -D CMAKE_PREFIX_PATH=${PREFIX})
  expect_not_found("2")
  expect_not_found("1 COMPONENTS fortran")
endfunction()

# --- By pkg-config ---

# What it says, as a list.
function(pkg_config result)
  execute_process(COMMAND pkg-config ${ARGN}
    OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "${output}")
  separate_arguments(output UNIX_COMMAND "${output}")
  set(${result} ${output} PARENT_SCOPE)
endfunction()

# Further arguments go to pkg-config.
function(use_pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${LIBRARIES}/pkgconfig)
  if("--static" IN_LIST ARGN)
    # Debian's libcurl names libraries here that its -dev package does not bring along.
    pkg_config(curl_libs --static --libs libcurl)
    file(WRITE ${WORK}/empty.c "int main(void) { return 0; }\n")
    execute_process(COMMAND ${CC} ${WORK}/empty.c -o ${WORK}/empty ${curl_libs}
      RESULT_VARIABLE failed ERROR_VARIABLE why)
    if(failed)
      message("SKIP: what libcurl names for static linking is not installed here\n${why}")
      return()
    endif()
  endif()
  pkg_config(c_flags --cflags ${ARGN} kosmonaut)
  pkg_config(c_libs --libs ${ARGN} kosmonaut)
  pkg_config(cpp_flags --cflags ${ARGN} kosmonaut-cpp)
  pkg_config(cpp_libs --libs ${ARGN} kosmonaut-cpp)
  if(STATIC_LIBRARY)
    list(TRANSFORM c_libs REPLACE "^-lkosmonaut$" "-l:libkosmonaut.a")
    list(TRANSFORM cpp_libs REPLACE "^-lkosmonaut$" "-l:libkosmonaut.a")
  else()
    set(ENV{LD_LIBRARY_PATH} ${LIBRARIES})
  endif()
  set(programs ${CMAKE_CURRENT_LIST_DIR}/programs)
  set(strict -Wall -Wextra -pedantic -Werror)
  run(${CC} -std=c99 ${strict} ${c_flags} ${programs}/program.c -o ${WORK}/program-c ${c_libs})
  run(${CXX} -std=c++17 ${strict} ${cpp_flags} ${programs}/program.cpp -o ${WORK}/program-cpp ${cpp_libs})
  run(${WORK}/program-c)
  run(${WORK}/program-cpp)
endfunction()

# The shared library's needs are its own: its users are not to be linked to them.
function(expect_private_needs)
  set(ENV{PKG_CONFIG_PATH} ${LIBRARIES}/pkgconfig)
  pkg_config(libs --libs kosmonaut)
  list(FILTER libs EXCLUDE REGEX ^-L)
  expect_equal("what the shared library's users link" "-lkosmonaut" ${libs})
  pkg_config(private --print-requires-private kosmonaut)
  list(FILTER private INCLUDE REGEX "^[a-z]")
  expect_equal("Requires.private" "libcurl;jansson" ${private})
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
if(NOT LIBRARIES)
  set(LIBRARIES ${PREFIX}/${LIBDIR})
endif()

if(STEP STREQUAL "install")
  # Installed in one place and moved to another: nothing in it may remember the first.
  file(REMOVE_RECURSE ${PREFIX})
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
  file(RENAME ${WORK}/prefix ${PREFIX})
elseif(STEP STREQUAL "add_subdirectory")
  file(REMOVE_RECURSE ${PREFIX})
  build_and_test(add_subdirectory -D BUILD_SHARED_LIBS=OFF -D CMAKE_CXX_FLAGS_RELEASE=-O0
    -D CMAKE_INSTALL_LIBDIR=${LIBDIR})
  run(${CMAKE_COMMAND} --install ${WORK}/add_subdirectory --prefix ${PREFIX})
elseif(STEP STREQUAL "destdir")
  # As a package is made: what is to be in / is below another directory for now, and is used from there.
  set(prefix ${WORK}/opt/kosmonaut)
  set(ENV{DESTDIR} ${WORK}/stage)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
  set(ENV{DESTDIR})
  if(EXISTS ${WORK}/opt)
    message(FATAL_ERROR "something was installed outside of DESTDIR")
  endif()
  set(PREFIX ${WORK}/stage${prefix})
  set(LIBRARIES ${PREFIX}/${LIBDIR})
  use_pkg_config()
  use_cmake_package()
elseif(STEP STREQUAL "absolute-libdir")
  # As some distributions have it: libraries that lie nowhere near the prefix. They go through DESTDIR,
  # too, and are moved to where they said they would be.
  set(PREFIX ${WORK}/usr)
  set(LIBRARIES ${WORK}/libraries)
  build_and_test(add_subdirectory -D BUILD_SHARED_LIBS=ON -D CMAKE_CXX_FLAGS_RELEASE=-O0
    -D CMAKE_INSTALL_LIBDIR=${LIBRARIES} -D CMAKE_INSTALL_PREFIX=${PREFIX})
  set(ENV{DESTDIR} ${WORK}/stage)
  run(${CMAKE_COMMAND} --install ${WORK}/add_subdirectory)
  set(ENV{DESTDIR})
  file(RENAME ${WORK}/stage${PREFIX} ${PREFIX})
  file(RENAME ${WORK}/stage${LIBRARIES} ${LIBRARIES})
  use_pkg_config()
  expect_private_needs()
  set(PREFIX ${LIBRARIES}/cmake)
  use_cmake_package()
elseif(STEP STREQUAL "both-kinds")
  # As packaging.md tells distributions: the shared installation, with the static library put beside.
  file(COPY ${PREFIX}/ DESTINATION ${WORK}/prefix)
  file(COPY ${STATIC_PREFIX}/${LIBDIR}/libkosmonaut.a DESTINATION ${WORK}/prefix/${LIBDIR})
  set(LIBRARIES ${WORK}/prefix/${LIBDIR})
  set(STATIC_LIBRARY ON)
  use_pkg_config(--static)
elseif(STEP STREQUAL "wslay-by-pkg-config")
  file(WRITE ${WORK}/pkgconfig/libwslay.pc "Name: wslay\nDescription: wslay\nVersion: 1.1\nLibs: -lwslay\n")
  set(ENV{PKG_CONFIG_PATH} ${WORK}/pkgconfig)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/dependencies -B ${WORK}/build -G Ninja
    -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_DISABLE_FIND_PACKAGE_wslay=ON)
elseif(STEP STREQUAL "own-flags")
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/flags -B ${WORK}/build -G Ninja
    -D CMAKE_C_COMPILER=${CC} -D CMAKE_CXX_COMPILER=${CXX}
    "-DCMAKE_CXX_FLAGS=-fno-stack-protector -fstack-clash-protection -U_FORTIFY_SOURCE")
elseif(STEP STREQUAL "find_package")
  use_cmake_package()
elseif(STEP STREQUAL "pkg-config")
  use_pkg_config(${PKG_CONFIG_FLAGS})
  if(NOT EXISTS ${LIBRARIES}/libkosmonaut.a)
    expect_private_needs()
  endif()
else()
  message(FATAL_ERROR "no step '${STEP}'")
endif()
