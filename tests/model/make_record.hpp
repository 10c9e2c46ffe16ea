// Records for tests, in one line each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.hpp"

namespace usertags::test {

inline constexpr std::string_view kSomeId = "user_01h455vb4pex5vsknk084sn02q";

// `tags` may be in any order.
inline model::RecordPtr make_record(std::vector<Tag> tags, std::string_view external_id = "ext",
                                    std::uint64_t revision = 7, std::string_view id = kSomeId) {
  std::ranges::sort(tags, {}, &Tag::key);
  return model::Record::make(3, revision, *model::parse_user_id(id), external_id, tags);
}

inline User make_user(std::vector<Tag> tags, std::string_view external_id = "ext") {
  return model::UserAccess::user(make_record(std::move(tags), external_id));
}

}   // namespace usertags::test
