#include "store/write/request_digest.hpp"

#include <xxhash.h>

#include <bit>
#include <cstring>

namespace usertags::store {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

}   // namespace

void RequestDigester::add(std::uint64_t number) {
  image_.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void RequestDigester::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  image_.append(text);
}

void RequestDigester::add(const std::optional<std::string>& text) {
  image_ += text ? '\1' : '\0';
  if (text) add(std::string_view(*text));
}

void RequestDigester::add(const ApplyOptions& options) {
  image_ += options.expected_revision ? '\1' : '\0';
  if (options.expected_revision) add(*options.expected_revision);
}

void RequestDigester::add(const CreateView& write) {
  image_ += 'c';
  add(write.external_id);
  add(write.options);
  add(std::uint64_t{write.tags.size()});
  for (const auto& [key, value] : write.tags) {
    add(std::string_view(key));
    add(std::string_view(value));
  }
}

void RequestDigester::add(const PatchView& write) {
  image_ += 'p';
  add(write.user.text());
  add(write.options);
  add(std::uint64_t{write.batch.size()});
  for (const Operation& operation : write.batch.operations()) {
    image_ += static_cast<char>(operation.kind);
    image_ += operation.must_exist ? '\1' : '\0';
    add(std::string_view(operation.key));
    add(std::string_view(operation.value));
    add(operation.expected_value);
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
