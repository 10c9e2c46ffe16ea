// HTML: text on its way into the page. Nothing that a store holds can leave the place it is written to, whether
// that is an element, a quoted attribute, or the data of the page's script.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "report/time_series.hpp"

namespace usertags::command {

// For the content of an element, and for attributes in double quotes. Control characters and marks of writing
// direction are shown as escapes.
std::string html(std::string_view text);

// A text of the store as an element of its own, so that its direction is its own, too. An empty one shows.
std::string isolated(std::string_view text);

// A string for JSON within <script type="application/json">.
void append_script_string(std::string& out, std::string_view text);

// "68 %", where 0 and 100 are exact: "<1 %", ">99 %".
std::string percent(std::uint64_t part, std::uint64_t whole);

// "1 Mar 2026", and "1 Mar 2026, 14:05" or "14:05:09" where the steps of a series need it. UTC.
std::string moment(TimeSeries::Time time, std::chrono::seconds step);

// Of a step: "15 seconds", "1 hour", "14 days".
std::string duration(std::chrono::seconds step);

}   // namespace usertags::command
