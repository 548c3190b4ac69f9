// Array: a strided view of a storage. Copying one copies the view, not the data.
#pragma once
#include <iosfwd>

#include "core/dtype.h"
#include "core/error.h"
#include "core/shape.h"
#include "core/storage.h"

namespace tw {

size_t item_size(DType);
const char* dtype_name(DType);  // "float32"
bool is_integer(DType);         // signed or unsigned, not bool
bool is_signed(DType);
// By the order of the dtypes, since every call of an op asks.
inline bool is_complex(DType dtype) { return dtype >= DType::c64; }
inline bool is_inexact(DType dtype) { return dtype >= DType::f16; }  // floating or complex: what has gradients
inline bool is_floating(DType dtype) { return is_inexact(dtype) && !is_complex(dtype); }
DType component_of(DType);  // of a complex dtype that of its two parts, else the dtype itself
DType complex_of(DType);    // complex64, or complex128 for float64
std::ostream& operator<<(std::ostream&, DType);

struct Array {
  StorageRef storage;
  char* data = nullptr;  // of element (0, .., 0): inside the storage
  Dims shape;
  Dims strides;  // in elements, may be 0 or negative
  DType dtype = DType::f32;
  Device device = {};  // as in the storage

  int ndim() const { return shape.size(); }
  int64_t size() const;  // number of elements
  size_t itemsize() const { return item_size(dtype); }
  bool is_contiguous() const;  // C order; axes of length 1 do not count, an empty array is
  template <class T>
  T* ptr() const {
    return reinterpret_cast<T*>(data);
  }
};

// From the first byte of an array that has elements to the one behind its last.
struct Extent {
  const char *low, *high;
};
Extent extent_of(const Array&);

Array empty(const Dims& shape, DType dtype, Device device = {});  // uninitialised, C order

// Views. `strides` in elements.
Array as_strided(const Array& x, char* data, const Dims& shape, const Dims& strides);
Array broadcast_to(const char* op, const Array& x, const Dims& shape);
Dims broadcast_strides(const char* op, const Array& x, const Dims& shape);  // those of broadcast_to()
Array permute(const Array& x, const Dims& axes);                            // axes already normalised
Array slice(const Array& x, int axis, int64_t start, int64_t length, int64_t step);
Array expand_dims(const Array& x, int axis);
Array component(const Array& x, int part);  // of a complex array the real (0) or imaginary (1) parts
Array split_components(const Array& x);     // complex (..) as real (.., 2)
Array join_components(const Array& x);      // and back: the last axis lies contiguous, other strides are even
bool try_reshape_view(const Array& x, const Dims& shape, Array& out);  // false where only a copy could do it

}  // namespace tw
