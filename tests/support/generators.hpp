// Generators of texts, batches and writes, for RapidCheck. Pools of names, keys and values are small, so that
// writes meet each other's users and tags; now and then a text breaks a rule, or stands just at its edge.
//
// What depends on the state at the moment of the call is left open and settled then (resolve): a user by id
// is written as "@N", the N-th user ever created; an expected revision is a Guess.
#pragma once

#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <usertags/tag_batch.hpp>
#include <usertags/write.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

rc::Gen<std::string> any_key();
rc::Gen<std::string> any_value();
rc::Gen<std::string> any_external_id();
rc::Gen<TagBatch> any_batch();

// An expectation of the user's revision: none, the user's own, or another.
enum class Guess : std::uint8_t { none, right, wrong };

struct WriteIntent {
  Write write;
  Guess guess = Guess::none;
};
rc::Gen<WriteIntent> any_write();
rc::Gen<WriteIntent> any_patch();
rc::Gen<std::string> any_user();   // an external id, or "@N"

// The write, with "@N" and the guess settled against what the reference holds now.
Write resolve(const WriteIntent& intent, const ReferenceStore& reference);
std::string resolve(const std::string& user, const ReferenceStore& reference);

// As many as `count`, or fewer.
template <class T>
rc::Gen<std::vector<T>> up_to(std::size_t count, const rc::Gen<T>& element) {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, count + 1), [element](std::size_t size) {
    return rc::gen::container<std::vector<T>>(size, element);
  });
}

// RapidCheck finds it by argument-dependent look-up.
void showValue(const TagBatch& batch, std::ostream& out);

}   // namespace usertags::test
