#include "torture/crash_images.hpp"

#include <algorithm>
#include <utility>

namespace usertags::torture {
namespace {

using Kind = DiskOperation::Kind;

constexpr std::size_t kSector = 512;

bool is_of_folder(const DiskOperation& operation) {
  return operation.kind == Kind::create || operation.kind == Kind::remove;
}

void apply_to_folder(const DiskOperation& operation, std::map<std::string, std::size_t>& folder) {
  if (operation.kind == Kind::create)
    folder[operation.name] = operation.file;
  else if (const auto found = folder.find(operation.name);
           found != folder.end() && found->second == operation.file)
    folder.erase(found);
}

void apply_to_file(const DiskOperation& operation, std::string& bytes, std::size_t count) {
  const auto offset = static_cast<std::size_t>(operation.offset);
  if (operation.kind == Kind::truncate) return bytes.resize(offset);
  if (bytes.size() < offset + count) bytes.resize(offset + count);
  bytes.replace(offset, count, operation.bytes, 0, count);
}

std::size_t end_of(const DiskOperation& write) {
  return static_cast<std::size_t>(write.offset) + write.bytes.size();
}

}   // namespace

// --- A point. ---

CrashPoint::CrashPoint(const DiskRecord& record) : record_(record) {
  for (const auto& [name, bytes] : record.before) {
    folder_[name] = files_.size();
    files_.push_back(bytes);
  }
}

void CrashPoint::advance() {
  const DiskOperation& operation = record_.operations[next_++];
  if (operation.kind == Kind::create) files_.resize(std::max(files_.size(), operation.file + 1));
  switch (operation.kind) {
    case Kind::sync: settle(operation); break;
    case Kind::failed_sync: forsake(operation.file); break;
    case Kind::remove:
      effects_.push_back({&operation});
      if (operation.syncs_folder) settle(operation);
      break;
    case Kind::create:
    case Kind::write:
    case Kind::truncate: effects_.push_back({&operation}); break;
  }
  fold();
}

// A removal syncs no file.
void CrashPoint::settle(const DiskOperation& sync) {
  for (Effect& effect : effects_) {
    const bool is_folders = is_of_folder(*effect.operation);
    const bool is_synced =
        is_folders ? sync.syncs_folder : sync.kind == Kind::sync && effect.operation->file == sync.file;
    if (is_synced && !effect.is_forsaken) effect.is_settled = true;
  }
}

void CrashPoint::forsake(std::size_t file) {
  for (Effect& effect : effects_) {
    if (!is_of_folder(*effect.operation) && effect.operation->file == file && !effect.is_settled)
      effect.is_forsaken = true;
  }
}

// What is certain goes into files_ and folder_, in order; what can make no difference any more is dropped.
void CrashPoint::fold() {
  std::vector<Effect> left;
  std::vector<bool> is_open(files_.size(), false);   // there is an effect before that may not be there
  bool folder_is_open = false;
  for (std::size_t i = 0; i < effects_.size(); ++i) {
    const DiskOperation& operation = *effects_[i].operation;
    const bool is_folders = is_of_folder(operation);
    if (!is_folders && (is_void(i) || !can_be_reached(operation.file))) continue;
    const bool waits = is_folders ? folder_is_open : is_open[operation.file];
    if (effects_[i].is_settled && !waits) {
      if (is_folders)
        apply_to_folder(operation, folder_);
      else
        apply_to_file(operation, files_[operation.file], operation.bytes.size());
      continue;
    }
    left.push_back(effects_[i]);
    if (is_folders)
      folder_is_open = true;
    else
      is_open[operation.file] = true;
  }
  effects_ = std::move(left);
}

// Of a write that may not be there: it was certainly written over, or cut off, by a later one.
bool CrashPoint::is_void(std::size_t index) const {
  const DiskOperation& early = *effects_[index].operation;
  if (effects_[index].is_settled || early.kind != Kind::write) return false;
  for (std::size_t i = index + 1; i < effects_.size(); ++i) {
    const DiskOperation& late = *effects_[i].operation;
    if (!effects_[i].is_settled || late.file != early.file) continue;
    if (late.kind == Kind::truncate && late.offset <= early.offset) return true;
    if (late.kind == Kind::write && late.offset <= early.offset && end_of(late) >= end_of(early)) return true;
  }
  return false;
}

bool CrashPoint::can_be_reached(std::size_t file) const {
  const bool is_certain =
      std::ranges::any_of(folder_, [&](const auto& entry) { return entry.second == file; });
  return is_certain || std::ranges::any_of(effects_, [&](const Effect& effect) {
           return effect.operation->kind == Kind::create && effect.operation->file == file;
         });
}

std::size_t CrashPoint::open_operations() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(effects_, [](const Effect& effect) { return !effect.is_settled; }));
}

std::size_t CrashPoint::newest_write() const {
  if (next_ == 0 || effects_.empty()) return 0;
  const bool is_last = effects_.back().operation == &record_.operations[next_ - 1];
  return is_last && effects_.back().operation->kind == Kind::write ? effects_.back().operation->bytes.size()
                                                                   : 0;
}

DiskImage CrashPoint::image(const CrashChoice& choice) const {
  std::map<std::string, std::size_t> folder = folder_;
  for (std::size_t i = 0, open = 0; i < effects_.size(); ++i) {
    const bool is_there = effects_[i].is_settled || choice.there[open++];
    if (is_there && is_of_folder(*effects_[i].operation)) apply_to_folder(*effects_[i].operation, folder);
  }
  DiskImage image;
  for (const auto& [name, file] : folder) {
    std::string& bytes = image[name] = files_[file];
    for (std::size_t i = 0, open = 0; i < effects_.size(); ++i) {
      const DiskOperation& operation = *effects_[i].operation;
      const std::size_t number = effects_[i].is_settled ? choice.there.size() : open++;
      if (operation.file != file || is_of_folder(operation)) continue;
      if (effects_[i].is_settled || choice.there[number])
        apply_to_file(operation, bytes, choice.torn == number ? choice.torn_bytes : operation.bytes.size());
      else if (choice.sizes_ahead && operation.kind == Kind::write && bytes.size() < end_of(operation))
        bytes.resize(end_of(operation));
    }
  }
  return image;
}

DiskImage CrashPoint::image_of_all() const {
  return image({.there = std::vector<bool>(open_operations(), true)});
}

// --- The states of a point. ---

namespace {

using States = std::function<void(const CrashChoice&)>;

void for_each_subset(std::size_t count, const States& function) {
  for (std::size_t bits = 0; bits < std::size_t{1} << count; ++bits) {
    CrashChoice choice{.there = std::vector<bool>(count)};
    for (std::size_t i = 0; i < count; ++i) choice.there[i] = (bits >> i & 1) != 0;
    function(choice);
  }
}

void for_each_beginning(std::size_t count, const States& function) {
  CrashChoice choice{.there = std::vector<bool>(count, false)};
  function(choice);
  for (std::size_t i = 0; i < count; ++i) {
    choice.there[i] = true;
    function(choice);
  }
}

void for_all_but_one(std::size_t count, const States& function) {
  for (std::size_t i = 0; i + 1 < count; ++i) {   // without the last it is a beginning
    CrashChoice choice{.there = std::vector<bool>(count, true)};
    choice.there[i] = false;
    function(choice);
  }
}

// Few or many of them there: the share is chance's, too.
CrashChoice any_subset(std::size_t count, std::mt19937_64& random) {
  const std::uint64_t share = random() % 16;
  CrashChoice choice{.there = std::vector<bool>(count), .sizes_ahead = random() % 2 == 0};
  for (std::size_t i = 0; i < count; ++i) choice.there[i] = random() % 16 <= share;
  return choice;
}

void for_each_tear(std::size_t bytes, std::size_t count, const States& function) {
  for (const bool others : {false, true}) {
    CrashChoice choice{.there = std::vector<bool>(count, others), .torn = count - 1};
    choice.there[count - 1] = true;
    for (choice.torn_bytes = kSector; choice.torn_bytes < bytes; choice.torn_bytes += kSector)
      function(choice);
  }
}

}   // namespace

void for_each_state(const CrashPoint& point, const Extent& extent, std::mt19937_64& random,
                    const States& function) {
  const std::size_t count = point.open_operations();
  if (count <= extent.all_subsets_of) {
    for_each_subset(count, function);
  } else {
    for_each_beginning(count, function);
    for_all_but_one(count, function);
    for (std::size_t i = 0; i < extent.samples; ++i) function(any_subset(count, random));
  }
  if (count == 0) return;
  function({.there = std::vector<bool>(count, false), .sizes_ahead = true});
  for_each_tear(point.newest_write(), count, function);
}

CrashChoice any_state(const CrashPoint& point, std::mt19937_64& random) {
  CrashChoice choice = any_subset(point.open_operations(), random);
  if (const std::size_t sectors = point.newest_write() / kSector; sectors > 0 && random() % 4 == 0) {
    choice.there.back() = true;
    choice.torn = choice.there.size() - 1;
    choice.torn_bytes = kSector * (random() % sectors);
  }
  return choice;
}

}   // namespace usertags::torture
