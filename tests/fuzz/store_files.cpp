#include "fuzz/store_files.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <usertags/inspector.hpp>
#include <usertags/user_tag_store.hpp>

#include "fuzz/messages.hpp"
#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/temp_dir.hpp"

namespace usertags::fuzz {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}   // namespace

void put_files(const std::filesystem::path& path, const StoreFiles& files) {
  for (const char* const suffix : {"", "-wal", "-shm", "-journal", ".lock"})
    std::filesystem::remove(path.string() + suffix);
  put(path, files.database);
  if (!files.wal.empty()) put(path.string() + "-wal", files.wal);
}

StoreFiles files_at(const std::filesystem::path& path) {
  return {bytes_of(path), bytes_of(path.string() + "-wal")};
}

namespace {

constexpr const char* kAdded = "whom the fuzzer has added";

// One of the codes that a file can be refused with, with a message.
void expect_refused(const Error& error) {
  expect_message(error);
  switch (error.code()) {
    case ErrorCode::not_a_store:
    case ErrorCode::unsupported_format:
    case ErrorCode::corrupt_store:
    case ErrorCode::foreign_write: return;
    default:
      test::disagree("the refusal of a file", "a code that is documented",
                     std::string(to_string(error.code())) + ": " + error.message());
  }
}

// A file with a cluster's binding is for reading only.
void expect_refused_to_writers(const Error& error) {
  if (error != ErrorCode::cluster_member) return expect_refused(error);
  expect_message(error);
}

void expect_untouched(const char* by, const std::filesystem::path& path, const StoreFiles& files) {
  test::expect(files_at(path) == files, std::string("the files after ") + by, "as they were", "changed");
}

struct Proof {
  std::string digest;
  std::uint64_t revision = 0;
  std::uint64_t users = 0;

  bool operator==(const Proof&) const = default;
};

// None where verify() finds what an open does not look at.
std::optional<Proof> proof_of(const UserTagStore& store) {
  const auto report = store.verify();
  if (!report) {
    expect_refused(report.error());
    return std::nullopt;
  }
  if (!report->ok()) return std::nullopt;
  return Proof{report->digest, report->revision, report->users};
}

// Reads whatever there is, and looks at no more than that it is answered.
void walk(const UserTagStore& store) {
  test::must(store.for_each(Selector(), [&](const User& user) {
    if (const auto history = store.history(UserRef(user.id())); !history) expect_refused(history.error());
  }));
  Position position = store.position().at(store.stats().log_floor - 1);
  while (const auto page = store.changes(position, 10'000)) {
    if (page->changes.empty()) return;
    position = page->next;
  }
}

struct Opened {
  std::optional<ErrorCode> refusal;
  std::optional<Proof> proof;
};

void must_be_whole(const UserTagStore& store) {
  try {
    test::everything(store);
  } catch (const std::runtime_error& broken) {
    test::disagree("everything of a store that is proved", "whole", broken.what());
  }
}

// Without loading: who is there is found, unless something is wrong that verify tells.
void look_up(const std::filesystem::path& path, const UserTagStore& store, bool is_proved) {
  const auto inspector = test::must(Inspector::open(path));
  test::must(store.for_each(Selector(), [&](const User& user) {
    const auto found = inspector.find(UserRef::external_id(user.external_id()));
    test::expect(found ? *found == user : !is_proved, "a user who is looked up",
                 test::told(Result<User>(user)), test::told(found));
  }));
}

Opened read(const std::filesystem::path& path, const StoreFiles& files) {
  put_files(path, files);
  Opened opened;
  {
    const auto store = UserTagStore::open(path, {.access = Access::read_only});
    if (!store) {
      expect_refused(store.error());
      opened.refusal = store.error().code();
    } else {
      opened.proof = proof_of(*store);
      walk(*store);
      look_up(path, *store, opened.proof.has_value());
      if (opened.proof) {
        must_be_whole(*store);
        test::expect(test::shown_by(*store) == test::shown_by_views(path), "the views",
                     "what the store shows", "else");
      }
    }
  }
  expect_untouched("reading", path, files);
  return opened;
}

// A follower of the database alone, beside which the WAL comes. What nobody proves it may take: it looks at the
// log that is new, and not again at rows.
void follow(const std::filesystem::path& path, const StoreFiles& files, const Opened& read) {
  put_files(path, {files.database, {}});
  auto follower = UserTagStore::open(path, {.access = Access::read_only});
  if (!follower || files.wal.empty()) return;
  put(path.string() + "-wal", files.wal);
  const auto refreshed = follower->refresh();
  expect_untouched("following", path, files);
  if (!refreshed) {
    const bool is_another = refreshed.error() == ErrorCode::store_failed;
    return is_another ? expect_message(refreshed.error()) : expect_refused(refreshed.error());
  }
  if (!read.proof) return;
  test::expect(proof_of(*follower) == read.proof, "the proof of a follower", "that of a reader", "another");
  must_be_whole(*follower);
}

// By the rules and numbers of the store, or done.
template <class Answer>
void expect_decided(const char* what, const Result<Answer>& answer) {
  if (answer) return;
  expect_message(answer.error());
  const bool is_decided =
      answer.error() == ErrorCode::batch_refused || answer.error() == ErrorCode::memory_budget_exceeded;
  test::expect(is_decided, what, "done, or refused by a rule", test::told(answer));
}

// The first user gets a tag, the last one is deleted; folds and prunes; a copy is proved.
void write_and_tidy(const std::filesystem::path& path, UserTagStore& store) {
  std::vector<std::string> ids;
  test::must(store.for_each(Selector(), [&](const User& user) { ids.emplace_back(user.id()); }));
  if (!ids.empty()) {
    expect_decided("a patch", store.apply(UserRef::id(ids.front()), TagBatch().set("k", "of the fuzzer")));
    expect_decided("a deletion", store.delete_user(UserRef::id(ids.back())));
  }
  test::must(store.maintain(std::chrono::minutes(1)), "maintain");
  const std::filesystem::path copy = path.string() + ".copy";
  std::filesystem::remove(copy);
  test::must(store.backup(copy), "a backup");
  test::must(UserTagStore::open(copy, {.access = Access::read_only}), "the open of a backup");
}

// Adds a user, writes to others, closes, and opens again.
void expect_writable(const std::filesystem::path& path, UserTagStore store, std::uint64_t revision) {
  const bool was_there = store.find(UserRef::external_id(kAdded)).has_value();
  const auto created = store.create_user(kAdded, {{"k", "v"}}, {.token = "of the fuzzer"});
  if (!created) {
    expect_message(created.error());
    const ErrorCode code = created.error().code();
    test::expect(was_there || code == ErrorCode::token_reused || code == ErrorCode::memory_budget_exceeded,
                 "a user created", "created", test::told(created));
  } else {
    test::expect_number("the revision after a creation", created->replayed ? revision : revision + 1,
                        store.revision());
  }
  write_and_tidy(path, store);
  const std::uint64_t written = store.revision();
  test::must(store.close(), "close");
  const auto again = test::must(UserTagStore::open(path), "the open after a write");
  test::expect_number("the revision after a write", written, again.revision());
  test::expect(proof_of(again).has_value(), "the store after a write", "proved", "not proved");
}

// Who writes looks at more than who reads: what was not proved may be damaged for it, and a WAL may not come
// into the file, as one whose last frame tells of pages that nobody has.
void expect_agreement(const char* what, const Opened& read, std::optional<ErrorCode> code, bool has_wal) {
  const bool is_worse = (!read.proof || has_wal) && code == ErrorCode::corrupt_store;
  const bool is_for_readers = code == ErrorCode::cluster_member;
  const auto name = [](std::optional<ErrorCode> known) {
    return known ? std::string(to_string(*known)) : std::string("ok");
  };
  test::expect(code == read.refusal || is_worse || is_for_readers, what, name(read.refusal), name(code));
}

void write(const std::filesystem::path& path, const StoreFiles& files, const Opened& read) {
  put_files(path, files);
  auto store = UserTagStore::open(path, {.durability = Durability::relaxed, .create_if_missing = false});
  if (!store) expect_refused_to_writers(store.error());
  expect_agreement("opening for writing", read, test::code_of(store), !files.wal.empty());
  if (!store) return;
  const auto proof = proof_of(*store);
  test::expect(proof == read.proof, "the proof of a writer", "that of a reader", "another");
  if (proof) expect_writable(path, *std::move(store), proof->revision);
}

void adopt(const std::filesystem::path& path, const StoreFiles& files, const Opened& read) {
  put_files(path, files);
  const auto seen = UserTagStore::adopt(path, {.dry_run = true});
  expect_untouched("a dry run", path, files);
  const auto done = UserTagStore::adopt(path);
  if (!done) expect_refused_to_writers(done.error());
  // It compares rows with the whole log, and finds more than an open, if both were forged.
  if (read.refusal && read.refusal != ErrorCode::foreign_write)
    test::expect(!done || !done->adopted, "adopting what is damaged", "refused", "done");
  // Where a file may be written, SQLite looks at CHECKs, too: that is found when its WAL has been moved into
  // it.
  if (seen && !done && !files.wal.empty()) return;
  if (!done || !done->adopted) return expect_untouched("an adoption that is refused", path, files);
  if (!read.refusal) return;   // what else there was to open, write() has opened
  auto store = test::must(UserTagStore::open(path), "the open after an adoption");
  if (const auto proof = proof_of(store)) expect_writable(path, std::move(store), proof->revision);
}

}   // namespace

void examine_files(const StoreFiles& files) {
  static const test::TempDir folder(test::memory_folder());
  const std::filesystem::path path = folder / "users.db";
  const Opened opened = read(path, files);
  follow(path, files, opened);
  write(path, files, opened);
  adopt(path, files, opened);
}

}   // namespace usertags::fuzz
