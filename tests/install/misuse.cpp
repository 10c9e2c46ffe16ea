// Mistakes that the compiler has to refuse, one for each number; 0 is right.
#include <string>

#include <usertags/user_tag_store.hpp>

int main() {
  auto store = *usertags::UserTagStore::open_in_memory();
#if MISUSE == 0
  static_cast<void>(store.find("ada"));
#elif MISUSE == 1   // a result that nobody looks at
  store.create_user("ada");
#elif MISUSE == 2   // a store is not copied
  auto other = store;
#elif MISUSE == 3   // no user
  static_cast<void>(store.find(nullptr));
#elif MISUSE == 4   // a selector's text is parsed, which can fail
  const usertags::Selector selector = std::string("tier=gold");
#elif MISUSE == 5   // a value is a text
  static_cast<void>(usertags::TagBatch().set("seats", 12));
#elif MISUSE == 6   // an error that nobody looks at
  store.verify();
#elif MISUSE == 7   // an id is no number
  static_cast<void>(store.find(42));
#else
#error "the last mistake"
#endif
}
