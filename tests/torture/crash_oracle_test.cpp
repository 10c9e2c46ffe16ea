#include "torture/crash_oracle.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/temp_dir.hpp"
#include "torture/crash_images.hpp"
#include "torture/row.hpp"
#include "torture/scenes.hpp"

namespace usertags::torture {
namespace {

class CrashOracleTest : public testing::Test {
 protected:
  // The disk when the last write was acknowledged.
  static DiskImage image_of(const Recorded& life) {
    CrashPoint point(life.record);
    while (point.passed() < life.past.promises.back().from) point.advance();
    return point.image_of_all();
  }

  // What the oracle says of an image at the end of a life; "" where it is content.
  std::string verdict(const Recorded& life, const DiskImage& image) {
    return verdict(life.past, image, life.past.promises.back());
  }
  std::string verdict(const Past& past, const DiskImage& image, const Promise& promise) {
    MemoryDisk disk;
    CrashOracle oracle(disk, folder_ / "crashed", past);
    try {
      oracle.judge(image, promise);
      return "";
    } catch (const Finding& found) {
      return found.what();
    }
  }

  const test::TempDir folder_{test::memory_folder()};
  const Scene& scene_ = scenes()[2];
  const Recorded life_ = live(scene_, 1);
};

TEST_F(CrashOracleTest, IsContentWithAStoreAsItWas) {
  EXPECT_EQ(verdict(life_, image_of(life_)), "");
  EXPECT_EQ(verdict(life_, life_.end), "");
}

TEST_F(CrashOracleTest, MissesWhatWasAcknowledged) {
  DiskImage image = image_of(life_);
  image.erase("-wal");
  EXPECT_TRUE(verdict(life_, image).starts_with("an acknowledged write is lost")) << verdict(life_, image);
  EXPECT_TRUE(verdict(life_, {}).starts_with("the store is gone: invalid_argument")) << verdict(life_, {});
}

TEST_F(CrashOracleTest, SeesWhatWasNeverApplied) {
  Promise promise = life_.past.promises.back();
  promise.acknowledged = promise.submitted = promise.submitted - 1;
  EXPECT_TRUE(verdict(life_.past, life_.end, promise).starts_with("a write is there that was not applied"));
}

TEST_F(CrashOracleTest, SeesOtherContents) {
  Recorded life = life_;
  life.past.contents.at(life.past.promises.back().acknowledged).front().begin()->second.tags["x"] = "y";
  EXPECT_TRUE(verdict(life, life.end).starts_with("it holds something else"));
  life.past.contents.erase(life.past.promises.back().acknowledged);
  EXPECT_TRUE(verdict(life, life.end).starts_with("no commit ends at revision"));
}

TEST_F(CrashOracleTest, SeesDamage) {
  DiskImage image = image_of(life_);
  image.at("-wal").resize(image.at("-wal").size() / 2);
  image.at("").resize(8'192);
  EXPECT_TRUE(verdict(life_, image).starts_with("it does not open")) << verdict(life_, image);
}

TEST_F(CrashOracleTest, SeesOtherSettings) {
  Promise promise = life_.past.promises.back();
  promise.settings_acknowledged = 2;
  EXPECT_EQ(verdict(life_.past, life_.end, promise), "acknowledged settings are lost");
}

// The control of the row power-loss: where syncs are left out, it finds writes that are lost.
TEST_F(CrashOracleTest, FindsThatSyncsAreMissing) {
  for (const WalSyncs wal_syncs : {WalSyncs::done, WalSyncs::ignored}) {
    const Recorded life = live(scene_, 1, wal_syncs);
    std::string found;
    for (CrashPoint point(life.record); found.empty(); point.advance()) {
      const CrashChoice nothing_more{.there = std::vector<bool>(point.open_operations(), false)};
      if (point.passed() >= life.start)
        found = verdict(life.past, point.image(nothing_more), life.past.promise_after(point.passed()));
      if (point.at_end()) break;
    }
    if (wal_syncs == WalSyncs::done)
      EXPECT_EQ(found, "");
    else
      EXPECT_TRUE(found.starts_with("an acknowledged write is lost")) << found;
  }
}

}   // namespace
}   // namespace usertags::torture
