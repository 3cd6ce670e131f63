# Writes OUT, a source file that says from which commit the folder SOURCE is built; none if it is no git checkout.
set(commit "")
if(EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git -c safe.directory=* -C ${SOURCE} describe --always --abbrev=12 --dirty --exclude=*
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[
#include "sim/system/version.hpp"

namespace simrun {

std::string simrun_commit() {
  return "@commit@";
}

}  // namespace simrun
]])
