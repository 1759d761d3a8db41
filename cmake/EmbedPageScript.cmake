# Makes the forms in which the broker serves its library for browsers out of its modules: files, for
# those who serve them from elsewhere, and a C++ file that holds them. Each is one script, whatever the
# modules are, and comments stay behind: a page loads what it runs, at once.

# Those that others build upon come first.
set(kosmonaut_page_script_parts values emitter roster channel)

# Only comments have two slashes with a space after them.
function(kosmonaut_read_script variable file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  string(REGEX REPLACE " *// [^\n]*" "" text "${text}")
  string(REGEX REPLACE "(^|\n)import [^\n]*" "\\1" text "${text}")
  string(REGEX REPLACE "\n\n+" "\n" text "${text}")
  string(REGEX REPLACE "^\n" "" text "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# Writes webrocket.js and webrocket.mjs into `directory`, and what becomes of `template` beside them.
function(kosmonaut_embed_page_script client_directory template directory)
  set(licence "// WebRocket ${PROJECT_VERSION}, MIT licence\n")
  set(parts)
  foreach(name IN LISTS kosmonaut_page_script_parts)
    kosmonaut_read_script(part ${client_directory}/${name}.js)
    string(REGEX REPLACE "(^|\n)export " "\\1" part "${part}")
    string(APPEND parts "${part}")
  endforeach()
  kosmonaut_read_script(library ${client_directory}/webrocket.js)
  string(PREPEND library "${parts}")
  kosmonaut_read_script(vhost_tail ${client_directory}/vhost.js)
  string(REGEX REPLACE "\nexport class " "\nclass " body "${library}")
  if(body STREQUAL library)
    message(FATAL_ERROR "webrocket.js exports nothing")
  endif()
  set(module "${licence}${library}")
  set(classic "${licence}(() => {\n'use strict';\n${body}globalThis.WebRocket = WebRocket;\n})();\n")
  string(SHA256 version "${module}${classic}${vhost_tail}")
  string(SUBSTRING ${version} 0 16 version)
  file(CONFIGURE OUTPUT ${directory}/webrocket.js CONTENT "@classic@" @ONLY)
  file(CONFIGURE OUTPUT ${directory}/webrocket.mjs CONTENT "@module@" @ONLY)
  configure_file(${template} ${directory}/page_script_text.cpp @ONLY)
endfunction()
