#include "fuzz/wal_frames.hpp"

#include <bit>

namespace usertags::fuzz {
namespace {

constexpr std::uint32_t kMagic = 0x377f'0682;   // of checksums over little-endian words
constexpr std::uint32_t kVersion = 3'007'000;
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return number;
}

void append_big_endian(std::uint32_t number, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

class Checksum {
 public:
  void add(std::string_view bytes) {   // of a multiple of 8
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      first_ += word(bytes, at) + second_;
      second_ += word(bytes, at + 4) + first_;
    }
  }
  void append_to(std::string& out) const {
    append_big_endian(first_, out);
    append_big_endian(second_, out);
  }

 private:
  static std::uint32_t word(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 4; i-- > 0;) number = number << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    return number;
  }

  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

}   // namespace

WalFrames WalFrames::parse(std::string_view wal) {
  WalFrames parsed;
  if (wal.size() < kHeaderBytes) return parsed;
  const std::uint32_t page_bytes = big_endian(wal, 8);
  if (std::has_single_bit(page_bytes) && page_bytes >= 512 && page_bytes <= 65'536)
    parsed.page_bytes = page_bytes;
  parsed.checkpoint = big_endian(wal, 12);
  parsed.salts[0] = big_endian(wal, 16);
  parsed.salts[1] = big_endian(wal, 20);
  const std::size_t frame_bytes = kFrameHeaderBytes + parsed.page_bytes;
  for (std::size_t at = kHeaderBytes; at + frame_bytes <= wal.size(); at += frame_bytes)
    parsed.frames.push_back({big_endian(wal, at), big_endian(wal, at + 4),
                             std::string(wal.substr(at + kFrameHeaderBytes, parsed.page_bytes))});
  return parsed;
}

std::string WalFrames::bytes() const {
  std::string wal;
  for (const std::uint32_t number : {kMagic, kVersion, page_bytes, checkpoint, salts[0], salts[1]})
    append_big_endian(number, wal);
  Checksum checksum;
  checksum.add(wal);
  checksum.append_to(wal);
  for (const WalFrame& frame : frames) {
    const std::size_t start = wal.size();
    append_big_endian(frame.page, wal);
    append_big_endian(frame.pages_after_commit, wal);
    checksum.add(std::string_view(wal).substr(start));
    checksum.add(frame.content);
    append_big_endian(salts[0], wal);
    append_big_endian(salts[1], wal);
    checksum.append_to(wal);
    wal += frame.content;
  }
  return wal;
}

}   // namespace usertags::fuzz
