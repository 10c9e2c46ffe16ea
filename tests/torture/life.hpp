// Life: a store that is lived with while its disk is recorded, and what has to be left of it after a power
// loss at each moment. ReferenceStore says what it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/reference_store.hpp"

namespace usertags::torture {

struct UserThen {
  std::string id;   // empty: only the store knows it
  std::uint64_t revision = 0;
  std::map<std::string, std::string> tags;
};
using Contents = std::map<std::string, UserThen>;   // by external id

Contents contents_of(const UserTagStore& store);
Contents contents_of(const test::ReferenceStore& reference);
bool agree(const Contents& is, const Contents& meant);

// What holds from a moment on.
struct Promise {
  std::size_t from = 0;                      // operations of the disk
  bool created = false;                      // the store is there
  std::uint64_t acknowledged = 0;            // this revision, at least
  std::uint64_t submitted = 0;               // and at most this
  std::uint64_t settings_acknowledged = 0;   // likewise their version
  std::uint64_t settings_submitted = 1;
  Position shown{};   // a host may hold it: where the store does not reach it any more, it has another epoch
};

struct Past {
  std::vector<Promise> promises;
  // What the store has at a revision that ends a commit. Two of them where an outcome was unknown.
  std::map<std::uint64_t, std::vector<Contents>> contents;
  std::map<std::uint64_t, std::vector<Settings>> settings;   // by version, likewise
  std::map<std::uint64_t, PatchUser> patches_with_tokens;    // by revision
  Position position;   // of the store; Position() where it was never open

  // After the first operations of the disk.
  const Promise& promise_after(std::size_t operations) const;
};

class Life {
 public:
  // `operations`: how many the disk has seen.
  Life(std::filesystem::path path, Options options, std::function<std::size_t()> operations,
       std::uint64_t seed);

  // Each of these calls the store, and answers its error. What the store shows afterwards has to fit the
  // answer; otherwise they throw Finding.
  using Answer = std::optional<ErrorCode>;
  Answer open();
  Answer write(std::size_t count);               // one by one
  Answer write_group(std::size_t count);         // apply_each
  Answer write_transaction(std::size_t count);   // apply_all
  Answer write_where();                          // apply_where and delete_where of those who have a key
  Answer change_settings();
  Answer maintain();
  Answer checkpoint();
  Answer compact();
  Answer close();
  void drop();   // without closing it

  void use_tokens() { uses_tokens_ = true; }
  bool is_open() const { return store_.has_value(); }
  bool has_failed() const { return store_ && store_->stats().failed; }

  const Past& past() const { return past_; }

 private:
  std::vector<Write> make_writes(std::size_t count);
  Write make_write(const std::string& user);
  ApplyOptions make_options();
  Answer apply(const std::vector<Write>& writes, bool all_or_none);
  Answer judge_error(ErrorCode error, const test::ReferenceStore& next);
  test::ReferenceStore submit(const std::vector<Write>& writes);   // what they will come to
  void acknowledge(test::ReferenceStore next);
  void settle_unknown_outcome();
  void learn_settings();
  void expect_shown() const;
  void promise(const Promise& next);
  Promise now() const { return past_.promises.back(); }
  void promise_all_shown();   // what is shown now survives

  std::filesystem::path path_;
  Options options_;
  std::function<std::size_t()> operations_;
  std::mt19937_64 random_;
  bool uses_tokens_ = false;
  std::uint64_t number_ = 0;   // of values and tokens: none comes twice
  std::optional<UserTagStore> store_;
  test::ReferenceStore reference_;
  std::optional<test::ReferenceStore> unknown_;   // where an outcome is: what it may have led to
  std::uint64_t settings_version_ = 0;
  Past past_;
};

}   // namespace usertags::torture
