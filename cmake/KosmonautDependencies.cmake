# What of the broker's needs differs from one system to the next in how it is found.
find_package(PkgConfig REQUIRED)

if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW) # Boost's own package: CMake's module for it is going away
endif()
find_package(Boost 1.81 REQUIRED)

# kosmonaut_wslay: from wslay's own CMake package, or where it was built without CMake from its pkg-config file.
find_package(wslay CONFIG QUIET)
if(TARGET wslay)
  set(kosmonaut_wslay wslay)
else()
  pkg_check_modules(libwslay REQUIRED IMPORTED_TARGET libwslay)
  set(kosmonaut_wslay PkgConfig::libwslay)
endif()

# kosmonaut_sqlite: CMake 4.3 has renamed its target.
find_package(SQLite3 REQUIRED)
if(TARGET SQLite3::SQLite3)
  set(kosmonaut_sqlite SQLite3::SQLite3)
else()
  set(kosmonaut_sqlite SQLite::SQLite3)
endif()
