#pragma once

// The templates of sim/text/fields.hpp.

#include <algorithm>

#include "sim/text/fields.hpp"

namespace simrun {

template <class T>
Field<T> choice(std::vector<std::pair<std::string, T>> words) {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  return {{{"enum", names}}, [words, names](Json& value, const Where& where) {
            for (const auto& [name, meaning] : words) {
              if (value == name) return meaning;
            }
            std::string wrong = "unknown value " + brief(value);
            if (value.is_string()) {
              if (const auto near = nearest(value.get<std::string>(), names))
                wrong += ", did you mean \"" + *near + "\"?";
            }
            where.fail(wrong, "accepted: " + one_of(names));
          }};
}

template <class T>
Field<std::vector<T>> list_of(Field<T> item, std::size_t least) {
  return {{{"type", "array"}, {"minItems", least}, {"items", item.schema}},
          [item, least](Json& value, const Where& where) {
            if (!value.is_array()) where.fail("is " + brief(value), "accepted: a list");
            if (value.size() < least)
              where.fail("the list is too short",
                         "accepted: at least " + std::to_string(least) + " item" + (least == 1 ? "" : "s"));
            std::vector<T> items;
            for (std::size_t i = 0; i < value.size(); ++i) items.push_back(item.read(value[i], where / i));
            return items;
          }};
}

template <class T>
Field<T> usually(Field<T> field, Json value) {
  field.schema["default"] = std::move(value);
  return field;
}

template <class T, class Convert>
auto convert(Field<T> field, Convert function) {
  using Result = std::invoke_result_t<Convert, T, const Where&>;
  return Field<Result>{field.schema, [read = field.read, function](Json& value, const Where& where) {
                         return function(read(value, where), where);
                       }};
}

template <class T>
Field<T> text_or_object(Field<T> if_text, Field<T> if_object, std::string accepted) {
  return {{{"anyOf", {if_text.schema, if_object.schema}}},
          [if_text, if_object, accepted = std::move(accepted)](Json& value, const Where& where) {
            if (!value.is_string() && !value.is_object()) where.fail("is " + brief(value), "accepted: " + accepted);
            return (value.is_string() ? if_text : if_object).read(value, where);
          }};
}

template <class T>
template <class U, class Store>
Object<T>& Object<T>::add(std::string key, Missing missing, Json fallback, Field<U> field, std::string about,
                          Store store) {
  Json schema = std::move(field.schema);
  if (missing == Missing::is_default) schema["default"] = fallback;
  if (const auto value = schema.find("default"); value != schema.end() && value->is_primitive())
    about += " (default " + (value->is_string() ? value->template get<std::string>() : value->dump()) + ")";
  schema["description"] = std::move(about);
  entries_.push_back({std::move(key), missing, std::move(fallback), std::move(schema),
                      [read = std::move(field.read), store](T& object, Json& value, const Where& where) {
                        store(object, read(value, where));
                      }});
  return *this;
}

template <class T>
template <class U>
Object<T>& Object<T>::required(std::string key, U T::*member, Field<U> field, std::string about) {
  return add(std::move(key), Missing::is_error, nullptr, std::move(field), std::move(about),
             [member](T& object, U value) { object.*member = std::move(value); });
}

template <class T>
template <class U>
Object<T>& Object<T>::optional(std::string key, U T::*member, Field<U> field, std::string about) {
  return add(std::move(key), Missing::is_left_out, nullptr, std::move(field), std::move(about),
             [member](T& object, U value) { object.*member = std::move(value); });
}

template <class T>
template <class U>
Object<T>& Object<T>::optional(std::string key, std::optional<U> T::*member, Field<U> field, std::string about) {
  return add(std::move(key), Missing::is_left_out, nullptr, std::move(field), std::move(about),
             [member](T& object, U value) { object.*member = std::move(value); });
}

template <class T>
template <class U>
Object<T>& Object<T>::with_default(std::string key, Json value, U T::*member, Field<U> field, std::string about) {
  return add(std::move(key), Missing::is_default, std::move(value), std::move(field), std::move(about),
             [member](T& object, U read) { object.*member = std::move(read); });
}

template <class T>
Object<T>& Object<T>::check(std::function<void(T&, const Where&)> rule) {
  rules_.push_back(std::move(rule));
  return *this;
}

template <class T>
Field<T> Object<T>::field() const {
  Json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  Json required = Json::array();
  std::vector<std::string> keys;
  for (const Entry& entry : entries_) {
    keys.push_back(entry.key);
    schema["properties"][entry.key] = entry.schema;
    if (entry.missing == Missing::is_error) required.push_back(entry.key);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  return {std::move(schema), [entries = entries_, rules = rules_, keys](Json& value, const Where& where) {
            if (!value.is_object()) where.fail("is " + brief(value), "accepted: an object with " + one_of(keys, "and"));
            for (const auto& [key, unused] : value.items()) {
              if (std::find(keys.begin(), keys.end(), key) == keys.end()) fail_unknown_key(where, key, keys);
            }
            T object{};
            for (const Entry& entry : entries) {
              if (!value.contains(entry.key)) {
                if (entry.missing == Missing::is_error)
                  (where / entry.key)
                      .fail("is missing", "required: " + entry.schema["description"].template get<std::string>());
                if (entry.missing == Missing::is_left_out) continue;
                value[entry.key] = entry.fallback;
              }
              entry.read(object, value[entry.key], where / entry.key);
            }
            for (const auto& rule : rules) rule(object, where);
            return object;
          }};
}

}  // namespace simrun
