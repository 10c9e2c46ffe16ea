// What hosts were told in a simulated cluster, held against its log in the end.
#include <algorithm>
#include <utility>

#include "cluster/entry_codec.hpp"
#include "model/segment.hpp"
#include "store/store_access.hpp"
#include "support/answers.hpp"
#include "torture/cluster_world.hpp"

namespace usertags::torture {

struct ClusterWorld::Told {
  std::uint64_t newest = 0;                                    // revision
  std::map<std::string, std::vector<std::uint64_t>> changes;   // of users: revisions, ascending
  std::map<std::string, std::uint64_t> deleted;                // at
  std::map<std::uint64_t, std::string> patches;                // by revision
  std::set<std::uint64_t> deletions;
  std::map<std::string, std::uint64_t> tokens;   // their first answers
};

void ClusterWorld::check() {
  Told told;
  check_log(told);
  check_answers(told);
  check_sights(told);
  check_machines();
  tally_.add("entries", engine_.ever_put.size());
  tally_.add("parts", engine_.parts_ever_put.size());
  tally_.add("terms", engine_.state.head->head.term);
}

// One entry behind the other, without a gap, each on its chain; terms never fall; a token once.
void ClusterWorld::check_log(Told& told) {
  require(engine_.overwritten == 0, "an entry was put over another one");
  std::uint64_t entry_before = first_entry_;
  std::uint64_t term = 0;
  std::optional<std::uint64_t> chain;
  std::map<std::uint32_t, std::string> users = first_users_;
  told.newest = 3;
  for (std::uint64_t i = 0; i < 3; ++i) told.changes[user_name(i)].push_back(i + 1);
  for (const auto& [number, bytes] : engine_.ever_put) {
    ++entry_before;
    require(number == entry_before, "the log lacks entry " + std::to_string(entry_before));
    const auto part = [&](const cluster::Envelope& envelope, std::uint64_t entry, std::uint64_t index) {
      const auto found = engine_.parts_ever_put.find({entry, envelope.nonce, index});
      require(found != engine_.parts_ever_put.end(),
              "a part was never put of entry " + std::to_string(entry));
      return Result<std::string>(found->second);
    };
    const auto decoded = test::must(cluster::decode_entry(bytes, part));
    require(decoded.envelope.term >= term, "terms fall at entry " + std::to_string(number));
    require(!chain || decoded.entry.chain_before == *chain,
            "the chain breaks at entry " + std::to_string(number));
    require(decoded.entry.revision_before == told.newest,
            "revisions have a gap at entry " + std::to_string(number));
    term = decoded.envelope.term;
    chain = decoded.entry.chain;
    for (const store::Entry::Text& text : decoded.entry.segments) {
      model::SegmentDecoder decoder;
      const auto changes = decoder.changes({.first = text.first, .last = text.last, .entries = text.entries});
      require(changes.has_value(), "a segment cannot be read");
      for (const model::Change& change : *changes) {
        if (change.kind == ChangeKind::created) {
          model::PatchDecoder patch;
          users[change.ordinal] = patch.creation(change.patch)->external_id;
        }
        told.changes[users.at(change.ordinal)].push_back(change.revision);
        told.patches[change.revision] = change.patch;
        if (change.kind == ChangeKind::deleted) told.deletions.insert(change.revision);
      }
    }
    told.newest = decoded.entry.revision();
    for (const model::Token& token : decoded.entry.tokens)
      require(told.tokens.emplace(token.text, token.revision).second,
              "token " + std::string(token.text) + " is in the log twice");
  }
}

void ClusterWorld::check_answers(const Told& told) {
  for (const Operation& operation : done_) {
    const auto token = told.tokens.find(token_of(operation.id));
    const std::string name = "write " + std::to_string(operation.id);
    if (operation.kind == Operation::Kind::same) {
      if (operation.answer)
        sights_.push_back(
            {operation.user, operation.answer->revision, operation.acknowledged_before, told.newest});
      continue;
    }
    if (!operation.answer) {
      require(operation.may_be_applied || token == told.tokens.end(),
              name + " was refused, and is in the log");
      continue;
    }
    require(token != told.tokens.end(), name + " was acknowledged, and is not in the log");
    require(token->second == operation.answer->revision,
            name + " was answered with another revision than the log has");
    if (operation.kind == Operation::Kind::remove) {
      require(told.deletions.contains(token->second), name + " deleted nobody");
      continue;
    }
    const auto patch = told.patches.find(token->second);
    require(patch != told.patches.end() &&
                patch->second.find("\"op\":\"" + std::to_string(operation.id) + '"') != std::string::npos,
            name + " is not what the log has at its revision");
  }
}

// Who saw a user at a revision saw its last change up to there.
void ClusterWorld::check_sights(const Told& told) {
  for (const Sight& sight : sights_) {
    const auto found = told.changes.find(sight.user);
    const std::vector<std::uint64_t> none;
    const std::vector<std::uint64_t>& changes = found == told.changes.end() ? none : found->second;
    if (sight.revision) {
      require(std::ranges::find(changes, *sight.revision) != changes.end(),
              "somebody saw a change that never was");
      for (const std::uint64_t change : changes)
        require(change <= *sight.revision || change > sight.at_least,
                "somebody saw " + sight.user + " at " + std::to_string(*sight.revision) +
                    ", and missed change " + std::to_string(change) + " of the store at " +
                    std::to_string(sight.at_least));
      require(*sight.revision <= sight.up_to, "somebody saw a user of a later revision than the store's");
    } else {
      // At some moment from `at_least` on there was no such user.
      const auto last = std::ranges::upper_bound(changes, sight.at_least);
      const bool was_gone = last == changes.begin() || told.deletions.contains(*std::prev(last));
      const bool went = std::any_of(last, changes.end(),
                                    [&](std::uint64_t change) { return told.deletions.contains(change); });
      require(was_gone || went, "somebody missed " + sight.user);
    }
  }
}

void ClusterWorld::check_machines() {
  const cluster::Head& head = engine_.state.head->head;
  std::size_t leaders = 0;
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    Machine& machine = machines_[i];
    const std::string name = "machine " + std::to_string(i);
    require(machine.store != nullptr, name + " has not come back");
    const auto status = machine.replica->status();
    if (machine.replica->leads()) ++leaders;
    const sqlite::State state = store::StoreAccess::engine(*machine.store).state();
    require(state.entry == head.entry,
            name + " is at entry " + std::to_string(state.entry) + " of " + std::to_string(head.entry));
    require(state.entry_checksum == head.chain && state.digest.bytes() == head.digest &&
                state.revision == head.revision && state.last_token == head.last_token,
            name + " differs from the head");
    require(state.epoch == head.epoch, name + " has an epoch of its own");
    const VerifyReport report = test::must(machine.store->verify());
    require(
        report.problems.empty(),
        name + " is not sound: " + (report.problems.empty() ? std::string() : report.problems.front().what));
    require(status.fresh_at.has_value(), name + " does not know how fresh it is");
    require(test::must(machine.store->settings()) == test::must(machines_.front().store->settings()),
            name + " has other settings");
  }
  require(leaders == 1, std::to_string(leaders) + " machines lead");
}

}   // namespace usertags::torture
