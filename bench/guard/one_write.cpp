// One durable write to a file, collected alone under valgrind --tool=callgrind: tools/figures counts what of the library
// it meets on its way.
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include <usertags/user_tag_store.hpp>

namespace usertags::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "one_write: %s\n", result.error().message().c_str());
  std::exit(1);
}

// The second write: the first is not like the others, for files are made, and pages read.
void run(const std::filesystem::path& path) {
  UserTagStore store = must(UserTagStore::open(path));
  const TagBatch batch = TagBatch().set("department", "engineering");
  must(store.create_user("ada"));
  must(store.apply("ada", batch));
  const TagBatch next = TagBatch().set("department", "sales");
  CALLGRIND_TOGGLE_COLLECT;
  const Result<Applied> applied = store.apply("ada", next);
  CALLGRIND_TOGGLE_COLLECT;
  must(applied);
}

}   // namespace
}   // namespace usertags::bench

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "one-write.XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  usertags::bench::run(std::filesystem::path(folder) / "users.db");
  std::filesystem::remove_all(folder);
  return 0;
}
