#include "core/array.h"

#include <ostream>

namespace tw {
namespace {

struct DTypeInfo {
  const char* name;
  uint8_t nbytes;
  char kind;  // b bool, u unsigned, i signed, f floating, c complex
};
constexpr DTypeInfo kInfo[kDTypes] = {
    {"bool", 1, 'b'},     {"uint8", 1, 'u'},   {"int8", 1, 'i'},    {"uint16", 2, 'u'},    {"int16", 2, 'i'},
    {"uint32", 4, 'u'},   {"int32", 4, 'i'},   {"uint64", 8, 'u'},  {"int64", 8, 'i'},     {"float16", 2, 'f'},
    {"bfloat16", 2, 'f'}, {"float32", 4, 'f'}, {"float64", 8, 'f'}, {"complex64", 8, 'c'}, {"complex128", 16, 'c'},
};
const DTypeInfo& info(DType dtype) { return kInfo[static_cast<int>(dtype)]; }

}  // namespace

size_t item_size(DType dtype) { return info(dtype).nbytes; }
const char* dtype_name(DType dtype) { return info(dtype).name; }
bool is_integer(DType dtype) { return info(dtype).kind == 'i' || info(dtype).kind == 'u'; }
bool is_signed(DType dtype) { return info(dtype).kind == 'i'; }
DType component_of(DType dtype) { return dtype == DType::c64 ? DType::f32 : dtype == DType::c128 ? DType::f64 : dtype; }
DType complex_of(DType dtype) { return is_complex(dtype) ? dtype : dtype == DType::f64 ? DType::c128 : DType::c64; }
std::ostream& operator<<(std::ostream& out, DType dtype) { return out << dtype_name(dtype); }

int64_t Array::size() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

bool Array::is_contiguous() const {
  int64_t step = 1;
  for (int i = ndim() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != step) return size() == 0;
    step *= shape[i];
  }
  return true;
}

Extent extent_of(const Array& x) {
  Extent e{x.data, x.data};
  for (int i = 0; i < x.ndim(); ++i) {
    const int64_t reach = (x.shape[i] - 1) * x.strides[i] * static_cast<int64_t>(x.itemsize());
    (reach < 0 ? e.low : e.high) += reach;
  }
  e.high += x.itemsize();
  return e;
}

Array empty(const Dims& shape, DType dtype, Device device) {
  const int64_t count = element_count(shape);
  Array x;
  x.storage = allocate(static_cast<size_t>(count) * item_size(dtype), device);
  x.device = device;
  x.data = static_cast<char*>(x.storage->data);
  x.shape = shape;
  x.strides = contiguous_strides(shape);
  x.dtype = dtype;
  return x;
}

Array as_strided(const Array& x, char* data, const Dims& shape, const Dims& strides) {
  Array view;
  view.storage = x.storage;
  view.data = data;
  view.shape = shape;
  view.strides = strides;
  view.dtype = x.dtype;
  view.device = x.device;
  return view;
}

Dims broadcast_strides(const char* op, const Array& x, const Dims& shape) {
  const int offset = shape.size() - x.ndim();
  bool fits = offset >= 0;
  Dims strides(shape.size(), 0);
  for (int i = 0; fits && i < x.ndim(); ++i) {
    fits = x.shape[i] == shape[i + offset] || x.shape[i] == 1;
    strides[i + offset] = x.shape[i] == 1 ? 0 : x.strides[i];
  }
  if (!fits) fail<ValueError>(op, ": shape ", x.shape, " does not broadcast to ", shape);
  return strides;
}

Array broadcast_to(const char* op, const Array& x, const Dims& shape) {
  const Dims strides = broadcast_strides(op, x, shape);
  element_count(shape);  // no memory stands behind the result to bound it
  return as_strided(x, x.data, shape, strides);
}

Array permute(const Array& x, const Dims& axes) {
  Dims shape(x.ndim()), strides(x.ndim());
  for (int i = 0; i < x.ndim(); ++i) {
    shape[i] = x.shape[static_cast<int>(axes[i])];
    strides[i] = x.strides[static_cast<int>(axes[i])];
  }
  return as_strided(x, x.data, shape, strides);
}

Array component(const Array& x, int part) {
  Array view = x;
  view.dtype = component_of(x.dtype);
  view.data += part * static_cast<int>(view.itemsize());
  for (int64_t& stride : view.strides) stride *= 2;
  return view;
}

Array split_components(const Array& x) {
  Array view = component(x, 0);
  view.shape.push_back(2);
  view.strides.push_back(1);
  return view;
}

Array join_components(const Array& x) {
  Array view = x;
  view.dtype = complex_of(x.dtype);
  view.shape.erase(x.ndim() - 1);
  view.strides.erase(x.ndim() - 1);
  for (int64_t& stride : view.strides) stride /= 2;
  return view;
}

Array slice(const Array& x, int axis, int64_t start, int64_t length, int64_t step) {
  Array view = x;
  // An empty slice may start past the end: keep the pointer inside the storage.
  if (length > 0) view.data += start * x.strides[axis] * static_cast<int64_t>(x.itemsize());
  view.shape[axis] = length;
  if (length > 1) view.strides[axis] *= step;  // else never stepped, and the step may be huge
  return view;
}

Array expand_dims(const Array& x, int axis) {
  Array view = x;
  view.shape.insert(axis, 1);
  view.strides.insert(axis, 0);
  return view;
}

// Walks both shapes from the front, matching groups of axes with equal products; a group of old axes can be cut anew
// only where it is itself contiguous (each stride the next one's extent times its stride).
bool try_reshape_view(const Array& x, const Dims& shape, Array& out) {
  if (x.size() == 0 || x.is_contiguous()) {
    out = as_strided(x, x.data, shape, contiguous_strides(shape));
    return true;
  }
  Dims old_shape, old_strides;
  for (int i = 0; i < x.ndim(); ++i) {
    if (x.shape[i] == 1) continue;
    old_shape.push_back(x.shape[i]);
    old_strides.push_back(x.strides[i]);
  }
  Dims strides(shape.size(), 0);
  int from = 0, to = 0;
  while (from < old_shape.size()) {
    int64_t old_count = old_shape[from], new_count = 1;
    int old_end = from + 1, new_end = to;
    while (new_count != old_count) {
      if (new_count < old_count) {
        new_count *= shape[new_end++];
      } else {
        old_count *= old_shape[old_end++];
      }
    }
    for (int i = from; i + 1 < old_end; ++i)
      if (old_strides[i] != old_strides[i + 1] * old_shape[i + 1]) return false;
    int64_t step = old_strides[old_end - 1];
    for (int i = new_end - 1; i >= to; --i) {
      strides[i] = step;
      step *= shape[i];
    }
    from = old_end;
    to = new_end;
  }
  out = as_strided(x, x.data, shape, strides);
  return true;
}

}  // namespace tw
