#include "proto/policy/shipped.h"

#include <cstdio>
#include <cstdlib>

namespace otokura::policy {

std::shared_ptr<const Rules> ShippedRules() {
  static const std::shared_ptr<const Rules> kRules = [] {
    auto rules = Rules::Compile(ShippedText());
    if (!rules.ok()) {
      std::fprintf(stderr, "otokura: the shipped policy is not one: %s\n", rules.status().ToString().c_str());
      std::abort();
    }
    return *std::move(rules);
  }();
  return kRules;
}

std::string FirstText(const std::vector<std::string>& signers) {
  std::string text(ShippedText());
  if (!signers.empty()) text += "\n";
  // A verifier key holds no quotation mark, backslash or control character that the text format would read otherwise, but in its name.
  for (const std::string& signer : signers) {
    text += "signers: \"";
    for (const char c : signer) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += "\"\n";
  }
  return text;
}

}  // namespace otokura::policy
