// The boundary of Restorer: here what was thrown becomes a value.
#include <usertags/restorer.hpp>

#include <memory>
#include <tuple>
#include <utility>

#include "store/boundary.hpp"
#include "store/copy/restoration.hpp"

namespace usertags {

class Restorer::Impl : public store::Restoration {
 public:
  using Restoration::Restoration;
};

namespace {

template <class Call>
Result<void> answer(store::Restoration* restoration, Call&& call) noexcept {
  if (restoration == nullptr) return std::unexpected(store::has_no_store());
  if (restoration->forked()) return std::unexpected(Error(ErrorCode::forked));
  return store::guarded([&]() -> Result<void> {
    call(*restoration);
    return {};
  });
}

}   // namespace

Restorer::Restorer(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Restorer::Restorer(Restorer&& other) noexcept = default;

Restorer& Restorer::operator=(Restorer&& other) noexcept {
  Restorer old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

// A child after fork must touch neither the parent's connection nor its file.
Restorer::~Restorer() {
  if (impl_ && impl_->forked()) std::ignore = impl_.release();
}

Result<Restorer> Restorer::begin(const std::filesystem::path& path, const RestoredStore& store,
                                 const RestoreOptions& options) noexcept {
  return store::guarded(
      [&]() -> Result<Restorer> { return Restorer(std::make_unique<Impl>(path, store, options)); });
}

Result<void> Restorer::add(const RestoredUser& user) noexcept {
  return answer(impl_.get(), [&](auto& restoration) { restoration.add(user); });
}

Result<void> Restorer::finish(std::optional<std::string_view> digest) noexcept {
  return answer(impl_.get(), [&](auto& restoration) { restoration.finish(digest); });
}

}   // namespace usertags
