# What is installed beside the program, man pages and completion, and the Debian package that cpack makes of it all.

find_program(HELP2MAN help2man)
if(HELP2MAN AND NOT SIMRUN_SANITIZE)
  set(man_pages ${CMAKE_SOURCE_DIR}/cmake/man_pages.sh)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/simrun.1.gz
                     COMMAND ${man_pages} $<TARGET_FILE:simrun> ${CMAKE_BINARY_DIR}/man DEPENDS simrun ${man_pages} VERBATIM)
  add_custom_target(man_pages ALL DEPENDS ${CMAKE_BINARY_DIR}/man/simrun.1.gz)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
elseif(NOT HELP2MAN)
  message(STATUS "without man pages: no help2man is found (Debian: help2man)")
endif()

install(FILES cmake/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME simrun)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the maintainers of simrun")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS bash-completion)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "dataset-fashion-mnist, python3-torch")
include(CPack)
