# One step of the consumer tests; see CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(build_and_test source)
  run(${CMAKE_COMMAND} -S ${source} -B ${WORK} -G Ninja
    -D CMAKE_BUILD_TYPE=Release
    -D CMAKE_C_COMPILER=${CC} -D CMAKE_CXX_COMPILER=${CXX}
    -D CMAKE_INSTALL_LIBDIR=${LIBDIR}
    ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK})
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK} -R "^(c|cpp)$" --output-on-failure --no-tests=error)
endfunction()

# What pkg-config says, as a list.
function(pkg_config result)
  set(ENV{PKG_CONFIG_PATH} ${PREFIX}/${LIBDIR}/pkgconfig)
  execute_process(COMMAND pkg-config ${ARGN}
    OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "${output}")
  separate_arguments(output UNIX_COMMAND "${output}")
  set(${result} ${output} PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

if(STEP STREQUAL "install")
  # Installed in one place and moved to another: nothing in it may remember the first.
  file(REMOVE_RECURSE ${PREFIX})
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
  file(RENAME ${WORK}/prefix ${PREFIX})
elseif(STEP STREQUAL "add_subdirectory")
  file(REMOVE_RECURSE ${PREFIX})
  build_and_test(${CMAKE_CURRENT_LIST_DIR}/add_subdirectory)
  run(${CMAKE_COMMAND} --install ${WORK} --prefix ${PREFIX})
elseif(STEP STREQUAL "find_package")
  build_and_test(${CMAKE_CURRENT_LIST_DIR}/find_package -D CMAKE_PREFIX_PATH=${PREFIX})
elseif(STEP STREQUAL "pkg-config")
  if(PKG_CONFIG_FLAGS STREQUAL "--static")
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
  pkg_config(c_flags --cflags ${PKG_CONFIG_FLAGS} kosmonaut)
  pkg_config(c_libs --libs ${PKG_CONFIG_FLAGS} kosmonaut)
  pkg_config(cpp_flags --cflags ${PKG_CONFIG_FLAGS} kosmonaut-cpp)
  pkg_config(cpp_libs --libs ${PKG_CONFIG_FLAGS} kosmonaut-cpp)
  set(programs ${CMAKE_CURRENT_LIST_DIR}/programs)
  set(strict -Wall -Wextra -pedantic -Werror)
  run(${CC} -std=c99 ${strict} ${c_flags} ${programs}/program.c -o ${WORK}/program-c ${c_libs})
  run(${CXX} -std=c++17 ${strict} ${cpp_flags} ${programs}/program.cpp -o ${WORK}/program-cpp ${cpp_libs})
  set(ENV{LD_LIBRARY_PATH} ${PREFIX}/${LIBDIR})
  run(${WORK}/program-c)
  run(${WORK}/program-cpp)
else()
  message(FATAL_ERROR "no step '${STEP}'")
endif()
