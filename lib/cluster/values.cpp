// The values of keys as texts: one JSON object each, which any tool can read, with the members that the visit_*()
// list, in that order, and none else. Numbers that may have 64 bits, and ids, are hexadecimal.
#include <charconv>
#include <concepts>
#include <new>
#include <span>
#include <type_traits>

#include <usertags/cluster/node.hpp>

#include "cluster/log.hpp"
#include "cluster/map.hpp"
#include "model/canonical_json.hpp"
#include "model/text.hpp"

namespace usertags::cluster {
namespace {

struct Bits {   // a checksum
  std::uint64_t& value;
};
struct ConstBits {
  const std::uint64_t& value;
};
inline Bits bits(std::uint64_t& value) {
  return {value};
}
inline ConstBits bits(const std::uint64_t& value) {
  return {value};
}

template <class T, class Value>
concept Is = std::same_as<std::remove_const_t<T>, Value>;

template <class Visit>
void visit_value(Is<Head> auto& head, Visit visit) {
  visit("format", head.format);
  visit("store", head.store_id);
  visit("epoch", head.epoch);
  visit("term", head.term);
  visit("process", head.process);
  visit("entry", head.entry);
  visit("chain", bits(head.chain));
  visit("revision", head.revision);
  visit("last_token", head.last_token);
  visit("digest", head.digest);
  visit("nonce", head.nonce);
}

template <class Visit>
void visit_value(Is<Leader> auto& leader, Visit visit) {
  visit("process", leader.process);
  visit("term", leader.term);
  visit("address", leader.address);
}

template <class Visit>
void visit_value(Is<Member> auto& member, Visit visit) {
  visit("node", member.node);
  visit("process", member.process);
  visit("address", member.address);
  visit("synced", member.synced);
  visit("memory_budget", member.memory_budget);
}

template <class Visit>
void visit_value(Is<Snapshot> auto& snapshot, Visit visit) {
  visit("entry", snapshot.entry);
  visit("chain", bits(snapshot.chain));
  visit("revision", snapshot.revision);
  visit("bytes", snapshot.bytes);
  visit("remote", snapshot.remote);
  visit("place", snapshot.place);
}

template <class Visit>
void visit_value(Is<Map> auto& map, Visit visit) {
  visit("format", map.format);
  visit("cluster", map.cluster);
  visit("incarnation", map.incarnation);
  visit("shards", map.shards);
}

// --- Writing. ---

class Writing {
 public:
  explicit Writing(std::string& out) : out_(out) {}

  void operator()(std::string_view name, std::uint64_t number) {
    begin(name), model::append_json_number(number, out_);
  }
  void operator()(std::string_view name, const bool& yes) { begin(name), out_ += yes ? "true" : "false"; }
  void operator()(std::string_view name, const std::string& text) {
    begin(name), model::append_json_string(text, out_);
  }
  void operator()(std::string_view name, const Id& id) { digits(name, hex(id)); }
  void operator()(std::string_view name, const ConstBits& number) { digits(name, hex(number.value)); }

 private:
  void begin(std::string_view name) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_.append(name).append("\":");
  }
  void digits(std::string_view name, std::string_view hex) {
    begin(name);
    out_.append("\"").append(hex).append("\"");
  }

  std::string& out_;
};

template <class Value>
std::string to_text(const Value& value) {
  std::string text;
  visit_value(value, Writing(text));
  return text + '}';
}

// --- Reading. ---

class Reading {
 public:
  explicit Reading(std::string_view text) : scanner_(text, unescaped_) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  void operator()(std::string_view name, std::uint64_t& number) {
    good_ = begin(name) && scanner_.number(number);
  }
  void operator()(std::string_view name, bool& yes) {
    good_ = begin(name);
    if (!good_) return;
    yes = scanner_.literal("true");
    good_ = yes || scanner_.literal("false");
  }
  void operator()(std::string_view name, std::string& text) {
    std::string_view found;
    good_ = begin(name) && scanner_.string(found) && model::scan_utf8(found).well_formed;
    if (good_) text = found;
  }
  void operator()(std::string_view name, Id& id) { hex(name, id); }
  void operator()(std::string_view name, Bits number) {
    std::array<std::uint8_t, 8> bytes{};
    hex(name, bytes);
    number.value = model::load_big_endian<std::uint64_t>(bytes.data());
  }

  bool is_whole() { return good_ && scanner_.literal("}") && scanner_.finished(); }

 private:
  bool begin(std::string_view name) {
    if (!good_ || !scanner_.literal(is_first_ ? "{\"" : ",\"")) return false;
    is_first_ = false;
    return scanner_.literal(name) && scanner_.literal("\":");
  }
  void hex(std::string_view name, std::span<std::uint8_t> bytes) {
    std::string_view text;
    good_ = begin(name) && scanner_.string(text) && text.size() == 2 * bytes.size() &&
            text.find_first_not_of(model::kHexDigits) == std::string_view::npos;
    if (!good_) return;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, bytes[i], 16);
  }

  std::string unescaped_;
  model::JsonScanner scanner_;
  bool good_ = true;
  bool is_first_ = true;
};

Error not_ours(const char* what) {
  return {ErrorCode::corrupt_store,
          Error::Details{.what = "the key '" + std::string(what) +
                                 "' of the cluster has a value that is none of usertags",
                         .remedy = "give the cluster an etcd, or a prefix, of its own"}};
}

template <class Value>
Result<Value> from_text(std::string_view text, const char* what) {
  try {
    Value value;
    Reading reading(text);
    visit_value(value, [&](std::string_view name, auto&& member) { reading(name, member); });
    if (!reading.is_whole()) return std::unexpected(not_ours(what));
    return value;
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error(ErrorCode::out_of_memory));
  }
}

// What comes behind the format may be anything in a later one.
std::uint64_t format_of(std::string_view text) {
  std::string unescaped;
  model::JsonScanner scanner(text, unescaped);
  std::uint64_t format = 0;
  return scanner.literal(R"({"format":)") && scanner.number(format) ? format : 0;
}

template <class Value>
Result<Value> of_known_format(std::string_view text, const char* what) {
  try {
    if (const std::uint64_t format = format_of(text); format > kFormat) {
      return std::unexpected(
          Error(ErrorCode::unsupported_format,
                Error::Details{.what = "the cluster has format " + std::to_string(format) +
                                       ", and this is usertags for " + std::to_string(kFormat),
                               .remedy = "use the usertags that the cluster was raised to"}));
    }
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error(ErrorCode::out_of_memory));
  }
  return from_text<Value>(text, what);
}

}   // namespace

std::string hex(std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes{};
  model::store_big_endian(number, bytes.data());
  std::string text;
  for (const std::uint8_t byte : bytes) model::append_hex(byte, text);
  return text;
}
std::string hex(const Id& id) {
  std::string text;
  for (const std::uint8_t byte : id) model::append_hex(byte, text);
  return text;
}

std::string encode(const Head& head) {
  return to_text(head);
}
std::string encode(const Leader& leader) {
  return to_text(leader);
}
std::string encode(const Member& member) {
  return to_text(member);
}
std::string encode(const Snapshot& snapshot) {
  return to_text(snapshot);
}

std::string encode(const Map& map) {
  return to_text(map);
}

Result<Head> decode_head(std::string_view text) {
  return of_known_format<Head>(text, "head");
}
Result<Map> decode_map(std::string_view text) {
  Result<Map> map = of_known_format<Map>(text, "map");
  if (map && (map->shards == 0 || map->shards > Founding::kMaxShards))
    return std::unexpected(not_ours("map"));
  return map;
}
Result<Leader> decode_leader(std::string_view text) {
  return from_text<Leader>(text, "leader");
}
Result<Member> decode_member(std::string_view text) {
  return from_text<Member>(text, "member");
}
Result<Snapshot> decode_snapshot(std::string_view text) {
  return from_text<Snapshot>(text, "snapshot");
}

}   // namespace usertags::cluster
