#include "cluster/etcd/etcd_log.hpp"

#include <algorithm>
#include <charconv>
#include <new>
#include <span>
#include <utility>

#include "cluster/etcd/errors.hpp"
#include "model/deadline.hpp"

namespace usertags::cluster::etcd {
namespace {

// --- Keys. ---

constexpr std::size_t kDigits = 16;

// 0: the key is not one of an entry.
std::uint64_t number_of(std::string_view key) {
  std::uint64_t number = 0;
  if (key.size() < kDigits) return 0;
  const char* begin = key.data() + key.size() - kDigits;
  const auto [end, error] = std::from_chars(begin, begin + kDigits, number, 16);
  return error == std::errc() && end == begin + kDigits ? number : 0;
}

struct Keys {
  explicit Keys(std::string its_prefix) : prefix(std::move(its_prefix)) {}
  std::string head() const { return prefix + "head"; }
  std::string leader() const { return prefix + "leader"; }
  std::string snapshot() const { return prefix + "snapshot"; }
  std::string entry(std::uint64_t number) const { return prefix + "log/" + hex(number); }
  std::string entries_end() const { return prefix + "log0"; }   // '0' follows '/'
  std::string parts_of(std::uint64_t number) const { return prefix + "part/" + hex(number); }
  std::string part(std::uint64_t number, const Id& nonce, std::uint64_t index) const {
    return parts_of(number) + '/' + hex(nonce) + '/' + hex(index);
  }
  std::string parts_end() const { return prefix + "part0"; }
  std::string member(const Id& node) const { return members() + hex(node); }
  std::string members() const { return prefix + "member/"; }

  Range all_entries() const { return {.key = prefix + "log/", .end = entries_end()}; }
  Range lowest() const {
    Range range = all_entries();
    range.limit = 1;
    range.keys_only = true;
    return range;
  }

  const std::string prefix;
};

std::uint64_t lowest_of(const Found& found) {
  return found.keys.empty() ? 0 : number_of(found.keys.front().key);
}

Result<std::optional<SeenHead>> head_of(const Found& found) {
  if (found.keys.empty()) return std::nullopt;
  const Result<Head> head = decode_head(found.keys.front().value);
  if (!head) return std::unexpected(head.error());
  return SeenHead{.head = *head, .version = found.keys.front().mod_revision};
}

// --- Time that is shared by several requests of one call. ---

class Within {
 public:
  explicit Within(Milliseconds within) : deadline_(model::deadline_in(within)) {}
  Milliseconds left() const {
    const auto left = std::chrono::ceil<Milliseconds>(deadline_ - std::chrono::steady_clock::now());
    return std::max(left, Milliseconds(0));
  }
  bool over() const { return left() == Milliseconds(0); }

 private:
  std::chrono::steady_clock::time_point deadline_;
};

Error too_late() {
  return Error(ErrorCode::timeout, Error::Details{.what = "etcd: others changed the key again and again"});
}

Attempt failed(Error error) {
  Attempt attempt;
  attempt.fate = Fate::failed;
  attempt.error = std::move(error);
  return attempt;
}
Attempt not_answered(Error error) {
  Attempt attempt = failed(std::move(error));
  attempt.fate = Fate::no_answer;
  return attempt;
}

class EtcdWatch final : public Watch {
 public:
  explicit EtcdWatch(std::unique_ptr<Watching> watching) : watching_(std::move(watching)) {}

  Event next(Milliseconds within) noexcept override {
    try {
      Watching::Event told = watching_->next(within);
      Event event{.entries = {}, .ended = told.ended.has_value()};
      for (KeyValue& put : told.puts)
        event.entries.push_back({.number = number_of(put.key), .bytes = std::move(put.value)});
      return event;
    } catch (const std::bad_alloc&) {   // what it has taken is lost for it: it may not go on
      watching_->end(Error(ErrorCode::out_of_memory));
      return {.entries = {}, .ended = true};
    }
  }

 private:
  std::unique_ptr<Watching> watching_;
};

class EtcdLog final : public Log {
 public:
  EtcdLog(std::shared_ptr<Client> client, std::string prefix)
      : client_(std::move(client)), keys_(std::move(prefix)) {}

  Result<std::optional<SeenHead>> read_head(Milliseconds within) noexcept override;
  Attempt found(const Head& head, Milliseconds within) noexcept override;
  Attempt append(const SeenHead& before, const Head& after, std::string_view entry,
                 const std::optional<LeaderPut>& leader, Milliseconds within) noexcept override;
  Attempt take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                    Milliseconds within) noexcept override;

  Result<Stretch> read_entries(std::uint64_t first, std::size_t bytes, Milliseconds within) noexcept override;
  std::unique_ptr<Watch> watch(std::int64_t position) noexcept override;
  Result<void> put_part(std::uint64_t entry, const Id& nonce, std::uint64_t index, std::string_view bytes,
                        Milliseconds within) noexcept override;
  Result<std::string> read_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                Milliseconds within) noexcept override;
  Result<void> sweep_parts(const SeenHead& head, Milliseconds within) noexcept override;
  Result<void> trim(std::uint64_t below, Milliseconds within) noexcept override;

  Result<Lease> grant_lease(Milliseconds length, Milliseconds within) noexcept override {
    return client_->grant(length, within);
  }
  Result<void> keep_lease(Lease lease, Milliseconds within) noexcept override {
    return client_->keep_alive(lease, within);
  }
  Result<void> revoke_lease(Lease lease, Milliseconds within) noexcept override {
    return client_->revoke(lease, within);
  }
  Result<std::optional<Leader>> read_leader(Milliseconds within) noexcept override;
  Result<bool> remove_leader(const Leader& leader, Milliseconds within) noexcept override;
  Result<void> put_member(const Member& member, Lease lease, Milliseconds within) noexcept override;
  Result<std::vector<Member>> read_members(Milliseconds within) noexcept override;
  Result<std::optional<Snapshot>> read_snapshot(Milliseconds within) noexcept override;
  Result<bool> advance_snapshot(const Snapshot& snapshot, Milliseconds within) noexcept override;
  Result<Usage> usage(Milliseconds within) noexcept override;
  void stop() noexcept override { client_->stop(); }

 private:
  // Makes an attempt whose head is `after`; `entry` is its number and bytes, where it is of one.
  struct Fenced {
    const Head& after;
    const LogEntry* entry;
  };
  std::vector<Compare> is_head(const SeenHead& head) const {
    return {{keys_.head(), head.version}, {keys_.head(), encode(head.head)}};
  }
  Attempt attempt(const Txn& txn, const Fenced& fenced, Milliseconds within);
  Attempt refused(const TxnAnswer& answer);
  Attempt settled(const Fenced& fenced, Error error, Milliseconds within);
  Result<Stretch> read_stretch(std::uint64_t first, std::size_t bytes, const Within& within);
  template <class Value>
  Result<std::optional<Value>> read_one(const std::string& key, Result<Value> (*decode)(std::string_view),
                                        Milliseconds within);

  const std::shared_ptr<Client> client_;
  const Keys keys_;
};

// --- The head. ---

Result<std::optional<SeenHead>> EtcdLog::read_head(Milliseconds within) noexcept {
  return guarded([&]() -> Result<std::optional<SeenHead>> {
    const Result<Found> found = client_->range({.key = keys_.head()}, within);
    if (!found) return std::unexpected(found.error());
    return head_of(*found);
  });
}

// A transaction that was refused has read, in order: the head; then the entry's key or the leader; the lowest entry.
Attempt EtcdLog::refused(const TxnAnswer& answer) {
  const Result<std::optional<SeenHead>> head = head_of(answer.found.at(0));
  Attempt attempt;
  attempt.fate = Fate::refused;
  if (!head)
    attempt.error = head.error();
  else
    attempt.head = *head;
  if (answer.found.size() < 3) return attempt;
  attempt.lowest = lowest_of(answer.found[2]);
  const std::vector<KeyValue>& second = answer.found[1].keys;
  if (second.empty()) return attempt;
  if (second.front().key != keys_.leader()) {
    attempt.entry = second.front().value;
  } else if (const Result<Leader> leader = decode_leader(second.front().value)) {
    attempt.leader = *leader;
  }
  return attempt;
}

Attempt EtcdLog::attempt(const Txn& txn, const Fenced& fenced, Milliseconds within) {
  const Within all(within);
  const auto answer = client_->txn(txn, within);
  if (!answer) {
    switch (answer.error().landed) {
      case NotAnswered::Landed::no: return failed(answer.error().error);
      case NotAnswered::Landed::unknown: return not_answered(answer.error().error);
      case NotAnswered::Landed::reading_tells: return settled(fenced, answer.error().error, all.left());
    }
  }
  try {
    if (!answer->succeeded) return refused(*answer);
    Attempt applied;
    applied.fate = Fate::applied;
    applied.head = SeenHead{.head = fenced.after, .version = answer->revision};
    return applied;
  } catch (const std::bad_alloc&) {
    return not_answered(Error(ErrorCode::out_of_memory));
  }
}

// etcd's quota was reached by this very attempt, which is applied then; or before it. What is there now tells. Only
// where it was overtaken meanwhile, it does not.
Attempt EtcdLog::settled(const Fenced& fenced, Error error, Milliseconds within) {
  const Within all(within);
  Attempt applied;
  applied.fate = Fate::applied;
  if (fenced.entry != nullptr) {
    const Result<Found> own = client_->range({.key = keys_.entry(fenced.entry->number)}, all.left());
    if (!own) return not_answered(std::move(error));
    if (!own->keys.empty() && own->keys.front().value == fenced.entry->bytes) {
      applied.head = SeenHead{.head = fenced.after, .version = own->keys.front().mod_revision};
      return applied;
    }
  }
  const Result<std::optional<SeenHead>> head = read_head(all.left());
  if (!head) return not_answered(std::move(error));
  if (*head && (*head)->head == fenced.after) {
    applied.head = *head;
    return applied;
  }
  const bool overtaken =
      *head && ((*head)->head.term > fenced.after.term || (*head)->head.entry > fenced.after.entry);
  return overtaken ? not_answered(std::move(error)) : failed(std::move(error));
}

Attempt EtcdLog::found(const Head& head, Milliseconds within) noexcept {
  try {
    const Txn txn{.when = {{keys_.head(), std::int64_t{0}}},
                  .then = {Put{keys_.head(), encode(head)}},
                  .otherwise = {Range{.key = keys_.head()}}};
    return attempt(txn, {.after = head, .entry = nullptr}, within);
  } catch (const std::bad_alloc&) {   // attempt() catches what is thrown behind its request
    return failed(Error(ErrorCode::out_of_memory));
  }
}

Attempt EtcdLog::append(const SeenHead& before, const Head& after, std::string_view entry,
                        const std::optional<LeaderPut>& leader, Milliseconds within) noexcept {
  try {
    const LogEntry its{.number = after.entry, .bytes = std::string(entry)};
    Txn txn{.when = is_head(before),
            .then = {Put{keys_.head(), encode(after)}, Put{keys_.entry(its.number), its.bytes}},
            .otherwise = {Range{.key = keys_.head()}, Range{.key = keys_.entry(its.number)}, keys_.lowest()}};
    txn.when.push_back({keys_.entry(its.number), std::int64_t{0}});
    if (leader) txn.then.emplace_back(Put{keys_.leader(), encode(leader->leader), leader->lease});
    return attempt(txn, {.after = after, .entry = &its}, within);
  } catch (const std::bad_alloc&) {
    return failed(Error(ErrorCode::out_of_memory));
  }
}

Attempt EtcdLog::take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                           Milliseconds within) noexcept {
  try {
    Txn txn{
        .when = is_head(before),
        .then = {Put{keys_.head(), encode(after)}, Put{keys_.leader(), encode(leader.leader), leader.lease}},
        .otherwise = {Range{.key = keys_.head()}, Range{.key = keys_.leader()}, keys_.lowest()}};
    txn.when.push_back({keys_.leader(), std::int64_t{0}});
    return attempt(txn, {.after = after, .entry = nullptr}, within);
  } catch (const std::bad_alloc&) {
    return failed(Error(ErrorCode::out_of_memory));
  }
}

// --- Entries. ---

Result<Stretch> EtcdLog::read_entries(std::uint64_t first, std::size_t bytes, Milliseconds within) noexcept {
  return guarded([&]() -> Result<Stretch> {
    const Within all(within);
    for (;;) {   // again, where it was compacted between two ranges
      Result<Stretch> stretch = read_stretch(first, bytes, all);
      if (stretch || stretch.error() != ErrorCode::history_pruned || all.over()) return stretch;
    }
  });
}

Result<Stretch> EtcdLog::read_stretch(std::uint64_t first, std::size_t bytes, const Within& within) {
  const Result<Found> at_head = client_->range({.key = keys_.head()}, within.left());
  if (!at_head) return std::unexpected(at_head.error());
  const Result<std::optional<SeenHead>> head = head_of(*at_head);
  if (!head) return std::unexpected(head.error());
  Stretch stretch;
  stretch.position = at_head->revision;
  stretch.newest = *head ? (*head)->head.entry : 0;

  Range lowest = keys_.lowest();
  lowest.revision = stretch.position;
  const Result<Found> at_lowest = client_->range(lowest, within.left());
  if (!at_lowest) return std::unexpected(at_lowest.error());
  stretch.lowest = lowest_of(*at_lowest);

  std::size_t got = 0;
  std::int64_t limit = 4;   // then as many as should fit, by the size of those that were read
  for (bool more = true; more && (got < bytes || stretch.entries.empty());) {
    Result<Found> found = client_->range({.key = keys_.entry(first + stretch.entries.size()),
                                          .end = keys_.entries_end(),
                                          .limit = limit,
                                          .revision = stretch.position},
                                         within.left());
    if (!found) return std::unexpected(found.error());
    more = found->more;
    for (KeyValue& each : found->keys) {
      if (number_of(each.key) != first + stretch.entries.size()) return stretch;
      if (got >= bytes && !stretch.entries.empty()) return stretch;
      got += each.value.size();
      stretch.entries.push_back({.number = number_of(each.key), .bytes = std::move(each.value)});
    }
    if (got == 0 || got >= bytes) continue;
    const std::size_t average = got / stretch.entries.size() + 1;
    limit = static_cast<std::int64_t>(std::clamp<std::size_t>((bytes - got) / average, 1, 1'000));
  }
  return stretch;
}

std::unique_ptr<Watch> EtcdLog::watch(std::int64_t position) noexcept {
  try {
    const Range entries = keys_.all_entries();
    return std::make_unique<EtcdWatch>(client_->watch(entries.key, entries.end, position + 1));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

Result<void> EtcdLog::put_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                               std::string_view bytes, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    const Txn txn{.when = {}, .then = {Put{keys_.part(entry, nonce, index), std::string(bytes)}}};
    const Result<TxnAnswer> put = client_->repeatable_txn(txn, within);
    if (!put) return std::unexpected(put.error());
    return {};
  });
}

Result<std::string> EtcdLog::read_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                       Milliseconds within) noexcept {
  return guarded([&]() -> Result<std::string> {
    Result<Found> found = client_->range({.key = keys_.part(entry, nonce, index)}, within);
    if (!found) return std::unexpected(found.error());
    if (found->keys.empty())
      return std::unexpected(
          Error(ErrorCode::corrupt_store,
                "the log names a part of entry " + std::to_string(entry) + " that is not there"));
    return std::move(found->keys.front().value);
  });
}

// One by one, by their names, which are never used again: a removal that lands late takes no part of a later attempt.
Result<void> EtcdLog::sweep_parts(const SeenHead& head, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    const Within all(within);
    const Result<Found> found = client_->range(
        {.key = keys_.parts_of(head.head.entry + 1), .end = keys_.parts_end(), .keys_only = true},
        all.left());
    if (!found) return std::unexpected(found.error());
    for (const KeyValue& each : found->keys) {
      const Result<TxnAnswer> erased =
          client_->repeatable_txn({.when = is_head(head), .then = {Erase{each.key}}}, all.left());
      if (!erased) return std::unexpected(erased.error());
      if (!erased->succeeded) return {};
    }
    return {};
  });
}

Result<void> EtcdLog::trim(std::uint64_t below, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    const Within all(within);
    for (const Erase& erase :
         {Erase{keys_.entry(0), keys_.entry(below)}, Erase{keys_.parts_of(0), keys_.parts_of(below)}})
      if (const Result<void> erased = client_->erase(erase, all.left()); !erased) return erased;
    const Result<Found> now = client_->range({.key = keys_.head(), .keys_only = true}, all.left());
    if (!now) return std::unexpected(now.error());
    return client_->compact(now->revision, all.left());
  });
}

// --- Who is there. ---

template <class Value>
Result<std::optional<Value>> EtcdLog::read_one(const std::string& key,
                                               Result<Value> (*decode)(std::string_view),
                                               Milliseconds within) {
  const Result<Found> found = client_->range({.key = key}, within);
  if (!found) return std::unexpected(found.error());
  if (found->keys.empty()) return std::nullopt;
  Result<Value> value = decode(found->keys.front().value);
  if (!value) return std::unexpected(value.error());
  return std::move(*value);
}

Result<std::optional<Leader>> EtcdLog::read_leader(Milliseconds within) noexcept {
  return guarded([&] { return read_one<Leader>(keys_.leader(), decode_leader, within); });
}

Result<std::optional<Snapshot>> EtcdLog::read_snapshot(Milliseconds within) noexcept {
  return guarded([&] { return read_one<Snapshot>(keys_.snapshot(), decode_snapshot, within); });
}

Result<bool> EtcdLog::remove_leader(const Leader& leader, Milliseconds within) noexcept {
  return guarded([&]() -> Result<bool> {
    const Txn txn{.when = {{keys_.leader(), encode(leader)}}, .then = {Erase{keys_.leader()}}};
    const auto answer = client_->txn(txn, within);
    if (!answer) return std::unexpected(answer.error().error);
    return answer->succeeded;
  });
}

Result<void> EtcdLog::put_member(const Member& member, Lease lease, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    const std::string key = keys_.member(member.node);
    for (const Within all(within); !all.over();) {
      const Result<Found> found = client_->range({.key = key}, all.left());
      if (!found) return std::unexpected(found.error());
      if (!found->keys.empty()) {
        const Result<Member> there = decode_member(found->keys.front().value);
        if (!there) return std::unexpected(there.error());
        if (there->process != member.process && there->process != Id{})
          return std::unexpected(
              Error(ErrorCode::cluster_member,
                    Error::Details{
                        .what = "another process, at \"" + there->address + "\", has this node's file open",
                        .remedy = "a copy of a node's file becomes a node of its own before it is opened"}));
      }
      const std::int64_t seen = found->keys.empty() ? 0 : found->keys.front().mod_revision;
      const Result<TxnAnswer> put = client_->repeatable_txn(
          {.when = {{key, seen}}, .then = {Put{key, encode(member), lease}}}, all.left());
      if (!put) return std::unexpected(put.error());
      if (put->succeeded) return {};
    }
    return std::unexpected(too_late());
  });
}

Result<std::vector<Member>> EtcdLog::read_members(Milliseconds within) noexcept {
  return guarded([&]() -> Result<std::vector<Member>> {
    const Result<Found> found =
        client_->range({.key = keys_.members(), .end = end_of_prefix(keys_.members())}, within);
    if (!found) return std::unexpected(found.error());
    std::vector<Member> members;
    for (const KeyValue& each : found->keys) {
      Result<Member> member = decode_member(each.value);
      if (!member) return std::unexpected(member.error());
      members.push_back(std::move(*member));
    }
    return members;
  });
}

Result<bool> EtcdLog::advance_snapshot(const Snapshot& snapshot, Milliseconds within) noexcept {
  return guarded([&]() -> Result<bool> {
    for (const Within all(within); !all.over();) {
      const Result<Found> found = client_->range({.key = keys_.snapshot()}, all.left());
      if (!found) return std::unexpected(found.error());
      if (!found->keys.empty()) {
        const Result<Snapshot> there = decode_snapshot(found->keys.front().value);
        if (!there) return std::unexpected(there.error());
        if (*there == snapshot) return true;   // by an attempt that was not answered
        if (there->entry >= snapshot.entry) return false;
      }
      const std::int64_t seen = found->keys.empty() ? 0 : found->keys.front().mod_revision;
      const Result<TxnAnswer> put = client_->repeatable_txn(
          {.when = {{keys_.snapshot(), seen}}, .then = {Put{keys_.snapshot(), encode(snapshot)}}},
          all.left());
      if (!put) return std::unexpected(put.error());
      if (put->succeeded) return true;
    }
    return std::unexpected(too_late());
  });
}

Result<Usage> EtcdLog::usage(Milliseconds within) noexcept {
  const Result<Status> status = client_->status(within);
  if (!status) return std::unexpected(status.error());
  return Usage{.bytes = status->bytes, .in_use = status->bytes_in_use};
}

}   // namespace

std::unique_ptr<Log> make_log(std::shared_ptr<Client> client, std::string prefix) {
  return std::make_unique<EtcdLog>(std::move(client), std::move(prefix));
}

}   // namespace usertags::cluster::etcd
