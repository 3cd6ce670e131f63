#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/text/json.hpp"
#include "sim/text/units.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// How one kind of value stands in JSON: the schema that describes it and the function that reads it are made together,
/// so that they say the same. `read` throws InputError; it writes defaults that were left out into the JSON, which then
/// is the resolved input.
template <class T>
struct Field {
  Json schema;
  std::function<T(Json&, const Where&)> read;
};

Field<std::string> text();
Field<std::string> name_text();  ///< not empty
Field<bool> boolean();

/// A whole number in [least, most]. `words`: what users are told is accepted, where it is not just that.
Field<std::int64_t> whole(std::int64_t least, std::int64_t most, const std::string& words = "");

struct Range {
  double least;
  double most;
  bool without_least = false;  ///< (least, most] instead of [least, most]
};
Field<double> number(Range range);

Field<Seconds> duration();          ///< "50 us", zero or more
Field<Seconds> latency();           ///< of a network: zero, or 1 ns to 1000 s
Field<BytesPerSecond> bandwidth();  ///< "1 Gbps", one byte a second to 1e15 B/s
Field<Bytes> size();                ///< "25 MB", positive
Field<Json> anything();

/// One of several words.
template <class T>
Field<T> choice(std::vector<std::pair<std::string, T>> words);

template <class T>
Field<std::vector<T>> list_of(Field<T> item, std::size_t least = 1);

/// Says in the schema what a field that may be left out then is.
template <class T>
Field<T> usually(Field<T> field, Json value);

/// `convert(T, Where)` of what another field reads.
template <class T, class Convert>
auto convert(Field<T> field, Convert function);

/// Text is read by the first, an object by the second; `accepted` says what both are.
template <class T>
Field<T> text_or_object(Field<T> if_text, Field<T> if_object, std::string accepted);

/// What a field is to an object, which may depend on the fields before it.
enum class Use { none, optional, required };

constexpr Use optional_if(bool used) {
  return used ? Use::optional : Use::none;
}
constexpr Use required_if(bool used) {
  return used ? Use::required : Use::none;
}

struct Fit {
  Use use = Use::optional;
  std::string refusal = {};   ///< Use::none: "does not go with topology star"
  std::string need = {};      ///< Use::required: "required with topology tree"
  Json if_missing = nullptr;  ///< Use::optional: it is as if this stood there; null: it is left out

  /// To a choice that users have made: "topology star".
  static Fit to(const std::string& choice, Use use, Json if_missing = nullptr) {
    return {use, "does not go with " + choice, "required with " + choice, std::move(if_missing)};
  }
};

/// What Object<T> does that needs no T, so that it is compiled once.
class ObjectFields {
 public:
  using FitOf = std::function<Fit(const void* object)>;
  using Read = std::function<void(void* object, Json& value, const Where& where)>;

  struct Entry {
    std::string key;
    Fit always;
    FitOf fit;  ///< in place of `always`: depends on the fields before it
    Json schema;
    Read read;
  };
  void add(Entry entry, std::string about);
  Json schema() const;
  void read(void* object, Json& value, const Where& where) const;

 private:
  std::vector<Entry> entries_;
  std::vector<std::string> keys_;
};

/// Fields of an object, each read into a member of T or of a base of it. Unknown keys are errors that name the nearest
/// known one.
///
///     struct Link { Seconds latency; BytesPerSecond rate; };
///     Object<Link> link;
///     link.required("rate", &Link::rate, bandwidth(), "of each direction")
///         .with_default("latency", "50 us", &Link::latency, latency(), "from end to end");
///
/// link.field() reads {"rate": "1 Gbps"}, adds "latency": "50 us" to it, refuses {"rate": 1} and {"ratte": "1 Gbps"},
/// and has the JSON Schema of all that.
template <class T>
class Object {
 public:
  template <class U, class Owner, class V>
  Object& required(std::string key, U Owner::*member, Field<V> field, const std::string& about);

  /// Left out, the member keeps its value.
  template <class U, class Owner, class V>
  Object& optional(std::string key, U Owner::*member, Field<V> field, const std::string& about);

  /// Left out, it is as if `value` stood there.
  template <class U, class Owner, class V>
  Object& with_default(std::string key, Json value, U Owner::*member, Field<V> field, const std::string& about);

  /// A field that goes with some choices and not with others, all made by fields before it:
  ///
  ///     .either("rank", [](const Method& read) { return Fit::to(read.name, optional_if(read.has_rank), 4); },
  ///             &Method::rank, usually(whole(1, 64), 4), "of the factors")
  template <class U, class Owner, class V>
  Object& either(std::string key, std::type_identity_t<std::function<Fit(const T&)>> fit, U Owner::*member,
                 Field<V> field, const std::string& about);
  template <class V>
  Object& either(std::string key, std::type_identity_t<std::function<Fit(const T&)>> fit,
                 std::type_identity_t<std::function<void(T&, V)>> take, Field<V> field, const std::string& about);

  /// A rule between fields; fails through the Where it is given.
  Object& check(std::function<void(T&, const Where&)> rule);

  Field<T> field() const;

 private:
  template <class U, class Owner, class V>
  static ObjectFields::Read into(U Owner::*member, const Field<V>& field);
  static ObjectFields::FitOf erased(std::function<Fit(const T&)> fit);

  ObjectFields fields_;
  std::vector<std::function<void(T&, const Where&)>> rules_;
};

/// Throws the error for a key that is none of `known`, naming the nearest.
[[noreturn]] void fail_unknown_key(const Where& where, const std::string& key, const std::vector<std::string>& known);

/// "a, b or c", with another last word if asked for.
std::string one_of(const std::vector<std::string>& words, std::string_view last = "or");

/// The word that is nearest to `word` in edits, or none if all are far away.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& words);

}  // namespace simrun

#include "sim/text/fields_impl.hpp"
