#include <usertags/user.hpp>

#include "model/record.hpp"

namespace usertags {

TagIterator::TagIterator(const model::Record& record) noexcept
    : next_(record.tag_bytes()), remaining_(record.tag_count()) {
  if (remaining_ != 0) load();
}

void TagIterator::load() noexcept {
  tag_ = model::read_tag(next_);
}

std::size_t TagsView::size() const noexcept {
  return snapshot_ ? snapshot_.get()->tag_count() : 0;
}

// A User that was moved from has empty texts, revision 0, and no tags.
std::string_view User::id() const noexcept {
  return snapshot_ ? snapshot_.get()->id() : std::string_view();
}

std::string_view User::external_id() const noexcept {
  return snapshot_ ? snapshot_.get()->external_id() : std::string_view();
}

std::uint64_t User::revision() const noexcept {
  return snapshot_ ? snapshot_.get()->revision() : 0;
}

std::optional<TagValue> User::tag(std::string_view key) const noexcept {
  if (!snapshot_) return std::nullopt;
  const std::optional<std::string_view> value = snapshot_.get()->find(key);
  if (!value) return std::nullopt;
  return TagValue(snapshot_, *value);
}

bool operator==(const User& left, const User& right) noexcept {
  const model::Record* const one = left.snapshot_.get();
  const model::Record* const other = right.snapshot_.get();
  if (one == other) return true;
  return one != nullptr && other != nullptr && one->hashed_bytes() == other->hashed_bytes();
}

std::string_view UserView::id() const noexcept {
  return record_->id();
}
std::string_view UserView::external_id() const noexcept {
  return record_->external_id();
}
std::uint64_t UserView::revision() const noexcept {
  return record_->revision();
}

std::optional<std::string_view> UserView::tag(std::string_view key) const noexcept {
  return record_->find(key);
}

}   // namespace usertags
