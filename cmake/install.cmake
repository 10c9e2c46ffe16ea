# cmake --install: headers, the library of both kinds, a CMake package, a .pc file, and the command.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/usertags)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h"
        PATTERN cluster EXCLUDE)
set(libraries usertags)
if(TARGET usertags_shared)
  list(APPEND libraries usertags_shared)
endif()
install(TARGETS ${libraries} EXPORT usertags INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT usertags NAMESPACE usertags:: DESTINATION ${package} FILE usertagsTargets.cmake)

# usertags::cluster, a component of the package.
if(USERTAGS_CLUSTER)
  install(DIRECTORY include/usertags/cluster DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/usertags)
  install(TARGETS usertags_cluster EXPORT usertags_cluster INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT usertags_cluster NAMESPACE usertags:: DESTINATION ${package} FILE usertagsClusterTargets.cmake)
endif()

# The command, with its man pages, which are made of its --help, and completions.
if(USERTAGS_COMMAND)
  install(TARGETS usertags_command)
  set(man ${PROJECT_BINARY_DIR}/man)
  add_custom_command(OUTPUT ${man}/usertags.1 COMMAND ${PROJECT_SOURCE_DIR}/tools/man $<TARGET_FILE:usertags_command> ${man}
                     DEPENDS usertags_command ${PROJECT_SOURCE_DIR}/tools/man VERBATIM)
  add_custom_target(usertags_man ALL DEPENDS ${man}/usertags.1)
  install(DIRECTORY ${man}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES tools/completions/usertags.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME usertags)
  install(FILES tools/completions/_usertags DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES tools/completions/usertags.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

# Before 1.0 a minor version may change the API.
get_target_property(kind usertags TYPE)
string(COMPARE EQUAL ${kind} STATIC_LIBRARY is_static)
configure_package_config_file(cmake/usertagsConfig.cmake.in usertagsConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(usertagsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/usertagsConfig.cmake ${PROJECT_BINARY_DIR}/usertagsConfigVersion.cmake
              cmake/FindxxHash.cmake DESTINATION ${package})

# Told from where the .pc file lies: the prefix may be another when it is installed.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE up)
configure_file(cmake/usertags.pc.in usertags.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/usertags.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
