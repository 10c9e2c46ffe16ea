// Steps for the tests of the index: versions of users by number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "index/projection.hpp"
#include "model/record.hpp"
#include "model/typeid.hpp"

namespace usertags::index {

using TagMap = std::map<std::string, std::string>;

// Ids grow with ordinals, as the store's do.
inline model::Uuid uuid_of(std::uint32_t ordinal) {
  model::Uuid uuid{};
  for (int i = 0; i < 4; ++i)
    uuid[static_cast<std::size_t>(2 + i)] = static_cast<std::uint8_t>(ordinal >> (24 - 8 * i));
  uuid[6] = 0x70;
  uuid[8] = 0x80;
  return uuid;
}
inline std::string id_of(std::uint32_t ordinal) {
  return model::format_typeid("user", uuid_of(ordinal));
}

inline model::RecordPtr version(std::uint32_t ordinal, std::uint64_t revision, std::string_view external_id,
                                const TagMap& tags) {
  std::vector<Tag> list;
  for (const auto& [key, value] : tags) list.push_back({key, value});
  return model::Record::make(ordinal, revision, uuid_of(ordinal), external_id, list);
}

inline TagMap tags_of(const model::Record& record) {
  TagMap tags;
  for (const Tag tag : record) tags.emplace(tag.key, tag.value);
  return tags;
}

}   // namespace usertags::index
