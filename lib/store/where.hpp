// Where: writes to all users of a selector, who are told by a list of ordinals that is made at the beginning, in groups.
// A group is a round of looking, deciding and writing, and further rounds for those of its users whom another write
// came between.
//
// What is done is told in a WhereOutcome as it goes, so that it is right whatever ends the walk. Its cursor keeps one
// promise: whoever stands before it is done, and nobody behind it is. So where a round is stopped in its middle, and
// users behind others who could not be written were, these others are refused with the error that they met.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <usertags/tag_batch.hpp>
#include <usertags/user.hpp>
#include <usertags/where.hpp>
#include <usertags/write.hpp>

#include "index/projection.hpp"
#include "model/record.hpp"
#include "selector/node.hpp"
#include "store/read/paging.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

// What a function decides on a user whom it is given; false where it could not decide (it threw).
using Decision = std::function<bool(const User&, std::optional<TagBatch>&)>;

// What is done to each user: what the function decides, the same batch, or, where there is neither, deletion.
struct WhereWork {
  const Decision* decide = nullptr;
  const TagBatch* batch = nullptr;

  bool deletes() const noexcept { return decide == nullptr && batch == nullptr; }
};

// Whoever loses to other writes so many times in a row is told.
inline constexpr int kMaxTries = 64;

class WhereWalk {
 public:
  // Answers each of the writes, of which there are some, as UserTagStore::apply_each().
  using Writer = std::function<void(std::span<const WriteView>, std::span<Result<Applied>>)>;

  WhereWalk(const index::Projection& projection, const StoreId& store_id, Writer writer)
      : projection_(projection), store_id_(store_id), writer_(std::move(writer)) {}

  // No lock is held while the function is called, which is never again where it could not decide. Answers what stopped
  // the walk. Throws Failure, std::bad_alloc, which stop it as well.
  Result<void> run(const Selector& selector, const WhereOptions& options, const WhereWork& work,
                   WhereOutcome& outcome);

 private:
  static constexpr std::size_t kGroup = 1'024;

  // A user in its turn, and the write that was decided on, whose view refers to it: none where nothing is to be done.
  struct Turn {
    model::RecordPtr user;
    std::optional<TagBatch> batch;   // of a function
    ApplyOptions options;
    std::optional<std::size_t> write;
  };

  Result<void> walk(std::uint32_t after);
  void tell_next(bool all_are_done) noexcept;
  std::optional<Error> write_group(std::span<const std::uint32_t> group);
  std::optional<Error> look_and_write(std::span<const std::uint32_t> ordinals) noexcept;
  template <class Function>
  void visit_meant(std::span<const std::uint32_t> ordinals, Function&& function) const;
  bool look(std::span<const std::uint32_t> ordinals);
  bool take_up(const model::Record& user);
  WriteView write_of(const Turn& turn) const noexcept;
  std::optional<Error> settle(bool is_first_round, bool is_last_try) noexcept;
  void take(const Turn& turn) noexcept;
  void refuse_all(std::span<const std::uint32_t> ordinals, const Error& error) noexcept;
  void refuse(const model::Record& user, const Error& error) noexcept;

  const index::Projection& projection_;
  const StoreId store_id_;
  const Writer writer_;

  // Of the run.
  selector::NodePtr selector_;
  CursorBinding binding_{};
  const WhereOptions* options_ = nullptr;
  WhereWork work_;
  WhereOutcome* outcome_ = nullptr;
  std::optional<std::uint32_t> last_done_;   // whoever is not behind it is done
  std::string room_for_next_;                // the text of its cursor will take no more

  // Of the round.
  std::vector<Turn> turns_;
  std::vector<WriteView> writes_;
  std::vector<Result<Applied>> answers_;
  std::vector<std::uint32_t> again_;   // users to look at in the next one
};

}   // namespace usertags::store
