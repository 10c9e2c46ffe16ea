// CheckedStore: a UserTagStore and a ReferenceStore side by side, behind the store's own methods. Each call
// goes to both, and each answer is judged in full: code, every field of every violation, revisions without a
// gap, ids that only ever grow, users as they are at that moment.
//
// Where engine and reference part, it throws Disagreement (expect_equal.hpp). One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

// How a store comes to its end.
enum class Ending : std::uint8_t {
  closed,
  dropped,   // destroyed without close
  killed,    // opened again from the files as a crashed process leaves them
};

class CheckedStore {
 public:
  CheckedStore(std::filesystem::path path, const Options& options);
  explicit CheckedStore(const Options& options);   // in memory

  Result<Applied> create_user(std::string_view external_id, const TagList& tags = {},
                              const ApplyOptions& options = {});
  Result<Applied> ensure_user(std::string_view external_id, const TagList& tags = {},
                              const ApplyOptions& options = {});
  Result<Applied> apply(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options = {});
  // By a function that answers the batch, or none to a user whose revision is a multiple of three.
  Result<Applied> modify(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options = {});
  // To all users of the selector: the batch, or by such a function; without a batch they are deleted.
  void write_where(const Selector& selector, const std::optional<TagBatch>& batch, bool decides,
                   const WhereOptions& options);
  Result<Applied> delete_user(const UserRef& ref, const ApplyOptions& options = {});
  Result<Applied> write(const Write& write);   // the single call that it describes
  std::vector<Result<Applied>> apply_each(std::span<const Write> writes);
  std::vector<Result<Applied>> submit_each(std::span<const Write> writes);   // and drains
  Result<std::vector<Applied>> apply_all(std::span<const Write> writes);
  Result<Applied> plan(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options = {});
  void write_late(Write write);   // with a deadline that has passed

  Result<User> find(const UserRef& ref);
  void find_each(std::span<const UserRef> refs);
  Result<UserPage> list(const PageRequest& request);   // with no cursor, or one that came from here
  Result<UserPage> select(const Selector& selector, const PageRequest& request);   // likewise
  void count(const Selector& selector);                                            // and for_each
  // An audience that is kept by membership_changes is the one that is meant. It begins with the users of the
  // selector where none is kept, and goes on with the selector that it had.
  void check_audience(const Selector& selector);
  void forget_audience() { audience_.reset(); }
  void tag_keys(const std::string& prefix, std::size_t limit);                             // all pages
  void tag_values(const std::string& key, const std::string& prefix, std::size_t limit);   // likewise
  // wait_for_changes and read_at_least: so many changes behind the newest, and beyond it.
  void wait(std::uint64_t behind);

  // Proves all that can be proved: every user in every way it can be found, the users that are gone, the
  // pages, the figures, the snapshots handed out before, and the engine's own verify().
  void check_all();
  // Only in a file: the views of a stock connection, and a read-only store and an inspector beside this one, which
  // leave the bytes of the file and its WAL as they were.
  void check_views();
  void check_read_only();
  void check_follower();   // a read-only store that lives from check to check, and is refreshed
  // Copies the store, opens the copy as a reader and as a writer of an epoch of its own.
  void check_backup();
  // Closes the store, lets a stock connection write to its file, and adopts that. Where nobody could say exactly what
  // was changed, because the log no longer tells, the file is put back instead.
  void check_adoption(std::size_t number);

  void maintain();
  void checkpoint();
  void compact();
  void change_settings(const Settings& settings);
  // The store answers settings_mismatch, and changes nothing.
  void change_settings_of_another_version(const Settings& settings);
  // The settings are still those that it had; then those of the options, if they ask for any.
  void reopen(Ending ending, const Options& options);

  const ReferenceStore& reference() const { return reference_; }
  UserTagStore& store() { return *store_; }
  const std::filesystem::path& path() const { return path_; }   // empty: in memory

 private:
  struct Audience {
    Selector selector;
    Position position;
    std::set<std::string> ids;
  };
  std::set<std::string> meant(const Selector& selector) const;
  void begin_audience(const Selector& selector);
  void judge(const std::string& what, const Verdict& verdict, const Result<Applied>& answer);
  void judge_each(std::string_view call, std::span<const Write> writes,
                  std::span<const Result<Applied>> answers);
  void judge_error(const std::string& what, const Verdict& verdict, const Result<Applied>& answer);
  void judge_tokens();
  void learn_settings();
  void judge_new_id(const std::string& what, const Verdict& verdict, const User& user);
  void open();
  void remember(const User& user, const ReferenceUser& meant);
  void check_remembered();
  void check_proof();

  std::filesystem::path path_;
  Options options_;   // with the settings that the store has
  std::optional<UserTagStore> store_;
  std::uint64_t known_floor_ = 0;
  ReferenceStore reference_;

  std::optional<UserTagStore> follower_;
  std::optional<Audience> audience_;

  static constexpr std::size_t kRemembered = 32;
  std::deque<std::pair<User, ReferenceUser>> remembered_;   // the newest snapshots, and what they showed
  std::map<std::string, std::size_t> cursors_;              // by text: the last ordinal before the page
  std::optional<std::pair<std::string, std::map<std::size_t, ReferenceUser>>> proof_;   // digest and users
};

}   // namespace usertags::test
