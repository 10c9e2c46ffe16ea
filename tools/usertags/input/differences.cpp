#include "input/differences.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace usertags::command {

namespace {

constexpr std::uint64_t kHashes = std::uint64_t{1} << 32;

// FNV-1a, its upper half: the same in every run.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return hash >> 32;
}

// What keeping it takes, more or less.
std::size_t bytes_of(const User& user) {
  std::size_t bytes = 200 + 2 * user.external_id().size();
  for (const auto& [key, value] : user.tags()) bytes += 2 + key.size() + value.size();
  return bytes;
}

// What becomes of tags: both are sorted by key.
std::vector<TagChange> changes_of(const User* before, const User* after) {
  std::vector<TagChange> changes;
  const TagsView old_tags = before != nullptr ? before->tags() : after->tags();
  const TagsView new_tags = after != nullptr ? after->tags() : before->tags();
  auto old = before != nullptr ? old_tags.begin() : old_tags.end();
  auto now = after != nullptr ? new_tags.begin() : new_tags.end();
  while (old != old_tags.end() || now != new_tags.end()) {
    const bool is_removed = now == new_tags.end() || (old != old_tags.end() && old->key < now->key);
    const bool is_new = old == old_tags.end() || (now != new_tags.end() && now->key < old->key);
    if (is_removed) {
      changes.push_back({std::string(old->key), std::nullopt, std::string(old->value)});
    } else if (is_new) {
      changes.push_back({std::string(now->key), std::string(now->value), std::nullopt});
    } else if (old->value != now->value) {
      changes.push_back({std::string(now->key), std::string(now->value), std::string(old->value)});
    }
    if (!is_new) ++old;
    if (!is_removed) ++now;
  }
  return changes;
}

class Comparing {
 public:
  Comparing(const Comparison& how, const std::function<void(const Change&)>& found)
      : how_(how), found_(found) {}

  // Keeps users with hashes from `low` on; answers the first that has no room.
  Result<std::uint64_t> keep(const Inspector& first, std::uint64_t low) {
    kept_.clear();
    bytes_ = 0;
    std::uint64_t end = kHashes;
    std::uint64_t order = 0;
    const auto visited = first.for_each([&](const User& user) {
      const std::uint64_t hash = hash_of(user.external_id());
      if (hash < low || hash >= end) return;
      bytes_ += bytes_of(user);
      kept_.try_emplace(std::string(user.external_id()), Kept{user, hash, order++});
      if (bytes_ > how_.bytes) end = let_go_of_a_half(end);
    });
    if (!visited) return std::unexpected(visited.error());
    note_moment(first_revision_, visited->revision);
    return end;
  }

  // Compares users of these hashes with those that are kept.
  Result<void> meet(const Inspector& second, std::uint64_t low, std::uint64_t end) {
    const auto visited = second.for_each([&](const User& user) {
      const std::uint64_t hash = hash_of(user.external_id());
      if (hash < low || hash >= end) return;
      const auto before = kept_.find(std::string(user.external_id()));
      if (before == kept_.end()) return tell(nullptr, &user);
      tell(&before->second.user, &user);
      kept_.erase(before);
    });
    if (!visited) return std::unexpected(visited.error());
    note_moment(second_revision_, visited->revision);
    return {};
  }

  // Of those who were kept, and did not meet anybody.
  void tell_left() {
    std::vector<const Kept*> left;
    left.reserve(kept_.size());
    for (const auto& [name, kept] : kept_) left.push_back(&kept);
    std::ranges::sort(left, {}, &Kept::order);
    for (const Kept* kept : left) tell(&kept->user, nullptr);
  }

  const Compared& result() const { return result_; }

 private:
  struct Kept {
    User user;
    std::uint64_t hash;
    std::uint64_t order;
  };

  std::uint64_t let_go_of_a_half(std::uint64_t end) {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(kept_.size());
    for (const auto& [name, kept] : kept_) hashes.push_back(kept.hash);
    const auto middle = hashes.begin() + static_cast<std::ptrdiff_t>(hashes.size() / 2);
    std::ranges::nth_element(hashes, middle);
    if (*middle == *std::ranges::min_element(hashes)) return end;   // as few as can be told apart
    const std::uint64_t new_end = *middle;
    std::erase_if(kept_, [&](const auto& entry) { return entry.second.hash >= new_end; });
    bytes_ = 0;
    for (const auto& [name, kept] : kept_) bytes_ += bytes_of(kept.user);
    return new_end;
  }

  void note_moment(std::optional<std::uint64_t>& known, std::uint64_t revision) {
    if (known && *known != revision) result_.at_one_moment = false;
    known = revision;
  }

  void tell(const User* before, const User* after) {
    ++result_.users;
    Change change;
    change.tags = changes_of(before, after);
    change.kind = before == nullptr  ? ChangeKind::created
                  : after == nullptr ? ChangeKind::deleted
                                     : ChangeKind::patched;
    const bool is_same = change.kind == ChangeKind::patched && change.tags.empty() &&
                         (!how_.exact || (std::string(before->id()) == std::string(after->id()) &&
                                          before->revision() == after->revision()));
    if (is_same) return;
    ++result_.different;
    const User& shown = after != nullptr ? *after : *before;
    change.user_id = shown.id();
    change.external_id = shown.external_id();
    change.revision = shown.revision();
    found_(change);
  }

  const Comparison& how_;
  const std::function<void(const Change&)>& found_;
  std::unordered_map<std::string, Kept> kept_;   // by external id
  std::size_t bytes_ = 0;
  std::optional<std::uint64_t> first_revision_;
  std::optional<std::uint64_t> second_revision_;
  Compared result_;
};

}   // namespace

Result<Compared> compare(const Inspector& first, const Inspector& second, const Comparison& how,
                         const std::function<void(const Change&)>& found) {
  Comparing comparing(how, found);
  for (std::uint64_t low = 0; low < kHashes;) {
    const auto end = comparing.keep(first, low);
    if (!end) return std::unexpected(end.error());
    if (const auto met = comparing.meet(second, low, *end); !met) return std::unexpected(met.error());
    comparing.tell_left();
    low = *end;
  }
  return comparing.result();
}

}   // namespace usertags::command
