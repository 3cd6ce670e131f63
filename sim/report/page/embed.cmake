# Writes OUT, a source file that holds the page of `simrun report`: page.html of this folder with its style, its scripts
# (SCRIPTS, file names in order) and the library CHART_JS put in. Without that library the page is empty.
set(page "")
if(CHART_JS)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/page.html page)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/page.css style)
  file(READ ${CHART_JS} chart)
  set(scripts "")
  foreach(name IN LISTS SCRIPTS)
    file(READ ${CMAKE_CURRENT_LIST_DIR}/${name} script)
    string(APPEND scripts "${script}\n")
  endforeach()
  foreach(part style scripts chart)
    string(REPLACE "{{${part}}}" "${${part}}" page "${page}")
  endforeach()
endif()
file(WRITE ${OUT} "#include \"sim/report/report_page.hpp\"

namespace simrun {

const std::string_view page_template = R\"page(${page})page\";

}  // namespace simrun
")
