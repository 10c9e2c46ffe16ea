// check_property: a RapidCheck property as a GoogleTest, with its number of cases chosen by the environment.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>

namespace usertags::test {

// A number from the environment: how much more than its default a test is to do.
inline int number_from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

// USERTAGS_MODEL_CASES=2000000 runs longer; RC_PARAMS="seed=… max_size=…" or "reproduce=…", as a failure
// prints it, runs one again.
template <class Property>
void check_property(int cases, Property&& property) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string name = std::string(test->test_suite_name()) + "/" + test->name();
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = number_from_environment("USERTAGS_MODEL_CASES", cases);
  const auto result = rc::detail::checkTestable(std::forward<Property>(property),
                                                rc::detail::TestMetadata{name, name}, params);
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  if (!result.template is<rc::detail::SuccessResult>()) {
    ADD_FAILURE() << message.str() << "\nRapidCheck's parameters: " << params;
  }
}

}   // namespace usertags::test
