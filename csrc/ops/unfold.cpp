#include "ops/unfold.h"

#include "ops/creation.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

// How windows lie on an image of so many spatial axes.
struct Windows {
  Dims kernel, dilation, stride, counts;
  int64_t elements = 1, windows = 1;

  Windows(const char* op, const Dims& size, const Dims& kernel_given, const Dims& dilation_given,
          const Dims& stride_given)
      : kernel(kernel_given), dilation(dilation_given), stride(stride_given) {
    const int axes = size.size();
    if (kernel.size() != axes || dilation.size() != axes || stride.size() != axes)
      fail<ValueError>(op, ": kernel_size ", kernel, ", dilation ", dilation, " and stride ", stride,
                       " need an entry for each of the axes ", size);
    for (int k = 0; k < axes; ++k) {
      for (const Dims* given : {&kernel, &dilation, &stride})
        if ((*given)[k] < 1 || (*given)[k] > kMaxElements)
          fail<ValueError>(op, ": kernel_size ", kernel, ", dilation ", dilation, " and stride ", stride,
                           " must be positive, and not beyond any array");
      const __int128 span = static_cast<__int128>(dilation[k]) * (kernel[k] - 1) + 1;
      if (span > size[k])
        fail<ValueError>(op, ": a window of kernel_size ", kernel, " with dilation ", dilation,
                         " does not fit into axes ", size);
      counts.push_back((size[k] - static_cast<int64_t>(span)) / stride[k] + 1);
      elements *= kernel[k];
      windows *= counts[k];
    }
  }

  // A contiguous or other image (N, C, spatial ..) as (N, C, kernel .., windows ..), without a copy.
  Array over(const Array& image) const {
    const int axes = kernel.size();
    Dims shape{image.shape[0], image.shape[1]}, strides{image.strides[0], image.strides[1]};
    for (int k = 0; k < axes; ++k) {
      shape.push_back(kernel[k]);
      strides.push_back(image.strides[2 + k] * dilation[k]);
    }
    for (int k = 0; k < axes; ++k) {
      shape.push_back(counts[k]);
      strides.push_back(image.strides[2 + k] * stride[k]);
    }
    return as_strided(image, image.data, shape, strides);
  }
};

// The part of a view that has position `at` on the axes from 2 on, as many as it has entries.
Array at_tap(const Array& view, int64_t flat, const Dims& kernel) {
  Array tap = view;
  for (int k = kernel.size() - 1; k >= 0; flat /= kernel[k--]) {
    tap = slice(tap, 2 + k, flat % kernel[k], 1, 1);
    tap.shape.erase(2 + k);
    tap.strides.erase(2 + k);
  }
  return tap;
}

}  // namespace

Array unfold(const Array& x, const Dims& kernel, const Dims& dilation, const Dims& stride) {
  Dims size = x.shape;
  if (x.ndim() < 3) fail<ValueError>("unfold: x has shape ", x.shape, ", but needs (N, C, ..) and axes for windows");
  size.erase(0);
  size.erase(0);
  const Windows w("unfold", size, kernel, dilation, stride);
  const Array columns = contiguous(w.over(x));
  return reshape(columns, {x.shape[0], x.shape[1] * w.elements, w.windows});
}

Array fold(const Array& given, const Dims& size, const Dims& kernel, const Dims& dilation, const Dims& stride) {
  element_count(size);
  if (given.dtype == DType::boolean) fail<TypeError>("fold: dtype ", given.dtype, " is not supported");
  const Windows w("fold", size, kernel, dilation, stride);
  if (given.ndim() != 3 || given.shape[1] % w.elements != 0 || given.shape[2] != w.windows)
    fail<ValueError>("fold: x has shape ", given.shape, ", but windows of ", w.elements, " elements at ", w.windows,
                     " places need (N, C * ", w.elements, ", ", w.windows, ")");
  const DType dtype = given.itemsize() == 2 && is_floating(given.dtype) ? DType::f32 : given.dtype;
  Dims shape{given.shape[0], given.shape[1] / w.elements};
  for (const int64_t extent : size) shape.push_back(extent);
  const Array image = full(shape, {}, dtype, given.device), target = w.over(image);
  const Array columns = reshape(contiguous(given), target.shape);
  if (columns.size() > 0)
    for (int64_t tap = 0; tap < w.elements; ++tap) {
      const Array from = at_tap(columns, tap, kernel);
      binary_inplace(elementwise_op(Elementwise::add), at_tap(target, tap, kernel), {&from, {}});
    }
  return astype(image, given.dtype, false);
}

}  // namespace tw
