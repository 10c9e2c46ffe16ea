// The page of a report: one file that stands alone. It asks nobody for anything, and runs no script but its own.
#pragma once

#include <string>
#include <string_view>

#include "report/survey.hpp"

namespace usertags::command {

struct PageHead {
  std::string title;   // the store's name
  TimeSeries::Time made;
  std::string nonce;   // that nobody can guess who wrote into the store: what bears it, runs
};

std::string page_of(const Survey& survey, const PageHead& head);

// Of its style and its script (page_style.cpp, page_script.cpp).
std::string_view page_style() noexcept;
std::string_view page_script() noexcept;

}   // namespace usertags::command
