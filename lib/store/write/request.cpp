#include "store/write/request.hpp"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "model/bytes.hpp"

namespace usertags::store {

namespace {

struct Viewer {
  WriteView operator()(const CreateUser& write) const noexcept {
    return CreateView{write.external_id, write.tags, write.options};
  }
  WriteView operator()(const EnsureUser& write) const noexcept {
    return CreateView{write.external_id, write.tags_if_created, write.options, true};
  }
  WriteView operator()(const PatchUser& write) const noexcept {
    return PatchView{write.user, write.batch, write.options};
  }
  WriteView operator()(const DeleteUser& write) const noexcept {
    return DeleteView{write.user, write.options};
  }
};

template <class AnyWrite>
const std::optional<Request::Deadline>& deadline_of(const AnyWrite& write) noexcept {
  return std::visit([](const auto& one) -> const auto& { return one.options.deadline; }, write);
}

std::optional<Request::Deadline> first_deadline(std::span<const Write> writes) noexcept {
  std::optional<Request::Deadline> first;
  for (const Write& write : writes) {
    const auto& deadline = deadline_of(write);
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  return first;
}

template <class AnyWrite>
std::optional<Request::Deadline> last_deadline(std::span<const AnyWrite> writes) noexcept {
  std::optional<Request::Deadline> last;
  for (const AnyWrite& write : writes) {
    const auto& deadline = deadline_of(write);
    if (!deadline) return std::nullopt;
    if (!last || *deadline > *last) last = deadline;
  }
  return last;
}

}   // namespace

WriteView view(const Write& write) noexcept {
  return std::visit(Viewer{}, write);
}

UserRef user_of(const WriteView& write) noexcept {
  return std::visit([](const auto& one) { return one.named(); }, write);
}

const ApplyOptions& options_of(const WriteView& write) noexcept {
  return std::visit([](const auto& one) -> const ApplyOptions& { return one.options; }, write);
}

Request::Request(const WriteView& write, Result<Applied>& outcome) noexcept
    : single_(write), outcomes_(&outcome, 1), kind_(Kind::one), deadline_(options_of(write).deadline) {}

Request::Request(Kind kind, std::span<const Write> writes, std::span<Result<Applied>> outcomes) noexcept
    : many_(writes),
      outcomes_(outcomes),
      kind_(kind),
      deadline_(kind == Kind::all ? first_deadline(writes) : last_deadline(writes)) {}

Request::Request(std::span<const WriteView> writes, std::span<Result<Applied>> outcomes) noexcept
    : views_(writes), outcomes_(outcomes), kind_(Kind::each), deadline_(last_deadline(writes)) {}

void RequestDigester::add(std::uint64_t number) {
  model::append_number(number, image_);
}

void RequestDigester::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  image_.append(text);
}

void RequestDigester::add(const std::optional<std::string>& text) {
  image_ += text ? '\1' : '\0';
  if (text) add(std::string_view(*text));
}

// All members are named, here and of operations, so that a new one does not compile before it is known whether it
// is part of the request. Token, note and deadline are not.
void RequestDigester::add(const ApplyOptions& options) {
  const auto& [expected_revision, token, note, deadline] = options;
  image_ += expected_revision ? '\1' : '\0';
  if (expected_revision) add(*expected_revision);
}

void RequestDigester::add(const CreateView& write) {
  image_ += write.or_find ? 'e' : 'c';
  add(write.external_id);
  add(write.options);
  add(std::uint64_t{write.tags.size()});
  for (const auto& [key, value] : write.tags) {
    add(std::string_view(key));
    add(std::string_view(value));
  }
}

void RequestDigester::add(const PatchView& write) {
  using enum OperationKind;   // in digests that files keep
  static_assert(static_cast<int>(create) == 0 && static_cast<int>(update) == 1 &&
                static_cast<int>(set) == 2 && static_cast<int>(erase) == 3);
  image_ += write.is_decided ? 'm' : 'p';
  add(write.user.text());
  if (write.is_decided) return;
  add(write.options);
  add(std::uint64_t{write.batch.size()});
  for (const auto& [kind, must_exist, key, value, expected_value] : write.batch.operations()) {
    image_ += static_cast<char>(kind);
    image_ += must_exist ? '\1' : '\0';
    add(std::string_view(key));
    add(std::string_view(value));
    add(expected_value);
  }
}

void RequestDigester::add(const DeleteView& write) {
  image_ += 'd';
  add(write.user.text());
  add(write.options);
}

model::RequestDigest RequestDigester::operator()(const WriteView& write) {
  image_.clear();
  std::visit([this](const auto& view) { add(view); }, write);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(image_.data(), image_.size()));
  model::RequestDigest digest;
  static_assert(sizeof canonical.digest == sizeof digest);
  std::memcpy(digest.data(), canonical.digest, sizeof digest);
  return digest;
}

}   // namespace usertags::store
