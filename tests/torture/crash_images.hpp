// What a power loss may leave of a store: the disk's images at every point of a DiskRecord.
//
// What was synced is there. Of what was not (writes, truncations, names that were made or removed while the
// folder was not synced) any part may be there, in whole or, of a write, up to a sector of 512 bytes. A file
// may have the size that a write gave it, and zeros for its bytes. After a sync that failed, what was pending
// may be there or not, and no later sync brings it there: only writing it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "torture/disk_recorder.hpp"

namespace usertags::torture {

// Which of the operations that may be there are: one bit for each, in their order.
struct CrashChoice {
  std::vector<bool> there;
  // Of this one, which is there, only the first bytes.
  std::optional<std::size_t> torn{};
  std::size_t torn_bytes = 0;
  bool sizes_ahead = false;   // files have the sizes that writes gave them which are not there
};

// The disk after the first operations of a record.
class CrashPoint {
 public:
  explicit CrashPoint(const DiskRecord& record);   // before the first
  bool at_end() const { return next_ == record_.operations.size(); }
  void advance();   // by one operation
  std::size_t passed() const { return next_; }

  // How many operations may or may not be there.
  std::size_t open_operations() const;
  // The bytes of the newest of them, if it is a write, and was the last operation of all; else 0.
  std::size_t newest_write() const;

  DiskImage image(const CrashChoice& choice) const;
  DiskImage image_of_all() const;   // as who reads through the page cache sees it

 private:
  struct Effect {
    const DiskOperation* operation;
    bool is_settled = false;    // certainly there
    bool is_forsaken = false;   // a sync has failed
  };

  void settle(const DiskOperation& sync);
  void forsake(std::size_t file);
  void fold();
  bool is_void(std::size_t index) const;
  bool can_be_reached(std::size_t file) const;

  const DiskRecord& record_;
  std::size_t next_ = 0;
  std::vector<std::string> files_;              // by number: what is certain
  std::map<std::string, std::size_t> folder_;   // likewise
  std::vector<Effect> effects_;                 // behind that, in their order
};

struct Extent {
  std::size_t all_subsets_of = 8;   // of up to so many open operations
  std::size_t samples = 24;         // of more
};

// Calls function(choice) for the states of this point: every subset of few open operations; of many, none,
// all, all beginnings, all but one, and samples that chance chooses; each tear of the newest write, with all
// others there and with none; none and some of the samples with sizes ahead.
void for_each_state(const CrashPoint& point, const Extent& extent, std::mt19937_64& random,
                    const std::function<void(const CrashChoice&)>& function);

// One of them.
CrashChoice any_state(const CrashPoint& point, std::mt19937_64& random);

}   // namespace usertags::torture
