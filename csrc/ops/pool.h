// Pooling of (.., spatial) arrays, with one to three spatial axes.
#pragma once
#include "backend/pool_problem.h"
#include "core/array.h"

namespace tw {

// One number for each spatial axis, in `dilation` and `kernel` of all ops; names in messages have their count, as in
// max_pool2d.
struct PoolOptions {
  Dims kernel, stride, padding, dilation;
  bool ceil_mode = false;
};
struct AverageOptions {
  bool count_include_pad = true;
  int64_t divisor_override = 0;  // none where 0
};

// The maximum of each window. Into `places`, where it is not null, what the two ops below take: taps as uint8, or
// positions as int64 where windows have more than 256 taps.
Array max_pool(const Array& x, const PoolOptions& options, Array* places);

struct MaxPoolResult {
  Array y, indices;  // int64: positions in the plane
};
MaxPoolResult max_pool_with_indices(const Array& x, const PoolOptions& options);
// Of adaptive windows, with positions as places.
Array adaptive_max_pool(const Array& x, const Dims& output_size, Array* places);
MaxPoolResult adaptive_max_pool_with_indices(const Array& x, const Dims& output_size);

// Numbers of windows to their places in (.., spatial), added up; and from there. The kernel is empty where places are
// positions of adaptive windows. IndexError for a place outside.
Array max_pool_scatter(const Array& g, const Array& places, const Dims& spatial, const PoolOptions& options);
Array max_pool_gather(const Array& x, const Array& places, const Dims& spatial, const PoolOptions& options);

Array avg_pool(const Array& x, const PoolOptions& options, const AverageOptions& average);
Array adaptive_avg_pool(const Array& x, const Dims& output_size);
// Their transposes: numbers of windows to (.., spatial).
Array avg_pool_backward(const Array& g, const Dims& spatial, const PoolOptions& options, const AverageOptions& average);
Array adaptive_avg_pool_backward(const Array& g, const Dims& spatial);

}  // namespace tw
