#include "backend/choose.h"

#include <optional>
#include <utility>

namespace tw {
namespace {
thread_local std::optional<std::vector<Choice>> choices;
}

void start_explaining() { choices.emplace(); }
std::vector<Choice> take_choices() {
  std::vector<Choice> taken = choices.value_or(std::vector<Choice>());
  choices.reset();
  return taken;
}
bool explaining() { return choices.has_value(); }
void note_choice(Choice choice) { choices->push_back(std::move(choice)); }

}  // namespace tw
