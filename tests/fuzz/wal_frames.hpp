// A WAL taken apart into its frames, and put together again with salts and checksums that fit
// (sqlite.org/fileformat2.html, section 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace usertags::fuzz {

struct WalFrame {
  std::uint32_t page = 0;
  std::uint32_t pages_after_commit = 0;   // 0: of a frame that ends no transaction
  std::string content;

  bool operator==(const WalFrame&) const = default;
};

struct WalFrames {
  std::uint32_t page_bytes = 512;
  std::uint32_t checkpoint = 0;
  std::uint32_t salts[2] = {0, 0};
  std::vector<WalFrame> frames;

  // As far as there are whole frames; whether checksums fit is not asked.
  static WalFrames parse(std::string_view wal);
  std::string bytes() const;
};

}   // namespace usertags::fuzz
