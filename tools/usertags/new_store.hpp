// NewStore: the options of commands that make a store where there is none.
#pragma once

#include <optional>
#include <string_view>

#include <usertags/settings.hpp>

#include "arguments.hpp"

namespace usertags::command {

class NewStore {
 public:
  void declare(Arguments& arguments);

  bool is_wanted() const { return init_; }
  // What the store is to have; none where nothing is said. Throws UsageError where no store is to be made.
  std::optional<Settings> settings() const;

 private:
  bool init_ = false;
  std::optional<Settings> settings_;
};

// Sets the setting that NAME=VALUE names; times may bear a unit: 90s, 15m, 24h, 30d. Throws UsageError.
void assign(Settings& settings, std::string_view assignment);

}   // namespace usertags::command
