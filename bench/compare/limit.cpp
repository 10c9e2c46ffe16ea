#include "limit.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "contenders.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {
namespace {

constexpr std::uint64_t kFileBytes = std::uint64_t{4} << 20;   // a WAL that is recycled
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

void check(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("limit: ") + what);
}

char* append(char* at, std::string_view text) {
  *at++ = static_cast<char>(text.size());
  return std::ranges::copy(text, at).out;
}

std::string_view read(const char*& at) {
  const std::string_view text(at + 1, static_cast<unsigned char>(*at));
  at += 1 + text.size();
  return text;
}

}   // namespace

Limit::Limit(const Place& place)
    : file_(open((place.folder / "bytes").c_str(), O_RDWR | O_CREAT, 0644)), page_(kFileBytes, 'x') {
  check(file_ >= 0, "the file cannot be made");
  check(pwrite(file_, page_.data(), kFileBytes, 0) == static_cast<ssize_t>(kFileBytes), "no room");
  check(fsync(file_) == 0, "fsync");
}

Limit::~Limit() {
  close(file_);
}

char* Limit::allocate(std::size_t bytes) {
  if (blocks_.empty() || block_used_ + bytes > kBlockBytes) {
    blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
    block_used_ = 0;
  }
  block_used_ += bytes;
  return blocks_.back().get() + block_used_ - bytes;
}

// A record: each text after its length, the external id first; a length of 0 at the end.
void Limit::load(std::span<const NewUser> users) {
  for (const NewUser& user : users) {
    std::size_t bytes = 2 + user.external_id.size();
    for (const auto& [key, value] : user.tags) bytes += 2 + key.size() + value.size();
    char* const record = allocate(bytes);
    char* at = append(record, user.external_id);
    for (const auto& [key, value] : user.tags) {
      at = append(append(at, key), value);
      Bitmap& bitmap = bitmaps_[std::string(key) + '=' + value];
      if (bitmap == nullptr) bitmap.reset(roaring_bitmap_create());
      roaring_bitmap_add(bitmap.get(), users_);
    }
    *at = 0;
    records_.insert(record);
    ++users_;
  }
}

void Limit::update(std::span<const Update> updates, std::span<Answer>) {
  std::uint64_t bytes = 0;
  for (const Update& update : updates)
    bytes += kFrameBytes + update.external_id.size() + update.key.size() + update.value.size();
  group_.write(bytes);
}

void Limit::write(std::uint64_t bytes) {
  bytes = std::min(bytes, kFileBytes);
  if (written_ + bytes > kFileBytes) written_ = 0;
  check(pwrite(file_, page_.data(), bytes, static_cast<off_t>(written_)) == static_cast<ssize_t>(bytes),
        "write");
  check(fdatasync(file_) == 0, "fdatasync");
  written_ += bytes;
}

Found Limit::find(std::string_view external_id) {
  const auto found = records_.find(external_id);
  if (found == records_.end()) return {};
  std::uint64_t sum = 0;
  const char* at = *found;
  read(at);
  while (*at != 0) {
    const std::string_view key = read(at);
    sum += tag_sum(key, read(at));
  }
  return {sum, sum};
}

std::uint64_t Limit::count(Tag one, Tag other) {
  const auto left = bitmaps_.find(std::string(one.key).append("=").append(one.value));
  const auto right = bitmaps_.find(std::string(other.key).append("=").append(other.value));
  if (left == bitmaps_.end() || right == bitmaps_.end()) return 0;
  return roaring_bitmap_and_cardinality(left->second.get(), right->second.get());
}

std::unique_ptr<Contender> make_limit(const Place& place) {
  return std::make_unique<Limit>(place);
}

}   // namespace usertags::bench
