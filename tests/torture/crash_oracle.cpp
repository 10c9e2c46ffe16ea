#include "torture/crash_oracle.hpp"

#include <xxhash.h>

#include <algorithm>

#include "support/answers.hpp"
#include "torture/row.hpp"

namespace usertags::torture {
namespace {

using test::must;
using test::told;

std::string hash_of(const DiskImage& image) {
  std::string hashes;
  for (const auto& [name, bytes] : image) {
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    hashes += name + ' ' + std::to_string(bytes.size()) + ' ';
    hashes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
  }
  return hashes;
}

void prove_itself(const UserTagStore& store) {
  const VerifyReport report = must(store.verify());
  require(report.ok(), report.ok() ? "" : "verify: " + report.problems.front().what);
}

}   // namespace

Options CrashOracle::options() {
  Options options;
  options.access = Access::exclusive;
  options.durability = Durability::relaxed;
  return options;
}

void CrashOracle::judge(const DiskImage& image, const Promise& promise) {
  const std::string hash = hash_of(image);
  auto known = found_.find(hash);
  if (known == found_.end()) known = found_.emplace(hash, open_and_prove(image)).first;
  const Found& found = known->second;
  require(found.why_gone.empty() || !promise.created, "the store is gone: " + found.why_gone);
  const std::string revision = "revision " + std::to_string(found.revision);
  require(found.revision >= promise.acknowledged, "an acknowledged write is lost: " + revision +
                                                      " instead of " + std::to_string(promise.acknowledged));
  require(found.revision <= promise.submitted, "a write is there that was not applied: " + revision +
                                                   " instead of " + std::to_string(promise.submitted));
  require(found.revision >= promise.shown.revision() || found.epoch != promise.shown.epoch(),
          "a revision that was shown comes again in the same epoch: the store is at " + revision +
              ", and has shown " + std::to_string(promise.shown.revision()));
  require(found.settings_version >= promise.settings_acknowledged, "acknowledged settings are lost");
  require(found.settings_version <= promise.settings_submitted, "settings are there that were not applied");
}

CrashOracle::Found CrashOracle::open_and_prove(const DiskImage& image) {
  disk_.put(path_, image);
  auto opened = UserTagStore::open(path_, options());
  require(opened.has_value(), "it does not open: " + told(opened));
  UserTagStore store = std::move(*opened);
  Found found{.revision = store.revision(), .epoch = store.position().epoch()};
  const auto feed = store.changes(past_.position.at(found.revision), 1);
  if (past_.position != Position() && !feed) found.why_gone = told(feed);
  prove_contents(store, past_);
  if (found.why_gone.empty()) prove_settings(store, found.settings_version);
  prove_token(store, past_);
  prove_itself(store);
  const auto created = store.create_user("after the power loss", {{"tier", "gold"}});
  require(created && created->revision == found.revision + 1, "it takes no write: " + told(created));
  return found;
}

void prove_contents(const UserTagStore& store, const Past& past) {
  const std::uint64_t revision = store.revision();
  const auto meant = past.contents.find(revision);
  require(meant != past.contents.end(), "no commit ends at revision " + std::to_string(revision));
  const Contents contents = contents_of(store);
  require(std::ranges::any_of(meant->second, [&](const Contents& one) { return agree(contents, one); }),
          "it holds something else than was written up to revision " + std::to_string(revision));
}

void prove_token(const UserTagStore& store, const Past& past) {
  const auto later = past.patches_with_tokens.upper_bound(store.revision());
  if (later == past.patches_with_tokens.begin()) return;
  const auto& [revision, patch] = *std::prev(later);
  const auto answer = store.plan(patch.user, patch.batch, patch.options);
  require(answer && answer->replayed && answer->revision == revision,
          "the token of revision " + std::to_string(revision) + " is not known: " + told(answer));
}

void CrashOracle::prove_settings(const UserTagStore& store, std::uint64_t& version) const {
  const StoredSettings settings = must(store.settings());
  version = settings.version;
  const auto meant = past_.settings.find(version);
  if (past_.position == Position()) return;
  require(meant != past_.settings.end() &&
              std::ranges::find(meant->second, static_cast<const Settings&>(settings)) != meant->second.end(),
          "it has settings that nobody made");
}

}   // namespace usertags::torture
