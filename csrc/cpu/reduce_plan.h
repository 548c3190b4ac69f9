// How a reduction over a strided array is cut into the two-dimensional folds that the kernels do.
#pragma once
#include <algorithm>

#include "core/array.h"
#include "core/parallel.h"
#include "cpu/kernels/reduce/reduce.h"

namespace tw::cpu {

// Steps through memory, in elements, the longest first.
struct Axes {
  struct Axis {
    int64_t size, stride;
  };
  int count = 0;
  Axis axis[kMaxDims];

  void add(int64_t size, int64_t stride);  // in order of falling stride; axes of length 1 are left out
  void merge();                            // neighbours that are one even step
  int64_t elements() const;
};

struct ReducePlan {
  Axes kept, reduced;
  const char* data;
  size_t itemsize;

  // What a kernel call covers: the innermost kept axis by the innermost reduced one. All other axes are panels, other
  // reduced axes first. A panel is cut into pieces of its outputs and, where that makes too few, slices of its count.
  ReduceArgs args;
  int64_t panels;
  int64_t piece, pieces;
  int64_t slice, slices;
  double map_ns = 0;  // what it takes to make an element, where that happens on the way

  void split();

  // call(args, data, panel, first output, slice, first of count) for every block, in parallel.
  template <class Call>
  void run(Call call) const {
    const int64_t blocks = panels * pieces * slices;
    const double elements =
        static_cast<double>(std::min(piece, args.outputs)) * static_cast<double>(std::min(slice, args.count));
    const double at_once = map_ns > 0 ? kBlockElements / 4 : kBlockElements;
    const int64_t chunk = std::max<int64_t>(1, static_cast<int64_t>(at_once / (elements + 1)));
    parallel_for(blocks, chunk, (ns_per_element() + map_ns) * elements, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t s = block % slices, p = block / slices % pieces, panel = block / slices / pieces;
        ReduceArgs a = args;
        a.outputs = std::min(piece, args.outputs - p * piece);
        a.count = std::min(slice, args.count - s * slice);
        const int64_t offset = panel_offset(panel) + p * piece * args.output_stride + s * slice * args.count_stride;
        call(a, data + offset * static_cast<int64_t>(itemsize), panel, p * piece, s, s * slice);
      }
    });
  }

 private:
  static constexpr double kBlockElements = 65536;
  int64_t panel_offset(int64_t panel) const;
  double ns_per_element() const { return args.output_stride == 1 || args.count_stride == 1 ? 0.1 : 0.7; }
};

}  // namespace tw::cpu
