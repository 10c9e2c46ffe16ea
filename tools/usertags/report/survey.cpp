#include "report/survey.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <system_error>
#include <tuple>
#include <utility>

#include "output/pages.hpp"
#include "terminal/progress.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kPage = 10'000;
constexpr std::size_t kMostNumbers = 1'000'000;   // different ones, of which a histogram is made
constexpr std::size_t kFewValues = 12;            // these are better shown one by one
constexpr std::uint64_t kMostBins = 20;
constexpr std::int64_t kMostOfNumber = std::int64_t{1} << 53;

std::size_t size_of(const User& user) {
  std::size_t size = user.external_id().size() + UserId::kCharacters;
  for (const Tag& tag : user.tags()) size += tag.key.size() + tag.value.size();
  return size;
}

// Keeps as many of `total` users as the table has room for, spread evenly.
class Sample {
 public:
  Sample(std::uint64_t total, std::vector<User>& users)
      : total_(std::max<std::uint64_t>(total, 1)),
        room_(std::min<std::uint64_t>(total_, Survey::kUsers)),
        users_(users) {}

  void add(const User& user) {
    const bool is_in = (seen_ + 1) * room_ / total_ != seen_ * room_ / total_;
    ++seen_;
    if (!is_in || chosen_++ % stride_ != 0) return;
    users_.push_back(user);
    bytes_ += size_of(user);
    if (bytes_ > Survey::kTableBytes) thin_out();
  }

 private:
  void thin_out() {
    stride_ *= 2;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < users_.size(); i += 2) users_[kept++] = users_[i];
    users_.erase(users_.begin() + static_cast<std::ptrdiff_t>(kept), users_.end());
    bytes_ = 0;
    for (const User& user : users_) bytes_ += size_of(user);
  }

  std::uint64_t total_;
  std::uint64_t room_;
  std::vector<User>& users_;
  std::uint64_t seen_ = 0;
  std::uint64_t chosen_ = 0;
  std::uint64_t stride_ = 1;
  std::size_t bytes_ = 0;
};

Result<void> look_at_users(const UserTagStore& store, Survey& found) {
  Sample sample(found.stats.users, found.users);
  Progress progress("users");
  UserPages pages(every_user(store));
  for (std::uint64_t seen = 0;;) {
    const auto page = pages.next();
    if (!page) return std::unexpected(page.error());
    if (page->users.empty()) return {};
    for (const User& user : page->users) {
      sample.add(user);
      const UserId id = user.id();
      found.created.add(creation_time(id), 0);
    }
    seen += page->users.size();
    progress.at(seen, static_cast<double>(seen) / static_cast<double>(found.stats.users));
  }
}

Result<void> look_at_keys(const UserTagStore& store, Survey& found) {
  Pages<KeyPage> pages([&](std::size_t limit, const std::optional<Cursor>& after) {
    return store.tag_keys({.limit = limit, .after = after});
  });
  for (;;) {
    const auto page = pages.next();
    if (!page) return std::unexpected(page.error());
    if (page->keys.empty()) break;
    found.keys.insert(found.keys.end(), page->keys.begin(), page->keys.end());
    std::ranges::sort(found.keys, [](const KeyCount& left, const KeyCount& right) {
      return std::tie(right.users, left.key) < std::tie(left.users, right.key);
    });
    if (found.keys.size() > Survey::kKeys) found.keys.resize(Survey::kKeys);
  }
  return {};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  if (number > kMostOfNumber || number < -kMostOfNumber) return {};
  return number;
}

// One pass over the values of a key.
class Values {
 public:
  explicit Values(const KeyCount& key) { found_.key = key.key, found_.users = key.users; }

  void add(const ValueCount& value) {
    ++found_.values;
    const auto place = std::ranges::upper_bound(found_.top, value.users, std::greater(), &ValueCount::users);
    found_.top.insert(place, value);
    if (found_.top.size() > Survey::kValues) found_.top.pop_back();
    const auto number = whole_number(value.value);
    are_numbers_ = are_numbers_ && number && numbers_.size() < kMostNumbers;
    if (are_numbers_) numbers_.emplace_back(*number, value.users);
  }

  KeySurvey finish() {
    if (are_numbers_ && numbers_.size() > kFewValues) {
      std::ranges::sort(numbers_);
      found_.histogram = histogram_of(numbers_);
    }
    return std::move(found_);
  }

 private:
  KeySurvey found_;
  bool are_numbers_ = true;
  std::vector<std::pair<std::int64_t, std::uint64_t>> numbers_;
};

Result<KeySurvey> look_at_values(const UserTagStore& store, const KeyCount& key) {
  Values values(key);
  Pages<ValuePage> pages([&](std::size_t limit, const std::optional<Cursor>& after) {
    return store.tag_values(key.key, {.limit = limit, .after = after});
  });
  for (;;) {
    const auto page = pages.next();
    if (!page) return std::unexpected(page.error());
    if (page->values.empty()) return values.finish();
    for (const ValueCount& value : page->values) values.add(value);
  }
}

Result<void> look_at_details(const UserTagStore& store, Survey& found) {
  for (const KeyCount& counted : found.keys) {
    if (found.details.size() == Survey::kKeysInDetail) break;
    auto detail = look_at_values(store, counted);
    if (!detail) return std::unexpected(detail.error());
    found.details.push_back(*std::move(detail));
  }
  return {};
}

Result<void> look_at_pairs(const UserTagStore& store, Survey& found) {
  const std::size_t keys = std::min(found.keys.size(), Survey::kKeysTogether);
  found.together.assign(keys, std::vector<std::uint64_t>(keys));
  for (std::size_t a = 0; a < keys; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const auto both = store.count(key(found.keys[a].key).exists() && key(found.keys[b].key).exists());
      if (!both) return std::unexpected(both.error());
      found.together[a][b] = found.together[b][a] = both->count;
    }
  }
  return {};
}

void take_in(const Change& change, Survey& found) {
  const auto kind = static_cast<std::size_t>(change.kind) - 1;
  if (kind >= found.kinds.size()) return;
  ++found.changes;
  ++found.kinds[kind];
  found.changed.add(change.at, kind);
  if (change.revision + Survey::kNewestChanges > found.stats.revision) found.newest.push_back(change);
}

// Up to what the rest of the survey shows; a writer may have gone on, and may prune meanwhile.
Result<void> look_at_log(const UserTagStore& store, Survey& found) {
  Progress progress("changes");
  Position position = store.position().at(found.stats.log_floor - 1);
  while (position.revision() < found.stats.revision) {
    const auto page = store.changes(position, kPage);
    if (!page) {
      if (page.error() != ErrorCode::history_pruned) return std::unexpected(page.error());
      position = store.position().at(*page.error().floor() - 1);
      continue;
    }
    if (page->changes.empty()) break;
    for (const Change& change : page->changes) {
      if (change.revision <= found.stats.revision) take_in(change, found);
    }
    position = page->next;
    progress.at(found.changes, {});
  }
  std::ranges::reverse(found.newest);
  return {};
}

// 1, 2, 5, 10, 20, 50, … at least `least`.
std::uint64_t round_width(std::uint64_t least) {
  for (std::uint64_t ten = 1;; ten *= 10) {
    for (const std::uint64_t factor : {1U, 2U, 5U}) {
      if (ten * factor >= least) return ten * factor;
    }
  }
}

std::int64_t median_of(const std::vector<std::pair<std::int64_t, std::uint64_t>>& values) {
  std::uint64_t users = 0;
  for (const auto& value : values) users += value.second;
  std::uint64_t below = 0;
  for (const auto& [number, many] : values) {
    below += many;
    if (below * 2 >= users) return number;
  }
  return values.back().first;
}

}   // namespace

TimeSeries::Time creation_time(std::string_view user_id) {
  static constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::int64_t time = 0;   // behind "user_": 48 bits of milliseconds, in the first 10 digits
  for (const char digit : user_id.substr(5, 10)) {
    time = time * 32 + static_cast<std::int64_t>(kDigits.find(digit));
  }
  return TimeSeries::Time(std::chrono::milliseconds(time));
}

Histogram histogram_of(const std::vector<std::pair<std::int64_t, std::uint64_t>>& values) {
  Histogram found{values.front().first, median_of(values), values.back().first, {}};
  const auto range = static_cast<std::uint64_t>(found.max - found.min) + 1;
  // One less than there may be: a round start can lie up to one bin below the least value.
  const auto width = static_cast<std::int64_t>(round_width((range + kMostBins - 2) / (kMostBins - 1)));
  std::int64_t start = found.min / width * width;
  if (start > found.min) start -= width;
  for (; start <= found.max; start += width) found.bins.push_back({start, start + width - 1});
  for (const auto& [number, users] : values) {
    found.bins[static_cast<std::size_t>((number - found.bins.front().from) / width)].users += users;
  }
  return found;
}

Result<Survey> survey(const UserTagStore& store) {
  Survey found;
  found.stats = store.stats();
  for (const auto look : {look_at_users, look_at_keys, look_at_details, look_at_pairs, look_at_log}) {
    if (const auto looked = look(store, found); !looked) return std::unexpected(looked.error());
  }
  return found;
}

}   // namespace usertags::command
