// Choosing an algorithm from an ordered list, and telling which and why: the machinery behind tilewright.explain().
#pragma once
#include <string>
#include <vector>

#include "core/error.h"

namespace tw {

// One way to solve a Problem. The first of a list whose `unsupported` gives null is taken.
template <class Problem>
struct Method {
  const char* name;
  const char* (*unsupported)(const Problem&);  // the reason why not, or null
  void (*run)(const Problem&);
};

struct Choice {
  std::string problem;                   // "matmul: (64, 3) x (3, 5) float32"
  std::string taken;                     // name of the method
  std::vector<std::string> passed_over;  // "gemv: neither operand is a vector", in order
};

// Choices of this thread from start_explaining() to take_choices().
void start_explaining();
std::vector<Choice> take_choices();
bool explaining();
void note_choice(Choice choice);

// Runs the first method that supports the problem; false where none does. describe() gives Choice::problem.
template <class Problem, size_t N, class Describe>
bool run_first(const Method<Problem> (&methods)[N], const Problem& problem, Describe describe) {
  const bool noted = explaining();
  Choice choice;
  for (const Method<Problem>& method : methods) {
    const char* reason = method.unsupported(problem);
    if (reason) {
      if (noted) choice.passed_over.push_back(std::string(method.name) + ": " + reason);
      continue;
    }
    if (noted) {
      choice.problem = describe(problem);
      choice.taken = method.name;
      note_choice(std::move(choice));
    }
    method.run(problem);
    return true;
  }
  return false;
}

}  // namespace tw
