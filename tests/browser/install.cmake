# Puts the tests and npm's packages into the build tree; does nothing where both are up to date.
cmake_minimum_required(VERSION 3.25)

file(COPY ${FILES} DESTINATION ${WORK})
set(installed ${WORK}/node_modules/.package-lock.json)
if(EXISTS ${installed} AND ${installed} IS_NEWER_THAN ${WORK}/package-lock.json)
  return()
endif()
execute_process(COMMAND ${NPM} ci WORKING_DIRECTORY ${WORK} COMMAND_ERROR_IS_FATAL ANY)
