// Products of bytes summed in 32 bits, at every ISA level that this machine runs: exactly what integer arithmetic
// gives, for every combination of signed and unsigned, any strides, any depth.
#include "gemm_case.h"

namespace {

using namespace tw;
using namespace tw::test;

struct Shape {
  int64_t m, n, k;
};

// The extremes of a byte as often as all others together.
template <class T>
void draw(Matrix<T>& x, std::mt19937& random) {
  x.for_each([&](T& value, int64_t, int64_t) {
    const uint32_t bits = random();
    value = static_cast<T>(bits & 0x100 ? bits : bits & 0x200 ? 0x80 : bits & 0x400 ? 0x7f : 0xff);
  });
}

template <class A, class B>
class ByteCase {
 public:
  ByteCase(Shape shape, Layout la, Layout lb, Epilogue epilogue)
      : shape_(shape),
        epilogue_(epilogue),
        a_(shape.m, shape.k, la),
        b_(shape.k, shape.n, lb),
        bias_(1, std::max(shape.m, shape.n), Layout::rows),
        residual_(shape.m, shape.n, epilogue.others),
        want_(static_cast<size_t>(shape.m * shape.n)) {
    std::mt19937 random(static_cast<unsigned>(shape.m * 7919 + shape.n * 104729 + shape.k));
    draw(a_, random);
    draw(b_, random);
    for (Matrix<uint32_t>* x : {&bias_, &residual_})
      x->for_each([&](uint32_t& value, int64_t, int64_t) { value = random(); });
    for (int64_t i = 0; i < shape.m; ++i)
      for (int64_t j = 0; j < shape.n; ++j) want_[static_cast<size_t>(i * shape.n + j)] = oracle(i, j);
  }

  template <class Call>
  void run(const std::string& method, Call call) {
    Matrix<uint32_t> c(shape_.m, shape_.n, epilogue_.c, 64);
    GemmProblem p{};
    p.m = shape_.m, p.n = shape_.n, p.k = shape_.k;
    p.a = a_.view(), p.b = b_.view(), p.out.c = c.view();
    if (epilogue_.bias == Bias::by_column) p.out.bias = {bias_.origin, 0, 1};
    if (epilogue_.bias == Bias::by_row) p.out.bias = {bias_.origin, 1, 0};
    if (epilogue_.residual == Residual::another) p.out.residual = residual_.view();
    if (epilogue_.residual == Residual::itself) {
      c.for_each(
          [&](uint32_t& x, int64_t i, int64_t j) { x = residual_.origin[i * residual_.row + j * residual_.col]; });
      p.out.residual = p.out.c;
    }
    call(p);
    bool right = true;
    c.for_each(
        [&](uint32_t& x, int64_t i, int64_t j) { right = right && x == want_[static_cast<size_t>(i * shape_.n + j)]; });
    const std::string what = method + " " + std::to_string(shape_.m) + "x" + std::to_string(shape_.n) + "x" +
                             std::to_string(shape_.k) + epilogue_.name();
    check(right, "%s: wrong values", what.c_str());
    check(c.untouched_outside(), "%s: wrote outside", what.c_str());
  }

 private:
  uint32_t oracle(int64_t i, int64_t j) const {
    uint32_t sum = epilogue_.bias == Bias::none ? 0 : bias_.origin[epilogue_.bias == Bias::by_column ? j : i];
    if (epilogue_.residual != Residual::none) sum += residual_.origin[i * residual_.row + j * residual_.col];
    for (int64_t p = 0; p < shape_.k; ++p)
      sum += static_cast<uint32_t>(a_.origin[i * a_.row + p * a_.col] * b_.origin[p * b_.row + j * b_.col]);
    return sum;
  }

  Shape shape_;
  Epilogue epilogue_;
  Matrix<A> a_;
  Matrix<B> b_;
  Matrix<uint32_t> bias_, residual_;
  std::vector<uint32_t> want_;
};

// The kernels see no C++ types but bytes: epilogue matrices are 4 bytes an element, operands one.
template <class A, class B>
void run_case(const KernelTable& table, Shape shape, Layout la, Layout lb, Epilogue epilogue = {}) {
  const bool a_signed = A(-1) < A(0), b_signed = B(-1) < B(0);
  const ByteGemm& kernels = table.gemm.bytes[a_signed][b_signed];
  ByteCase<A, B> c(shape, la, lb, epilogue);
  const std::string name =
      std::string(table.level) + (a_signed ? " i8" : " u8") + (b_signed ? " x i8" : " x u8") + " by ";
  if (kernels.naive) c.run(name + "naive", kernels.naive);
  if (!kernels.packed.tile) return;
  const auto run = [&](int64_t depth, int64_t rows, int64_t columns) {
    c.run(name + "tiles", [&](const GemmProblem& p) { run_tiles(kernels.packed, 1, 4, p, depth, rows, columns); });
  };
  const PackedGemm& packed = kernels.packed;
  for (int64_t depth : {int64_t{packed.kc} * packed.group, shape.k / 3 + 1})
    run(depth, packed.mc / packed.mr, packed.nc / packed.nr);
  run(shape.k / 2 + 1, 1, 1);
}

template <class A, class B>
void run_types(const KernelTable& table) {
  const int64_t edges[] = {1, 2, 6, 13, 14, 15, 16, 17, 31, 32, 33, 65};
  for (int64_t m : edges)
    for (int64_t n : edges)
      run_case<A, B>(table, {m, n, 1 + (m * 5 + n * 3) % 37}, n % 2 ? Layout::rows : Layout::columns,
                     m % 2 ? Layout::rows : Layout::columns);
  for (Layout la : kLayouts)
    for (Layout lb : kLayouts)
      for (int64_t k : {3, 66, 301}) run_case<A, B>(table, {29, 35, k}, la, lb);
  for (int64_t k : {0, 1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129, 1535, 1537, 2049})
    for (Layout layout : {Layout::rows, Layout::columns}) run_case<A, B>(table, {15, 33, k}, layout, layout);
  for (Layout c : kLayouts)
    for (Bias bias : {Bias::none, Bias::by_column, Bias::by_row})
      for (Residual residual : {Residual::none, Residual::itself, Residual::another})
        for (Layout others : {Layout::rows, Layout::gaps})
          run_case<A, B>(table, {17, 35, 70}, Layout::rows, Layout::rows,
                         {.bias = bias, .residual = residual, .c = c, .others = others});
  run_case<A, B>(table, {3, 2, 140000}, Layout::rows, Layout::rows);  // sums wrap around
}

void run_level(const KernelTable& table) {
  run_types<uint8_t, uint8_t>(table);
  run_types<uint8_t, int8_t>(table);
  run_types<int8_t, uint8_t>(table);
  run_types<int8_t, int8_t>(table);
}

}  // namespace

int main() {
  run_level(reference_table());
  for (const KernelTable* table : levels()) run_level(*table);
  if (dot_level()) run_level(*dot_level());
  return report();
}
