# What `cmake --install` lays down: libraries, public headers, a CMake package, a file for pkg-config, documents, and
# with the tools the command, its manual page and a unit for systemd. Components: runtime (the shared library),
# development, command.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(REMIT_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/remit")

# One export set for each kind: only the archive's users need what remit is linked with.
set(REMIT_ARCHIVE remit)
set(REMIT_HAS_SHARED OFF)
set(REMIT_HAS_BOOTSTRAP OFF)
if(BUILD_SHARED_LIBS)
  set(REMIT_ARCHIVE remit_static)
  set(REMIT_HAS_SHARED ON)
  install(TARGETS remit EXPORT remitSharedTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT remitSharedTargets NAMESPACE remit:: DESTINATION ${REMIT_PACKAGE_DIR} COMPONENT development)
endif()
install(TARGETS ${REMIT_ARCHIVE} EXPORT remitStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT remitStaticTargets NAMESPACE remit:: DESTINATION ${REMIT_PACKAGE_DIR} COMPONENT development)
if(TARGET remit_bootstrap)
  set(REMIT_HAS_BOOTSTRAP ON)
  install(TARGETS remit_bootstrap EXPORT remitBootstrapTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT remitBootstrapTargets NAMESPACE remit:: DESTINATION ${REMIT_PACKAGE_DIR} COMPONENT development)
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/remit" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

# Before 1.0 a minor version may change the API.
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/remitConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/install_files/remitConfig.cmake" INSTALL_DESTINATION ${REMIT_PACKAGE_DIR}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/install_files/remitConfigVersion.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/install_files/remitConfig.cmake" "${PROJECT_BINARY_DIR}/install_files/remitConfigVersion.cmake"
  DESTINATION ${REMIT_PACKAGE_DIR} COMPONENT development)

# remit.pc. What an archive is linked with stands in it by name and not as Requires.private: that would ask the users of
# the shared library for all of these packages too, and --static would add libibverbs' own drivers and all that libzmq was
# built with, while the archive is linked with their shared libraries.
set(modules "")
foreach(entry IN LISTS REMIT_LINKED_PACKAGES REMIT_LINKED_MODULES)
  string(REGEX REPLACE "=.*" "" module "${entry}")
  list(APPEND modules ${module})
endforeach()
pkg_check_modules(REMIT_PKGCONFIG REQUIRED QUIET ${modules})
set(linked ${REMIT_PKGCONFIG_LDFLAGS})
if(REMIT_CUDA_FOUND)
  list(APPEND linked "${CUDA_cudart_static_LIBRARY}" -lrt)
endif()
list(APPEND linked -ldl -pthread -lstdc++)
list(REMOVE_DUPLICATES linked)
list(JOIN linked " " linked)
if(REMIT_HAS_SHARED)
  set(REMIT_PC_LIBS "")
  set(REMIT_PC_LIBS_PRIVATE "${linked}")
else()
  # The archive is all there is.
  set(REMIT_PC_LIBS " ${linked}")
  set(REMIT_PC_LIBS_PRIVATE "")
endif()
# From where the file lies, so that the whole can be moved.
file(RELATIVE_PATH REMIT_PC_TO_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" REMIT_PC_TO_PREFIX "${REMIT_PC_TO_PREFIX}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/remit.pc.in" "${PROJECT_BINARY_DIR}/install_files/remit.pc" @ONLY)
if(REMIT_HAS_BOOTSTRAP)
  pkg_check_modules(REMIT_BOOTSTRAP_PKGCONFIG REQUIRED QUIET spdlog cpp-httplib)
  list(JOIN REMIT_BOOTSTRAP_PKGCONFIG_LDFLAGS " " REMIT_PC_BOOTSTRAP_LIBS)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/remit-bootstrap.pc.in" "${PROJECT_BINARY_DIR}/install_files/remit-bootstrap.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/install_files/remit-bootstrap.pc"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endif()
install(FILES "${PROJECT_BINARY_DIR}/install_files/remit.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

# Where README.md's links to docs/ hold.
install(FILES "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)

if(REMIT_BUILD_TOOLS)
  install(TARGETS remit_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
  install(FILES "${PROJECT_BINARY_DIR}/install_files/remit.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
  configure_file("${PROJECT_SOURCE_DIR}/packaging/systemd/remit-embed.service.in"
    "${PROJECT_BINARY_DIR}/install_files/remit-embed.service" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/install_files/remit-embed.service" DESTINATION lib/systemd/system COMPONENT command)
endif()
