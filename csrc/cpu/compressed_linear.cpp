// Linear layers whose weights are codes: a few rows of x stream them once, more are a product whose B is made of them
// panel by panel.
#include <algorithm>
#include <vector>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_source.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr double kBytesPerNs = 20;  // that one core reads, roughly
constexpr int64_t kPieceBytes = 128 << 10;

CompressedRows rows_of(const CompressedLinearProblem& p) {
  return {p.codes, p.k, reinterpret_cast<const float*>(p.scale)};
}

GemmOutput output_of(const CompressedLinearProblem& p) {
  GemmOutput out{};
  out.c = {p.y, p.n, 1};
  if (p.bias) out.bias = {const_cast<char*>(p.bias), 0, 1};
  out.activation = p.activation;
  return out;
}

void stream(const CompressedLinearProblem& p) {
  const auto kernel = kernels().gemm.compressed[static_cast<int>(p.dtype)];
  const int64_t size = size_of(p.dtype), bytes = std::max<int64_t>(1, p.k * size);
  const int64_t rows = round_up(std::clamp<int64_t>(kPieceBytes / bytes, 1, p.n), 16);
  const GemmOutput out = output_of(p);
  parallel_for(p.n, rows, static_cast<double>(bytes) / kBytesPerNs, [&](int64_t begin, int64_t end) {
    kernel({end - begin, p.k, rows_of(p).at(begin, size), reinterpret_cast<const float*>(p.x), p.m, p.k,
            out.at(0, begin, sizeof(float))});
  });
}

// Panels of W^T: a panel's rows of W as numbers, and packed as any other.
void fill(const void* context, int64_t, const PackedGemm& layout, int64_t from, int64_t depth, int64_t column,
          int64_t columns, void* packed) {
  const CompressedLinearProblem& p = *static_cast<const CompressedLinearProblem*>(context);
  const int64_t size = size_of(p.dtype);
  std::vector<float> numbers(static_cast<size_t>(layout.nr * depth));
  for (int64_t j = 0; j < columns; j += layout.nr) {
    const int64_t count = std::min<int64_t>(layout.nr, columns - j);
    CompressedRows rows = rows_of(p).at(column + j, size);
    rows.codes = static_cast<const char*>(rows.codes) + from * size;
    kernels().gemm.expand[static_cast<int>(p.dtype)](rows, count, depth, numbers.data());
    layout.pack_b(numbers.data(), depth, 1, count, depth, static_cast<float*>(packed) + j * depth);
  }
}

}  // namespace

void compressed_linear(const CompressedLinearProblem& p) {
  if (p.m <= GemmKernels::kMostVectors && kernels().gemm.compressed[static_cast<int>(p.dtype)]) return stream(p);
  GemmFromSource product{};
  product.batch.dtype = DType::f32;
  product.batch.each.m = p.m, product.batch.each.n = p.n, product.batch.each.k = p.k;
  product.batch.each.a = {const_cast<char*>(p.x), p.k, 1};
  product.batch.each.out = output_of(p);
  product.b = {fill, &p};
  gemm(product);
}

}  // namespace tw::cpu
