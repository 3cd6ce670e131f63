#pragma once

// The templates of sim/text/fields.hpp.

#include "sim/text/fields.hpp"

namespace simrun {

// What needs no T, in fields.cpp.
Json schema_of_choice(const std::vector<std::string>& names);
std::size_t read_choice(const std::vector<std::string>& names, const Json& value, const Where& where);
Json schema_of_list(const Json& item, std::size_t least);
void check_list(const Json& value, std::size_t least, const Where& where);
Json schema_of_either(const Json& one, const Json& other);
void check_text_or_object(const Json& value, const std::string& accepted, const Where& where);

template <class T>
Field<T> choice(std::vector<std::pair<std::string, T>> words) {
  std::vector<std::string> names;
  std::vector<T> meanings;
  for (auto& [name, meaning] : words) {
    names.push_back(name);
    meanings.push_back(std::move(meaning));
  }
  Json schema = schema_of_choice(names);
  return {std::move(schema),
          [names = std::move(names), meanings = std::move(meanings)](Json& value, const Where& where) {
            return meanings[read_choice(names, value, where)];
          }};
}

template <class T>
Field<std::vector<T>> list_of(Field<T> item, std::size_t least) {
  Json schema = schema_of_list(item.schema, least);
  return {std::move(schema), [read = std::move(item.read), least](Json& value, const Where& where) {
            check_list(value, least, where);
            std::vector<T> items;
            for (std::size_t i = 0; i < value.size(); ++i) items.push_back(read(value[i], where / i));
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
  Json schema = schema_of_either(if_text.schema, if_object.schema);
  return {std::move(schema), [text = std::move(if_text.read), object = std::move(if_object.read),
                              accepted = std::move(accepted)](Json& value, const Where& where) {
            check_text_or_object(value, accepted, where);
            if (value.is_object()) return object(value, where);
            try {
              return text(value, where);
            } catch (const InputError& mistake) {
              throw mistake.accepting("accepted: " + accepted);
            }
          }};
}

template <class T>
template <class U, class Owner, class V>
ObjectFields::Read Object<T>::into(U Owner::*member, const Field<V>& field) {
  return [read = field.read, member](void* object, Json& value, const Where& where) {
    static_cast<T*>(object)->*member = static_cast<U>(read(value, where));
  };
}

template <class T>
ObjectFields::FitOf Object<T>::erased(std::function<Fit(const T&)> fit) {
  return [fit = std::move(fit)](const void* object) { return fit(*static_cast<const T*>(object)); };
}

template <class T>
template <class U, class Owner, class V>
Object<T>& Object<T>::required(std::string key, U Owner::*member, Field<V> field, const std::string& about) {
  fields_.add({std::move(key), {Use::required, {}, "required: " + about}, nullptr, field.schema, into(member, field)},
              about);
  return *this;
}

template <class T>
template <class U, class Owner, class V>
Object<T>& Object<T>::optional(std::string key, U Owner::*member, Field<V> field, const std::string& about) {
  fields_.add({std::move(key), {}, nullptr, field.schema, into(member, field)}, about);
  return *this;
}

template <class T>
template <class U, class Owner, class V>
Object<T>& Object<T>::with_default(std::string key, Json value, U Owner::*member, Field<V> field,
                                   const std::string& about) {
  field.schema["default"] = value;
  fields_.add({std::move(key), {Use::optional, {}, {}, std::move(value)}, nullptr, field.schema, into(member, field)},
              about);
  return *this;
}

template <class T>
template <class U, class Owner, class V>
Object<T>& Object<T>::either(std::string key, std::type_identity_t<std::function<Fit(const T&)>> fit, U Owner::*member,
                             Field<V> field, const std::string& about) {
  fields_.add({std::move(key), {}, erased(std::move(fit)), field.schema, into(member, field)}, about);
  return *this;
}

template <class T>
template <class V>
Object<T>& Object<T>::either(std::string key, std::type_identity_t<std::function<Fit(const T&)>> fit,
                             std::type_identity_t<std::function<void(T&, V)>> take, Field<V> field,
                             const std::string& about) {
  fields_.add({std::move(key),
               {},
               erased(std::move(fit)),
               field.schema,
               [read = field.read, take = std::move(take)](void* object, Json& value, const Where& where) {
                 take(*static_cast<T*>(object), read(value, where));
               }},
              about);
  return *this;
}

template <class T>
Object<T>& Object<T>::check(std::function<void(T&, const Where&)> rule) {
  rules_.push_back(std::move(rule));
  return *this;
}

template <class T>
Field<T> Object<T>::field() const {
  return {fields_.schema(), [fields = fields_, rules = rules_](Json& value, const Where& where) {
            T object{};
            fields.read(&object, value, where);
            for (const auto& rule : rules) rule(object, where);
            return object;
          }};
}

}  // namespace simrun
