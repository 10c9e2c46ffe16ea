#include "torture/crash_images.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "torture/scenes.hpp"

namespace usertags::torture {
namespace {

using Kind = DiskOperation::Kind;

DiskOperation create(std::size_t file, const char* name) {
  return {.kind = Kind::create, .file = file, .name = name};
}
DiskOperation remove(std::size_t file, const char* name, bool syncs_folder = false) {
  return {.kind = Kind::remove, .file = file, .name = name, .syncs_folder = syncs_folder};
}
DiskOperation write(std::size_t file, std::uint64_t offset, std::string bytes) {
  return {.kind = Kind::write, .file = file, .offset = offset, .bytes = std::move(bytes)};
}
DiskOperation truncate(std::size_t file, std::uint64_t size) {
  return {.kind = Kind::truncate, .file = file, .offset = size};
}
DiskOperation sync(std::size_t file, bool syncs_folder = false) {
  return {.kind = Kind::sync, .file = file, .syncs_folder = syncs_folder};
}
DiskOperation failed_sync(std::size_t file) {
  return {.kind = Kind::failed_sync, .file = file};
}

// The images after all of the operations, of the database "old" and what else is there: "old", "old|wal=…".
std::set<std::string> images_after(std::vector<DiskOperation> operations, DiskImage before = {{"", "old"}}) {
  const DiskRecord record{std::move(before), std::move(operations)};
  CrashPoint point(record);
  while (!point.at_end()) point.advance();
  std::mt19937_64 random(1);
  std::set<std::string> images;
  for_each_state(point, {.samples = 0}, random, [&](const CrashChoice& choice) {
    std::string text;
    for (const auto& [name, bytes] : point.image(choice)) {
      text += (text.empty() ? "" : "|") + (name.empty() ? "" : name + '=');
      for (const char byte : bytes) text += byte == '\0' ? '.' : byte;
    }
    images.insert(text);
  });
  return images;
}

using Images = std::set<std::string>;

TEST(CrashImages, WhatIsNotSyncedMayBeThereOrNot) {
  EXPECT_EQ(images_after({}), (Images{"old"}));
  EXPECT_EQ(images_after({write(0, 0, "new")}), (Images{"old", "new"}));
  EXPECT_EQ(images_after({write(0, 0, "A"), write(0, 2, "B")}), (Images{"old", "Ald", "olB", "AlB"}));
  EXPECT_EQ(images_after({write(0, 0, "A"), sync(0), write(0, 2, "B")}), (Images{"Ald", "AlB"}));
  EXPECT_EQ(images_after({write(0, 0, "A"), write(0, 2, "B"), sync(0)}), (Images{"AlB"}));
}

TEST(CrashImages, ALaterWriteOfTheSameBytesIsOverTheEarlier) {
  EXPECT_EQ(images_after({write(0, 0, "A"), write(0, 0, "B")}), (Images{"old", "Ald", "Bld"}));
  EXPECT_EQ(images_after({write(0, 0, "A"), sync(0), write(0, 0, "B")}), (Images{"Ald", "Bld"}));
}

TEST(CrashImages, AFileMayGrowBeforeItsBytesAreThere) {
  EXPECT_EQ(images_after({write(0, 3, "er")}), (Images{"old", "older", "old.."}));
  EXPECT_EQ(images_after({write(0, 4, "A"), sync(0)}), (Images{"old.A"}));
}

TEST(CrashImages, ATruncationMayBeThereOrNot) {
  EXPECT_EQ(images_after({truncate(0, 1)}), (Images{"old", "o"}));
  EXPECT_EQ(images_after({truncate(0, 0), write(0, 0, "n")}), (Images{"old", "nld", "", "n"}));
  EXPECT_EQ(images_after({truncate(0, 1), sync(0)}), (Images{"o"}));
}

TEST(CrashImages, ANameIsThereWhenItsFolderIsSynced) {
  EXPECT_EQ(images_after({create(1, "-wal")}), (Images{"old", "old|-wal="}));
  EXPECT_EQ(images_after({create(1, "-wal"), write(1, 0, "w"), sync(1)}), (Images{"old", "old|-wal=w"}));
  EXPECT_EQ(images_after({create(1, "-wal"), write(1, 0, "w"), sync(1, true)}), (Images{"old|-wal=w"}));
  const DiskImage both{{"", "old"}, {"-wal", "w"}};
  EXPECT_EQ(images_after({remove(1, "-wal")}, both), (Images{"old", "old|-wal=w"}));
  EXPECT_EQ(images_after({remove(1, "-wal", true)}, both), (Images{"old"}));
  EXPECT_EQ(images_after({remove(1, "-wal"), create(2, "-wal"), write(2, 0, "v"), sync(2)}, both),
            (Images{"old", "old|-wal=w", "old|-wal=v"}));
}

TEST(CrashImages, ASyncIsOfOneFile) {
  EXPECT_EQ(images_after({write(0, 0, "A"), write(1, 0, "B"), sync(1)}, {{"", "old"}, {"-wal", "w"}}),
            (Images{"old|-wal=B", "Ald|-wal=B"}));
}

TEST(CrashImages, AfterASyncThatFailedNoLaterSyncBringsItThere) {
  EXPECT_EQ(images_after({write(0, 0, "A"), failed_sync(0), sync(0)}), (Images{"old", "Ald"}));
  EXPECT_EQ(images_after({write(0, 0, "A"), failed_sync(0), write(0, 2, "B"), sync(0)}),
            (Images{"olB", "AlB"}));
  EXPECT_EQ(images_after({write(0, 0, "A"), failed_sync(0), write(0, 0, "A"), sync(0)}), (Images{"Ald"}))
      << "it was written again";
}

TEST(CrashImages, TheLastWriteTearsAtEverySector) {
  std::string bytes;
  for (int sector = 0; sector < 4; ++sector) bytes += std::string(512, static_cast<char>('1' + sector));
  const Images images = images_after({write(0, 0, bytes)}, {{"", std::string(2'048, 'o')}});
  EXPECT_EQ(images.size(), 5U);
  for (std::size_t sectors = 0; sectors <= 4; ++sectors) {
    EXPECT_TRUE(images.contains(bytes.substr(0, 512 * sectors) + std::string(2'048 - 512 * sectors, 'o')));
  }
}

TEST(CrashImages, OfManyOperationsThereAreBeginningsAllButOneAndSamples) {
  DiskRecord record{{{"", std::string(16, 'o')}}, {}};
  for (std::uint64_t i = 0; i < 16; ++i) record.operations.push_back(write(0, i, "n"));
  CrashPoint point(record);
  while (!point.at_end()) point.advance();
  EXPECT_EQ(point.open_operations(), 16U);
  std::mt19937_64 random(1);
  Images images;
  for_each_state(point, {.samples = 10}, random,
                 [&](const CrashChoice& choice) { images.insert(point.image(choice).at("")); });
  for (std::size_t i = 0; i <= 16; ++i)
    EXPECT_TRUE(images.contains(std::string(i, 'n') + std::string(16 - i, 'o')));
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(images.contains(std::string(16, 'n').replace(i, 1, "o")));
  EXPECT_GT(images.size(), 17U + 15U);
}

// With all that was written there, the images are those of the page cache: the files.
TEST(CrashImages, OfALifeEndWithItsFiles) {
  for (const Scene& scene : scenes()) {
    const Recorded recorded = live(scene, 7);
    CrashPoint point(recorded.record);
    while (!point.at_end()) point.advance();
    EXPECT_EQ(point.image_of_all(), recorded.end) << scene.name;
  }
}

}   // namespace
}   // namespace usertags::torture
