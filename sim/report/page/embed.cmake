# Writes OUT, a source file that holds the pages of `simrun report`: page.html of this folder with its style and the
# library CHART_JS put in, and of each kind of page in KINDS its KIND.html and scripts (KIND_SCRIPTS, file names in
# order). Without that library the page is empty.
set(page "")
if(CHART_JS)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/page.html page)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/page.css style)
  file(READ ${CHART_JS} chart)
  foreach(part style chart)
    string(REPLACE "{{${part}}}" "${${part}}" page "${page}")
  endforeach()
endif()
set(kinds "")
foreach(kind IN LISTS KINDS)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${kind}.html main)
  set(scripts "")
  foreach(name IN LISTS ${kind}_SCRIPTS)
    file(READ ${CMAKE_CURRENT_LIST_DIR}/${name} script)
    string(APPEND scripts "${script}\n")
  endforeach()
  string(APPEND kinds "const PageKind ${kind}_page = {R\"page(${main})page\", R\"page(${scripts})page\"};\n")
endforeach()
file(WRITE ${OUT} "#include \"sim/report/report_page.hpp\"

namespace simrun {

const std::string_view page_template = R\"page(${page})page\";
${kinds}
}  // namespace simrun
")
