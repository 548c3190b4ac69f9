#include "ops/optim.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

// The arrays of a list, borrowed: the list keeps them alive during the call.
ArrayRefs refs(const py::list& list) {
  ArrayRefs arrays;
  arrays.reserve(list.size());
  py::detail::make_caster<Array> caster;  // one look-up of the type for all entries
  for (const py::handle entry : list) {
    if (entry.is_none() || !caster.load(entry, false))
      fail<TypeError>("expected a list of arrays, but an entry is ", std::string(py::str(py::type::of(entry))));
    arrays.push_back(&py::detail::cast_op<const Array&>(caster));
  }
  return arrays;
}

StepRule rule_of(std::string_view name) {
#define TW_NAME(rule, fewest, most) \
  if (name == #rule) return StepRule::rule;
  TW_STEP_RULES(TW_NAME)
#undef TW_NAME
  fail<ValueError>("optim_step: there is no rule ", std::string(name));
}

// Settings from a dict of those that are not as StepSettings has them.
StepSettings settings_of(const py::dict& given) {
  StepSettings settings;
  for (const auto& [key, value] : given) {
    const auto name = key.cast<std::string_view>();
#define TW_NUMBER(field, otherwise)        \
  if (name == #field) {                    \
    settings.field = value.cast<double>(); \
    continue;                              \
  }
#define TW_FLAG(field)                   \
  if (name == #field) {                  \
    settings.field = value.cast<bool>(); \
    continue;                            \
  }
    TW_STEP_NUMBERS(TW_NUMBER)
    TW_STEP_FLAGS(TW_FLAG)
#undef TW_NUMBER
#undef TW_FLAG
    fail<ValueError>("optim_step: there is no setting ", std::string(name));
  }
  return settings;
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def("optim_step", [](std::string_view rule, const py::list& params, const py::list& grads, const py::list& states,
                         const py::list& settings, const py::list& which) {
    std::vector<ArrayRefs> columns;
    for (const py::handle column : states) columns.push_back(refs(column.cast<py::list>()));
    std::vector<StepSettings> all;
    for (const py::handle one : settings) all.push_back(settings_of(one.cast<py::dict>()));
    std::vector<size_t> numbers;
    numbers.reserve(which.size());
    for (const py::handle number : which) numbers.push_back(number.cast<size_t>());
    optim_step(rule_of(rule), refs(params), refs(grads), columns, std::move(all), numbers);
  });
  m.def("total_norm", [](const py::list& arrays, double p) { return total_norm(refs(arrays), p); });
}

}  // namespace tw
