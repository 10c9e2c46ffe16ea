// Limit: what physics allows. It is no store.
//
//   update   what any log of the updates has to hold (their texts, and kFrameBytes each) over a preallocated, synced file,
//            and fdatasync(); nothing is judged, and nothing is changed. Threads share syncs (bare_group.hpp)
//   find     one look-up in a flat hash table of bare records, and a touch of the record
//   count    the raw operation of CRoaring on two bitmaps
//
// Tuned: records lie in one piece of memory in the order of loading; a slot of the table is a pointer.
#pragma once

#include <roaring/roaring.h>
#include <xxhash.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bare_group.hpp"
#include "contender.hpp"

namespace usertags::bench {

class Limit final : public Contender {
 public:
  explicit Limit(const Place& place);
  ~Limit() override;

  void load(std::span<const NewUser> users) override;
  void finish_load() override {}
  void update(std::span<const Update> updates, std::span<Answer> answers) override;
  Found find(std::string_view external_id) override;
  std::uint64_t count(Tag one, Tag other) override;
  bool takes_threads() const override { return true; }

  static constexpr std::uint64_t kFrameBytes =
      24;   // of each update: its place in the order, its time, a checksum

 private:
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(std::string_view external_id) const noexcept {
      return XXH3_64bits(external_id.data(), external_id.size());
    }
    std::size_t operator()(const char* record) const noexcept { return (*this)(external_id_of(record)); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const char* one, const char* other) const noexcept { return one == other; }
    bool operator()(std::string_view external_id, const char* record) const noexcept {
      return external_id == external_id_of(record);
    }
    bool operator()(const char* record, std::string_view external_id) const noexcept {
      return external_id == external_id_of(record);
    }
  };
  struct FreeBitmap {
    void operator()(roaring_bitmap_t* bitmap) const { roaring_bitmap_free(bitmap); }
  };
  using Bitmap = std::unique_ptr<roaring_bitmap_t, FreeBitmap>;

  static std::string_view external_id_of(const char* record) noexcept {
    return {record + 1, static_cast<unsigned char>(*record)};
  }
  char* allocate(std::size_t bytes);
  void write(std::uint64_t bytes);

  int file_;
  std::uint64_t written_ = 0;
  std::vector<char> page_;
  BareGroup group_{[this](std::uint64_t bytes) { write(bytes); }};
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_used_ = 0;
  boost::unordered_flat_set<const char*, Hash, Equal> records_;
  boost::unordered_flat_map<std::string, Bitmap> bitmaps_;
  std::uint32_t users_ = 0;
};

}   // namespace usertags::bench
