# Installs BUILD into a folder of its own under WORK, builds the consumer
# against it and runs it.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${result}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)

# Public headers, and no others.
file(GLOB_RECURSE installed RELATIVE ${WORK}/prefix/include/ingot
     ${WORK}/prefix/include/*)
file(GLOB public RELATIVE ${SOURCE}
     ${SOURCE}/codec/*.h ${SOURCE}/formats/*.h)
list(SORT installed)
list(SORT public)
if(NOT installed STREQUAL public)
  message(FATAL_ERROR "installed: ${installed}\nexpected: ${public}")
endif()

run(${CMAKE_COMMAND} -S ${SOURCE}/tests/install -B ${WORK}/build
    -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
