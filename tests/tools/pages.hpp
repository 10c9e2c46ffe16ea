// What a command lists, page by page.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {

// Runs `first`, then `next` with the cursor of the page before, to the last page. Answers what the rows say
// under `member`. Every page has to succeed, and to be of this revision.
inline std::vector<std::string> texts_of_pages(std::vector<std::string> first, std::vector<std::string> next,
                                               std::string_view member, std::int64_t revision) {
  std::vector<std::string> texts;
  next.insert(next.end(), {"--after", ""});
  std::vector<std::string>* arguments = &first;
  for (;;) {
    const Finished page = run(*arguments);
    EXPECT_EQ(page.exit_code, 0) << page.err;
    if (page.exit_code != 0) return texts;
    for (const auto& row : objects_of(page.out)) texts.push_back(text_at(row, member));
    const auto end = boost::json::parse(page.err);
    EXPECT_EQ(number_at(end, "revision"), revision);
    if (end.at("next").is_null()) return texts;
    next.back() = text_at(end, "next");
    arguments = &next;
  }
}

}   // namespace usertags::test
