// ReferenceStore: what a store of users' tags means, said with a std::map. It judges every write by rules
// written a second time from docs/semantics.md, shares no code with the engine, and has no regard for speed,
// disks or threads.
//
// It knows users by their ordinal: 0, 1, 2 … in the order of creation. Ids are the engine's choice; whoever
// drives both tells the reference which id an ordinal has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/tag.hpp>
#include <usertags/tag_batch.hpp>
#include <usertags/user_ref.hpp>
#include <usertags/write.hpp>

namespace usertags::test {

struct ReferenceUser {
  std::size_t ordinal = 0;
  std::string external_id;
  std::uint64_t revision = 0;
  std::map<std::string, std::string> tags;

  bool operator==(const ReferenceUser&) const = default;
};

// The answer that a write has to give: an error with what it names, or what an Applied holds.
struct Verdict {
  std::optional<ErrorCode> error;
  std::vector<Violation> violations;               // of batch_refused
  std::optional<std::size_t> item;                 // of apply_all
  std::optional<std::size_t> existing;             // of user_exists: the holder's ordinal
  std::optional<std::uint64_t> current_revision;   // of revision_mismatch

  std::optional<ReferenceUser> user;
  std::uint64_t revision = 0;
  bool changed = false;
  bool replayed = false;
};

// What one write changed.
struct ReferenceChange {
  std::uint64_t revision = 0;
  std::uint64_t transaction = 0;
  std::size_t ordinal = 0;
  std::string external_id;
  ChangeKind kind{};
  std::map<std::string, std::optional<std::string>> tags;   // none: removed
  std::map<std::string, std::string> before;                // the user's tags before it
  std::string note;
};

class ReferenceStore {
 public:
  explicit ReferenceStore(const Settings& limits = {}) : limits_(limits) {}
  void set_limits(const Settings& limits) { limits_ = limits; }

  // `item` is the index that violations bear in a call with many writes.
  Verdict create_user(std::string_view external_id, const TagList& tags, const ApplyOptions& options,
                      std::optional<std::size_t> item = {});
  Verdict ensure_user(std::string_view external_id, const TagList& tags, const ApplyOptions& options,
                      std::optional<std::size_t> item = {});
  Verdict apply(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                std::optional<std::size_t> item = {});
  using Decision = std::function<std::optional<TagBatch>(const ReferenceUser&)>;
  Verdict modify(const UserRef& ref, const Decision& decide, const ApplyOptions& options);
  Verdict delete_user(const UserRef& ref, const ApplyOptions& options);
  Verdict write(const Write& write, std::optional<std::size_t> item);
  Verdict plan(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
               std::optional<std::size_t> item = {}) const;
  // Verdicts for all of them, or one, which is that of the whole.
  std::vector<Verdict> apply_all(std::span<const Write> writes);

  // The id of the newest user that has none yet.
  void learn_id(std::string id) { ids_.push_back(std::move(id)); }
  // Of every user there ever was.
  const std::vector<std::string>& ids() const { return ids_; }
  const std::string& id(std::size_t ordinal) const { return ids_.at(ordinal); }

  const ReferenceUser* find(const UserRef& ref) const;
  // The living, in the order of their creation.
  const std::map<std::size_t, ReferenceUser>& users() const { return users_; }
  std::uint64_t revision() const { return revision_; }
  // All there ever were: the change of revision N is at N - 1.
  const std::vector<ReferenceChange>& changes() const { return changes_; }

  // Tokens that are remembered. Which are forgotten, of those that may be, is the engine's choice.
  std::size_t tokens() const { return token_order_.size(); }
  void forget_tokens_but(std::size_t newest);

 private:
  struct Remembered {
    std::string request;
    std::optional<std::size_t> ordinal;
    std::uint64_t revision = 0;
    bool changed = false;
  };

  // What is answered by the token alone, if it is.
  std::optional<Verdict> recall(const std::string& token, const std::string& request) const;
  Verdict once(const std::string& token, const std::string& request, const std::function<Verdict()>& judge);
  Verdict create_anew(std::string_view external_id, const TagList& tags, const ApplyOptions& options,
                      std::optional<std::size_t> item);
  Verdict ensure_anew(std::string_view external_id, const TagList& tags, const ApplyOptions& options,
                      std::optional<std::size_t> item);
  Verdict modify_anew(const UserRef& ref, const Decision& decide, const ApplyOptions& options);
  Verdict apply_anew(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                     std::optional<std::size_t> item);
  Verdict delete_anew(const UserRef& ref, const ApplyOptions& options);
  Verdict plan_anew(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                    std::optional<std::size_t> item) const;
  // Why nothing can be done to the user; none where it can.
  std::optional<Verdict> wrong_user(const ReferenceUser* user, const ApplyOptions& options) const;
  // `before` has the user's tags before the change.
  void change(const ReferenceUser& user, ChangeKind kind, const std::map<std::string, std::string>& before,
              std::map<std::string, std::optional<std::string>> tags, const std::string& note);

  Settings limits_;
  std::uint64_t revision_ = 0;
  std::size_t created_ = 0;
  std::map<std::size_t, ReferenceUser> users_;
  std::vector<std::string> ids_;
  std::vector<ReferenceChange> changes_;
  std::map<std::string, Remembered> tokens_;
  std::deque<std::string> token_order_;
  std::set<std::size_t>* named_ = nullptr;   // in a transaction: the ordinals that its writes have named
};

}   // namespace usertags::test
