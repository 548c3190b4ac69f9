#include "core/shape.h"

#include <ostream>

#include "core/error.h"

namespace tw {

Dims::Dims(std::initializer_list<int64_t> values) {
  for (const int64_t value : values) push_back(value);
}

void Dims::push_back(int64_t value) { insert(size_, value); }

void Dims::insert(int at, int64_t value) {
  if (size_ == kMaxDims) fail<ValueError>("arrays have at most ", kMaxDims, " dimensions, more are needed here");
  for (int i = size_; i > at; --i) values_[i] = values_[i - 1];
  values_[at] = value;
  ++size_;
}

void Dims::erase(int at) {
  --size_;
  for (int i = at; i < size_; ++i) values_[i] = values_[i + 1];
}

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '(';
  for (int i = 0; i < dims.size(); ++i) out << (i ? ", " : "") << dims[i];
  return out << (dims.size() == 1 ? ",)" : ")");
}

int64_t element_count(const Dims& shape) {
  int64_t count = 1;
  bool fits = true, any = true;
  for (const int64_t extent : shape) {
    if (extent < 0) fail<ValueError>("shape ", shape, " has a negative dimension");
    any &= extent > 0;
    if (extent > 0) fits &= !__builtin_mul_overflow(count, extent, &count);
  }
  if (!fits || count > kMaxElements) fail<ValueError>("shape ", shape, " has more elements than can be addressed");
  return any ? count : 0;
}

Dims contiguous_strides(const Dims& shape) {
  Dims strides(shape.size());
  int64_t step = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= shape[i] > 0 ? shape[i] : 1;
  }
  return strides;
}

int normalize_axis(const char* op, int64_t axis, int ndim) {
  if (axis < -ndim || axis >= ndim)
    fail<AxisError>(op, ": axis ", axis, " is out of bounds for an array of ", ndim, " dimensions");
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

std::string element_name(const char* name, int64_t flat, const Dims& shape) {
  std::string text;
  for (int axis = shape.size() - 1; axis >= 0; flat /= shape[axis--])
    text = std::to_string(flat % shape[axis]) + (text.empty() ? "]" : ", ") + text;
  return text.empty() ? name : std::string(name) + "[" + text;
}

Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  const int offset = longer.size() - shorter.size();
  Dims result = longer;
  for (int i = 0; i < shorter.size(); ++i) {
    const int64_t other = shorter[i];
    int64_t& extent = result[i + offset];
    if (extent == other || other == 1) continue;
    if (extent != 1) fail<ValueError>(op, ": shapes ", a, " and ", b, " do not broadcast together");
    extent = other;
  }
  return result;
}

}  // namespace tw
