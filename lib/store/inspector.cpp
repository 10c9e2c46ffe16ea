// The boundary of Inspector: here what was thrown becomes a value.
#include <usertags/inspector.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "store/boundary.hpp"
#include "store/inspect/inspection.hpp"
#include "store/memory/settings.hpp"
#include "store/opening.hpp"

namespace usertags {

class Inspector::Impl : public store::Inspection {
 public:
  using Inspection::Inspection;
};

namespace {

std::filesystem::path checked(const std::filesystem::path& path, const InspectOptions& options) {
  Options reading;
  reading.access = Access::read_only;
  reading.allow_network_file_system = options.allow_network_file_system;
  reading.busy_timeout = options.busy_timeout;
  store::check(reading);
  return store::resolve(path, reading);
}

std::optional<Error> refuses(const store::Inspection* inspection) noexcept {
  if (inspection == nullptr) return store::has_no_store();
  if (inspection->forked()) return Error(ErrorCode::forked);
  return std::nullopt;
}

template <class Call>
auto answer(store::Inspection* inspection, Call&& call) noexcept {
  using Answer = typename store::AsResult<decltype(call(*inspection))>::type;
  if (auto refusal = refuses(inspection)) return Answer(std::unexpected(*std::move(refusal)));
  return store::guarded([&]() -> Answer { return call(*inspection); });
}

}   // namespace

Inspector::Inspector(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Inspector::Inspector(Inspector&& other) noexcept = default;

Inspector& Inspector::operator=(Inspector&& other) noexcept {
  Inspector old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

// A child after fork must not touch the parent's connections.
Inspector::~Inspector() {
  if (impl_ && impl_->forked()) std::ignore = impl_.release();
}

Result<Inspector> Inspector::open(const std::filesystem::path& path, const InspectOptions& options) noexcept {
  return store::guarded([&]() -> Result<Inspector> {
    return Inspector(std::make_unique<Impl>(checked(path, options), options.busy_timeout));
  });
}

Result<User> Inspector::find(const UserRef& user) const noexcept {
  return answer(impl_.get(), [&](auto& file) { return file.find_each({&user, 1}).front(); });
}

std::vector<Result<User>> Inspector::find_each(std::span<const UserRef> users) const noexcept {
  auto found = answer(impl_.get(), [&](auto& file) { return file.find_each(users); });
  return found ? std::move(*found) : store::all_refused<User>(users.size(), found.error());
}

Result<UserPage> Inspector::list(const PageRequest& page) const noexcept {
  return answer(impl_.get(), [&](auto& file) { return file.list(page); });
}

Result<Visited> Inspector::for_each_with(const AskOptions& options, Beginning beginning,
                                         Visitor visitor) const noexcept {
  return answer(impl_.get(), [&](auto& file) {
    std::function<bool(const StoreInfo&)> begin;
    if (beginning.call != nullptr)
      begin = [&](const StoreInfo& info) { return beginning.call(beginning.target, info); };
    return file.for_each(options, begin,
                         [&](const User& user) { return visitor.call(visitor.target, user); });
  });
}

Result<ChangePage> Inspector::changes(const Position& after, std::size_t limit) const noexcept {
  return answer(impl_.get(), [&](auto& file) { return file.changes(after, limit); });
}

Result<HistoryPage> Inspector::history(const UserRef& user, const PageRequest& page) const noexcept {
  return answer(impl_.get(), [&](auto& file) { return file.history(user, page); });
}

Result<std::uint64_t> Inspector::wait_for_changes(const Position& after,
                                                  std::chrono::milliseconds timeout) const noexcept {
  return answer(impl_.get(), [&](auto& file) { return file.wait(after, timeout); });
}

Result<StoreInfo> Inspector::info(Figures figures) const noexcept {
  return answer(impl_.get(), [&](auto& file) {
    return figures == Figures::none ? file.info() : file.info_with_figures();
  });
}

}   // namespace usertags
