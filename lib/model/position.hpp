// The engine's way to make Positions, and to look into them.
#pragma once

#include <array>
#include <cstdint>

#include <usertags/change.hpp>

namespace usertags::model {

class PositionAccess {
 public:
  using StoreId = std::array<std::uint8_t, 16>;

  static Position make(const StoreId& store_id, std::uint64_t epoch, std::uint64_t revision) noexcept {
    Position position;
    position.store_id_ = store_id;
    position.epoch_ = epoch;
    position.revision_ = revision;
    return position;
  }

  static bool is_of_no_store(const Position& position) noexcept { return position.store_id_ == StoreId{}; }
  static bool is_of(const Position& position, const StoreId& store_id) noexcept {
    return position.store_id_ == store_id;
  }
};

}   // namespace usertags::model
