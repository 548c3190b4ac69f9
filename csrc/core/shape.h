// Shapes and strides: short arrays of int64 with inline storage.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>

namespace tw {

inline constexpr int kMaxDims = 32;
inline constexpr int64_t kMaxElements = INT64_MAX / 16;  // so that bytes and strides are counted without overflow

// A shape, a list of strides or a list of axes; at most kMaxDims entries.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values);
  Dims(const Dims& other) : size_(other.size_) { copy(other); }
  Dims& operator=(const Dims& other) {
    size_ = other.size_;
    copy(other);
    return *this;
  }
  explicit Dims(int count, int64_t value = 0) : size_(count) {
    for (int i = 0; i < count; ++i) values_[i] = value;
  }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t& operator[](int i) { return values_[i]; }
  int64_t operator[](int i) const { return values_[i]; }
  int64_t back() const { return values_[size_ - 1]; }
  const int64_t* begin() const { return values_.data(); }
  const int64_t* end() const { return values_.data() + size_; }
  int64_t* begin() { return values_.data(); }
  int64_t* end() { return values_.data() + size_; }

  void push_back(int64_t value);  // ValueError beyond kMaxDims
  void insert(int at, int64_t value);
  void erase(int at);

  bool operator==(const Dims& other) const {
    if (size_ != other.size_) return false;
    for (int i = 0; i < size_; ++i)
      if (values_[i] != other.values_[i]) return false;
    return true;
  }

 private:
  // Most are short, and were just written: each value is moved alone, since a vector load would wait for its stores.
  void copy(const Dims& other) {
    if (size_ > 0) values_[0] = other.values_[0];
    if (size_ > 1) values_[1] = other.values_[1];
    for (int i = 2; i < size_; ++i) values_[i] = other.values_[i];
  }
  int size_ = 0;
  std::array<int64_t, kMaxDims> values_;
};

std::ostream& operator<<(std::ostream&, const Dims&);  // Python's tuple notation: (2, 3), (4,), ()

// The product. ValueError where an extent is negative, or where the product of the others than 0 exceeds kMaxElements.
int64_t element_count(const Dims& shape);
Dims contiguous_strides(const Dims& shape);  // C order, in elements

// The axis counted from the front. AxisError where it is not in [-ndim, ndim).
int normalize_axis(const char* op, int64_t axis, int ndim);

// `name[1, 2]`: the element number `flat` in C order, as messages name it; the name alone where there are no axes.
std::string element_name(const char* name, int64_t flat, const Dims& shape);

// NumPy's broadcasting of two shapes. ValueError naming op and both shapes where they do not agree.
Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b);

}  // namespace tw
