// What a host of a cluster sees: the public headers alone.
#include <gtest/gtest.h>

#include <type_traits>

#include <usertags/cluster/directory.hpp>
#include <usertags/cluster/etcd_options.hpp>
#include <usertags/cluster/node.hpp>
#include <usertags/cluster/snapshots.hpp>

namespace usertags::cluster {
namespace {

static_assert(std::is_nothrow_move_constructible_v<Node> && std::is_nothrow_move_assignable_v<Node>);
static_assert(!std::is_copy_constructible_v<Node> && !std::is_default_constructible_v<Node>);
static_assert(std::is_nothrow_move_constructible_v<Directory> && !std::is_copy_constructible_v<Directory>);
static_assert(std::is_abstract_v<SnapshotTransport> && std::has_virtual_destructor_v<SnapshotTransport>);

TEST(ClusterOptions, MayNameAnyMemberAlone) {
  EXPECT_EQ(NodeOptions{.cluster = "c"}.lease, std::chrono::seconds(2));
  EXPECT_EQ(NodeOptions{.address = "here"}.etcd_quota_bytes, std::uint64_t{2} << 30);
  EXPECT_FALSE(EtcdOptions{.user = "u"}.tls);
  EXPECT_EQ(EtcdTls{.key = "k"}.certificate, "");
  EXPECT_EQ(NodeStatus{.term = 1}.role, Role::following);
  EXPECT_FALSE(ClusterStatus{.entry = 1}.leader);
  EXPECT_EQ(ClusterMember{.address = "here"}.synced_entry, 0U);
  EXPECT_FALSE(Freshness().as_of);
  EXPECT_EQ(Founding{.again = true}.shards, 1U);
  EXPECT_FALSE(Route{.shard = 1}.leader);
}

}   // namespace
}   // namespace usertags::cluster
