#include "store/request.hpp"

namespace usertags::store {
namespace {

struct Viewer {
  WriteView operator()(const CreateUser& write) const noexcept {
    return CreateView{write.external_id, write.tags, write.options};
  }
  WriteView operator()(const PatchUser& write) const noexcept {
    return PatchView{write.user, write.batch, write.options};
  }
  WriteView operator()(const DeleteUser& write) const noexcept {
    return DeleteView{write.user, write.options};
  }
};

}   // namespace

WriteView view(const Write& write) noexcept {
  return std::visit(Viewer{}, write);
}

}   // namespace usertags::store
