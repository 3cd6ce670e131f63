#include "sim/text/fields.hpp"

#include <catch2/catch.hpp>

namespace simrun {
namespace {

struct Link {
  Seconds latency;
  BytesPerSecond rate;
  std::optional<std::string> name;
  std::vector<std::int64_t> lanes;
};

Field<Link> link_field() {
  Object<Link> link;
  link.required("rate", &Link::rate, bandwidth(), "of each direction")
      .with_default("latency", "50 us", &Link::latency, latency(), "from end to end")
      .optional("name", &Link::name, name_text(), "for people")
      .optional("lanes", &Link::lanes, list_of(whole(0, 7), 2), "in use")
      .check([](Link& read, const Where& where) {
        if (read.rate.value == 1 && read.name) (where / "name").fail("is given", "accepted: none");
      });
  return link.field();
}

std::string error_of(Json value) {
  try {
    link_field().read(value, {"f.json", "network"});
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("fields: an object is read, and defaults are written into it") {
  Json value = {{"rate", "1 Gbps"}, {"lanes", {3, 4}}};
  const Link link = link_field().read(value, {"f.json", ""});
  CHECK(link.rate.value == 125e6);
  CHECK(link.latency == Seconds(50e-6));
  CHECK_FALSE(link.name);
  CHECK(link.lanes == std::vector<std::int64_t>{3, 4});
  CHECK(value == Json{{"rate", "1 Gbps"}, {"lanes", {3, 4}}, {"latency", "50 us"}});
}

TEST_CASE("fields: a mistake is one line with place, what is wrong and what is accepted") {
  CHECK(error_of({{"ratte", "1 Gbps"}}).starts_with("f.json: network.ratte: "));
  CHECK_THAT(error_of({{"ratte", "1 Gbps"}}), Catch::Contains("did you mean \"rate\"?"));
  CHECK_THAT(error_of(Json::object()), Catch::Contains("network.rate: is missing; required: of each direction"));
  CHECK_THAT(error_of({{"rate", 1}}), Catch::Contains("the number 1 has no unit"));
  CHECK_THAT(error_of({{"rate", "1 Gbps"}, {"lanes", {1}}}), Catch::Contains("at least 2 items"));
  CHECK_THAT(error_of({{"rate", "1 Gbps"}, {"lanes", {1, 8}}}), Catch::StartsWith("f.json: network.lanes.1: "));
  CHECK_THAT(error_of({{"rate", "8 bps"}, {"name", "x"}}), Catch::Contains("network.name: is given"));
  CHECK_THAT(error_of(Json::array()), Catch::Contains("an object with rate, latency, name and lanes"));
}

TEST_CASE("fields: the schema says what is read") {
  const Json schema = link_field().schema;
  CHECK(schema["required"] == Json{"rate"});
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["latency"]["default"] == "50 us");
  CHECK(schema["properties"]["latency"]["description"] == "from end to end (default 50 us)");
  CHECK(schema["properties"]["lanes"]["minItems"] == 2);
}

TEST_CASE("fields: one of several words, text or an object") {
  const Field<int> word = choice<int>({{"one", 1}, {"two", 2}});
  Json two = "two";
  CHECK(word.read(two, {"f", "w"}) == 2);
  Json twoo = "twoo";
  CHECK_THROWS_WITH(word.read(twoo, {"f", "w"}),
                    Catch::Contains("did you mean \"two\"?") && Catch::Contains("one or two"));
  Json capitals = "TWO";
  CHECK_THROWS_WITH(word.read(capitals, {"f", "w"}), Catch::Contains("did you mean \"two\"?"));
  Json other = "own";  // two of three letters are others
  CHECK_THROWS_WITH(word.read(other, {"f", "w"}), !Catch::Contains("did you mean"));
  Json number = 2;
  CHECK_THROWS_AS(word.read(number, {"f", "w"}), InputError);
  CHECK(word.schema == Json{{"enum", {"one", "two"}}});
}

}  // namespace simrun
