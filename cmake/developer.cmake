# What is private to those who work on usertags: nothing here reaches a host's targets.

if(USERTAGS_DEVELOPER_MODE)
  find_program(CCACHE ccache)
  if(CCACHE)
    # Paths count as they are within the tree: what was built in one copy of it is there for all.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
                                    ${CCACHE})
  endif()
endif()

if(USERTAGS_SANITIZE)
  add_compile_options(-fsanitize=${USERTAGS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${USERTAGS_SANITIZE})
  if(USERTAGS_SANITIZE MATCHES address)
    add_compile_definitions(USERTAGS_ALLOCATOR_ALONE)   # lib/model/page_runs.cpp
  endif()
endif()

# usertags_count_coverage(target): Clang's counters of what was executed, in the target alone; threads count, too.
option(USERTAGS_COVERAGE "Count which lines and branches of lib/ are executed (Clang)" OFF)
if(USERTAGS_COVERAGE)
  add_link_options(-fprofile-instr-generate)
endif()
function(usertags_count_coverage target)
  if(USERTAGS_COVERAGE)
    target_compile_options(${target} PRIVATE -fprofile-instr-generate -fcoverage-mapping -fprofile-update=atomic
                                             "SHELL:-mllvm -runtime-counter-relocation")   # counts outlive kills
  endif()
endfunction()

# usertags_developer_options(target): warnings as errors, and Clang's thread-safety analysis.
function(usertags_developer_options target)
  if(NOT USERTAGS_DEVELOPER_MODE)
    return()
  endif()
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wnon-virtual-dtor -Wold-style-cast)
  # GCC warns of what it made itself when it instruments.
  if(NOT USERTAGS_SANITIZE OR CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC 12 takes concatenations of std::string for overlapping copies (gcc.gnu.org/PR105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # libstdc++ 12 calls in std::stable_sort what it has deprecated itself.
    target_compile_options(${target} PRIVATE -Wthread-safety -Wno-deprecated-declarations)
  endif()
endfunction()
