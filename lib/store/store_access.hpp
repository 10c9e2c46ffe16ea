// StoreAccess: the engine behind a store, for what is built on both: clusters.
#pragma once

#include <filesystem>

#include <usertags/user_tag_store.hpp>

#include "store/engine.hpp"

namespace usertags::store {

struct StoreAccess {
  // A member of a cluster; `outer_log` outlives it.
  static Result<UserTagStore> open(const std::filesystem::path& path, const Options& options,
                                   OuterLog& outer_log) noexcept;
  // Of a store that was not moved from.
  static Engine& engine(UserTagStore& store) noexcept;
};

}   // namespace usertags::store
