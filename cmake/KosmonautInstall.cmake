# Everything that installing the library means: headers, library, CMake package, pkg-config files.
# The broker's programs install themselves.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

option(KOSMONAUT_INSTALL "Install the library, its headers and its packages" ${PROJECT_IS_TOP_LEVEL})

# As src/CMakeLists.txt has them: whoever links the library statically needs the same.
set(KOSMONAUT_CURL_VERSION 7.87)
set(KOSMONAUT_JANSSON_VERSION 2.14)

if(NOT KOSMONAUT_INSTALL)
  return()
endif()

get_target_property(kosmonaut_type kosmonaut TYPE)
set(kosmonaut_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Kosmonaut)

# --- Library and headers ---
set_target_properties(kosmonaut_cpp PROPERTIES EXPORT_NAME cpp)
install(TARGETS kosmonaut kosmonaut_cpp EXPORT KosmonautTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(
  DIRECTORY
    ${PROJECT_SOURCE_DIR}/include/kosmonaut
    ${PROJECT_SOURCE_DIR}/cpp/include/kosmonaut
    ${PROJECT_BINARY_DIR}/include/kosmonaut
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# --- Pages ---
# They lie as they do here, so that their links to each other hold. Of a link to what is not installed
# the words stay; tests/docs/test_installing.py tells of one that is forgotten here.
set(kosmonaut_not_installed
  abi bench bindings broker cmake cpp debian examples include packaging pkgconfig scripts src tests CONTRIBUTING.md)
list(JOIN kosmonaut_not_installed "|" kosmonaut_not_installed)
file(GLOB kosmonaut_pages RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/docs/*.md)
foreach(page README.md ABI.md CHANGELOG.md SECURITY.md ${kosmonaut_pages})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${page})
  file(READ ${PROJECT_SOURCE_DIR}/${page} text)
  string(REGEX REPLACE "\\[([^][]+)\\]\\((\\.\\./)?(${kosmonaut_not_installed})([/#][^)]*)?\\)" "\\1" text "${text}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pages/${page} CONTENT "@text@" @ONLY)
  get_filename_component(directory ${page} DIRECTORY)
  install(FILES ${PROJECT_BINARY_DIR}/pages/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${directory})
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/proxies DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# --- CMake package ---
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/KosmonautConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/KosmonautConfig.cmake
  INSTALL_DESTINATION ${kosmonaut_cmake_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/KosmonautConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(EXPORT KosmonautTargets NAMESPACE kosmonaut:: DESTINATION ${kosmonaut_cmake_dir})
install(
  FILES
    ${PROJECT_BINARY_DIR}/cmake/KosmonautConfig.cmake
    ${PROJECT_BINARY_DIR}/cmake/KosmonautConfigVersion.cmake
  DESTINATION ${kosmonaut_cmake_dir})

# --- pkg-config files ---
# With relative paths they find their prefix from where they lie, so that the installed tree can be
# moved; an absolute path (some distributions set one) is taken as it is.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(kosmonaut_pc_prefix ${CMAKE_INSTALL_PREFIX})
  set(kosmonaut_pc_libdir ${CMAKE_INSTALL_LIBDIR})
else()
  file(RELATIVE_PATH kosmonaut_pc_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" kosmonaut_pc_up "${kosmonaut_pc_up}")
  set(kosmonaut_pc_prefix "\${pcfiledir}/${kosmonaut_pc_up}")
  set(kosmonaut_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(kosmonaut_pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})
else()
  set(kosmonaut_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

set(kosmonaut_pc_static_requires
  "libcurl >= ${KOSMONAUT_CURL_VERSION}, jansson >= ${KOSMONAUT_JANSSON_VERSION}")
list(JOIN kosmonaut_runtime " " kosmonaut_pc_runtime)
set(kosmonaut_pc_static_libs "${kosmonaut_pc_runtime} -pthread")
set(kosmonaut_pc_static_cflags -DKN_STATIC)

if(kosmonaut_type STREQUAL "STATIC_LIBRARY")
  # Only the static library is there, so that everyone who links it needs what it needs.
  string(CONCAT kosmonaut_pc_fields
    "Requires: ${kosmonaut_pc_static_requires}\n"
    "Libs: -L\${libdir} -lkosmonaut ${kosmonaut_pc_static_libs}\n"
    "Cflags: -I\${includedir} ${kosmonaut_pc_static_cflags}\n")
else()
  string(CONCAT kosmonaut_pc_fields
    "Requires.private: ${kosmonaut_pc_static_requires}\n"
    "Libs: -L\${libdir} -lkosmonaut\n"
    "Libs.private: ${kosmonaut_pc_static_libs}\n"
    "Cflags: -I\${includedir}\n"
    "Cflags.private: ${kosmonaut_pc_static_cflags}\n")
endif()

foreach(name kosmonaut kosmonaut-cpp)
  configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/${name}.pc.in ${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
