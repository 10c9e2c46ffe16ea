// TagEdits: what the steps of a group do to the sets of the tag index, worked out before the group is
// committed, so that publishing it has nothing to look for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "index/key_entry.hpp"
#include "index/step.hpp"

namespace usertags::index {

// One user's value of one key changes. Texts are those of the user's versions.
struct TagEdit {
  std::string_view key{};
  std::string_view old_value{};
  std::string_view new_value{};
  bool had_key = false;
  bool has_key = false;
  std::uint32_t ordinal = 0;

  KeyEntry* entry = nullptr;
  UserSet* from = nullptr;       // where the user is: null if not had_key
  UserSet* to = nullptr;         // where the user comes to: null if not has_key
  std::size_t values_then = 0;   // the key's values when `to` was found: it stays while there are as many
};

struct TagEdits {
  std::vector<TagEdit> tags;            // in the order of the steps
  std::vector<std::uint32_t> created;   // ordinals
  std::vector<std::uint32_t> deleted;
};

// What differs between the versions of each step; sets are not looked for. Throws std::bad_alloc.
TagEdits differences(std::span<const Step> steps);

}   // namespace usertags::index
