// The digest of a request: what makes two requests under one idempotency token the same one. It is stored, so
// that it is part of the file format (docs/file-format.md, "Hashes").
#pragma once

#include <string>

#include "model/token.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

// Reused from request to request, so that it allocates only while it grows. Throws std::bad_alloc.
class RequestDigester {
 public:
  model::RequestDigest operator()(const WriteView& write);

 private:
  void add(std::uint64_t number);
  void add(std::string_view text);
  void add(const std::optional<std::string>& text);
  void add(const ApplyOptions& options);
  void add(const CreateView& write);
  void add(const PatchView& write);
  void add(const DeleteView& write);

  std::string image_;
};

}   // namespace usertags::store
