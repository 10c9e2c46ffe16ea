#include "store/read/membership.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/selector_slices.hpp"
#include "model/position.hpp"
#include "model/record.hpp"
#include "selector/matching.hpp"

namespace usertags::store {
namespace {

constexpr std::size_t kPageChanges = 10'000;

Error unknown_before(std::string what) {
  return {ErrorCode::history_pruned,
          Error::Details{.what = std::move(what), .remedy = "select anew, and go on from position()"}};
}

// A key that the selector asks about.
struct TagThen {
  bool is_known = false;
  std::optional<std::string> at_start{};
  std::optional<std::string> at_end{};
};

struct Touched {
  std::string external_id;
  bool was_there;
  bool is_there;
  std::vector<TagThen> tags;   // as keys
};

class Members {
 public:
  explicit Members(const selector::Node& selector)
      : selector_(selector), keys_(selector::keys_of(selector)) {}

  // A change between start and end, in order. False: it does not tell what is asked.
  bool take(const Change& change);
  // What today's records say of users who are there at both ends.
  void ask(const index::Projection& projection);
  // A change behind the end, in order: it knows better than a record.
  bool take_back(const Change& change);

  void tell(const MembershipVisitor& function) const;

 private:
  // What the change says of a key: nothing, or the tag before and after.
  const TagChange* told(const Change& change, std::size_t key);
  bool concerns(const Change& change);
  bool means(const Touched& user, std::optional<std::string> TagThen::* moment) const;

  const selector::Node& selector_;
  const std::vector<std::string> keys_;
  std::map<std::string, Touched, std::less<>> users_;   // by id: in the order of creation
  std::map<std::string, std::vector<std::optional<std::string>>, std::less<>> asked_;
  TagChange absent_{};
};

const TagChange* Members::told(const Change& change, std::size_t key) {
  const auto found = std::ranges::lower_bound(change.tags, keys_[key], {}, &TagChange::key);
  if (found != change.tags.end() && found->key == keys_[key]) return &*found;
  // Creations, deletions and what was adopted name all tags.
  return change.kind == ChangeKind::patched && change.before_known ? nullptr : &absent_;
}

bool Members::concerns(const Change& change) {
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    if (told(change, key) != nullptr) return true;
  }
  return change.kind != ChangeKind::patched;
}

bool Members::take(const Change& change) {
  if (!concerns(change)) return true;
  const auto [found, is_new] = users_.try_emplace(change.user_id);
  Touched& user = found->second;
  if (is_new) {
    user.external_id = change.external_id;
    user.was_there = change.kind != ChangeKind::created;
    user.tags.resize(keys_.size());
  }
  user.is_there = change.kind != ChangeKind::deleted;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const TagChange* const tag = told(change, key);
    if (tag == nullptr) continue;
    TagThen& then = user.tags[key];
    if (!then.is_known) {
      if (!change.before_known) return false;
      then = {.is_known = true, .at_start = tag->before};
    }
    then.at_end = tag->value;
  }
  return true;
}

void Members::ask(const index::Projection& projection) {
  for (const auto& [id, user] : users_) {
    if (std::ranges::all_of(user.tags, &TagThen::is_known)) continue;
    auto& values = asked_[id];
    values.resize(keys_.size());
    projection.visit(UserRef::id(id), [&](const model::Record& record) {
      for (std::size_t key = 0; key < keys_.size(); ++key) {
        const auto value = record.find(keys_[key]);
        values[key] = value ? std::optional<std::string>(*value) : std::nullopt;
      }
    });
  }
}

bool Members::take_back(const Change& change) {
  const auto asked = asked_.find(change.user_id);
  if (asked == asked_.end()) return true;
  Touched& user = users_.find(change.user_id)->second;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    TagThen& then = user.tags[key];
    const TagChange* const tag = told(change, key);
    if (then.is_known || tag == nullptr) continue;
    if (!change.before_known) return false;
    then = {.is_known = true, .at_start = tag->before, .at_end = tag->before};
  }
  return true;
}

bool Members::means(const Touched& user, std::optional<std::string> TagThen::* moment) const {
  return selector::matches(selector_, [&](std::string_view key) -> std::optional<std::string_view> {
    const auto place = static_cast<std::size_t>(std::ranges::lower_bound(keys_, key) - keys_.begin());
    return user.tags[place].*moment;
  });
}

void Members::tell(const MembershipVisitor& function) const {
  for (const auto& [id, touched] : users_) {
    Touched user = touched;
    if (const auto asked = asked_.find(id); asked != asked_.end()) {
      for (std::size_t key = 0; key < keys_.size(); ++key) {
        if (user.tags[key].is_known) continue;
        user.tags[key] = {.is_known = true, .at_start = asked->second[key], .at_end = asked->second[key]};
      }
    }
    const bool was_meant = user.was_there && means(user, &TagThen::at_start);
    const bool is_meant = user.is_there && means(user, &TagThen::at_end);
    if (was_meant == is_meant) continue;
    function(
        {is_meant ? MembershipChange::Kind::entered : MembershipChange::Kind::left, id, touched.external_id});
  }
}

// The log from a position on, at least up to `end`, change by change.
template <class Function>
std::optional<Error> walk(Feed& feed, Position position, std::uint64_t end, std::uint64_t epoch,
                          const AskOptions& options, Function&& take) {
  while (position.revision() < end) {
    index::require_before(options.deadline);
    const auto page = feed.changes(position, kPageChanges);
    if (!page) return page.error();
    if (page->next.epoch() != epoch) return unknown_before("the store is in another epoch by now");
    if (page->changes.empty()) return future_revision(end, position.revision());
    for (const Change& change : page->changes) {
      if (!take(change)) {
        return unknown_before("what was before the adopted change " + std::to_string(change.revision) +
                              " is not known");
      }
    }
    position = page->next;
  }
  return std::nullopt;
}

}   // namespace

Result<Position> membership_changes(Feed& feed, const index::Projection& projection,
                                    const selector::Node& selector, const Position& after,
                                    const AskOptions& options, const MembershipVisitor& function) {
  const Position end = feed.position();
  if (auto error = feed.bad_position(after)) return std::unexpected(*std::move(error));
  if (after.revision() > end.revision())
    return std::unexpected(future_revision(after.revision(), end.revision()));
  if (!model::PositionAccess::is_of_no_store(after) && after.epoch() != end.epoch())
    return std::unexpected(unknown_before("the position is of another epoch"));

  Members members(selector);
  const auto forward = [&](const Change& change) {
    return change.revision > end.revision() || members.take(change);
  };
  if (auto error = walk(feed, after, end.revision(), end.epoch(), options, forward))
    return std::unexpected(*std::move(error));

  members.ask(projection);
  const auto back = [&](const Change& change) { return members.take_back(change); };
  const std::uint64_t now = projection.visible_revision();
  if (auto error = walk(feed, end, now, end.epoch(), options, back))
    return std::unexpected(*std::move(error));
  members.tell(function);
  return end;
}

}   // namespace usertags::store
