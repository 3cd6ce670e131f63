#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/text/json.hpp"

namespace simrun {

/// What `simrun report` was asked for.
struct ReportPageArguments {
  std::string results;             ///< folder that a run, `simrun train` or `simrun plan` wrote
  std::optional<std::string> out;  ///< page to write; else report.html in that folder
};

/// Writes one HTML file that shows a run (fastest methods, plots, a table of all points), a training (curves, what they
/// come to) or a plan (the answer, its alternatives), and provenance. Nothing is loaded from elsewhere when it is
/// opened. The file is there whole or not at all. Throws InputError (what cannot be read or written),
/// std::runtime_error where simrun was built without Chart.js.
void write_report_page(const ReportPageArguments& arguments);

/// What the page's script draws, for a report as read_report() returns it: columns and rows of the points, a label of
/// each point's method that tells it from the run's other entries, and provenance. `title` is for a scenario without a
/// name.
Json page_data(const Json& report, const std::string& title);

/// JSON that may stand in a script element of HTML: no text in it ends the element or opens a comment.
std::string script_text(const Json& value);

/// What the pages have in common, with marks for the parts of a kind and for the data. Made from sim/report/page/ by
/// the build; empty where that found no Chart.js.
extern const std::string_view page_template;
constexpr std::string_view page_main_mark = "{{main}}";
constexpr std::string_view page_scripts_mark = "{{scripts}}";
constexpr std::string_view page_data_mark = "{{data}}";

/// What is a page's own.
struct PageKind {
  std::string_view main;     ///< HTML
  std::string_view scripts;  ///< JavaScript
};
extern const PageKind run_page;
extern const PageKind training_page;
extern const PageKind plan_page;

}  // namespace simrun
