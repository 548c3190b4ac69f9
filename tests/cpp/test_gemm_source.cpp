// Products whose B comes from a source, shown by the im2col matrix of a convolution and by its transpose, at every ISA
// level that this machine runs: against a float64 oracle, bit for bit against the product of the matrix in memory, the
// same at any number of threads, and with scratch memory that does not grow with the product.
#include "backend/choose.h"
#include "convolution_case.h"
#include "core/parallel.h"
#include "core/storage.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_source.h"
#include "cpu/gemm_split.h"
#include "gemm_case.h"

namespace {

using namespace tw;
using namespace tw::test;

constexpr Convolution kConvolutions[] = {
    {2, 3, 9, 11, 5, 3, 1, 1},                               // short rows: several in a panel
    {3, 2, 7, 70, 20, 3, 1, 1},                              // rows longer than a panel
    {2, 3, 21, 23, 9, 7, 2, 3},                              // every other pixel
    {1, 3, 40, 150, 15, 3, 2, 0},                            // of long rows
    {2, 4, 11, 10, 6, 2, 3, 1},                              // any stride
    {2, 2, 12, 9, 3, 3, 1, 4, 2},                            // dilated, and panels that are padding alone
    {2, 5, 4, 4, 7, 1, 1, 0},                                // one tap
    {1, 130, 6, 5, 17, 3, 1, 1},                             // deep: several stretches of K
    {1, 229, 6, 5, 40, 3, 1, 1},                             // deeper: slices of K and a rest
    {8, 3, 40, 40, 20, 3, 1, 1},                             // slices of the images
    {2, 1, 33, 32, 4, 3, 1, 1},   {5, 3, 6, 1, 2, 3, 1, 1},  // rows of one pixel
    {1, 2, 3, 400, 140, 3, 1, 1},                            // many rows
};

template <class T>
std::vector<T> draw(int64_t count, bool exact) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::vector<T> x(static_cast<size_t>(count));
  for (T& value : x)
    value = Type<T>::make(exact ? (static_cast<int>(random() % 31) - 15) / 16.0
                                : static_cast<double>(random()) / 0x1p32 - 0.5);
  return x;
}

template <class T>
std::vector<double> widened(const std::vector<T>& x) {
  std::vector<double> wide(x.size());
  for (size_t i = 0; i < x.size(); ++i) wide[i] = Type<T>::get(x[i]);
  return wide;
}

// The sum of n products, of elements so far apart.
double dot(const double* a, int64_t a_step, const double* b, int64_t b_step, int64_t n) {
  double sum = 0;
  for (int64_t p = 0; p < n; ++p) sum += a[p * a_step] * b[p * b_step];
  return sum;
}

template <class T>
cpu::GemmFromSource from_source(const GemmBatch& batch, const Im2col& im2col, bool transposed) {
  const auto* fills = transposed ? kernels().conv.im2col_transposed : kernels().conv.im2col;
  return {batch, {fills[log2_size(sizeof(T))], &im2col}, transposed ? batch.shape[0] : 1};
}

// `out` = W (filters x taps) im2col (taps x pixels) for each image. W by rows, or by columns: then it is packed.
template <class T>
struct Forward {
  const Convolution& c;
  std::vector<T> x, w, bias;
  bool by_columns;
  Activation activation = Activation::none;

  Forward(const Convolution& conv, bool exact, bool columns)
      : c(conv),
        x(draw<T>(c.images * c.image_size(), exact)),
        w(draw<T>(c.filters * c.taps(), exact)),
        bias(draw<T>(c.filters, exact)),
        by_columns(columns) {}

  int64_t size() const { return c.images * c.filters * c.pixels(); }

  GemmBatch batch(T* out) {
    GemmBatch b{Type<T>::dtype,        {c.filters, c.pixels(), c.taps(), {}, {}, {}}, {c.images}, {0}, {0},
                c.filters * c.pixels()};
    b.each.a = {w.data(), by_columns ? 1 : c.taps(), by_columns ? c.filters : 1};
    b.each.out.c = {out, c.pixels(), 1};
    b.each.out.bias = {bias.data(), 1, 0};
    b.each.out.activation = activation;
    return b;
  }
  std::vector<T> run() {
    std::vector<T> out(static_cast<size_t>(size()));
    const Im2col im2col = c.source(x.data());
    cpu::gemm(from_source<T>(batch(out.data()), im2col, false));
    return out;
  }
  // By the packed method from matrices in memory.
  std::vector<T> run_plain() {
    std::vector<T> out(static_cast<size_t>(size()));
    for (int64_t i = 0; i < c.images; ++i) {
      std::vector<T> m = c.matrix(x.data() + i * c.image_size());
      GemmBatch b = batch(out.data() + i * c.filters * c.pixels());
      b.shape = {}, b.a_stride = {}, b.b_stride = {};
      b.each.b = {m.data(), c.pixels(), 1};
      cpu::gemm_blocked(b);
    }
    return out;
  }
  // What it gives for one image, whose im2col matrix it is.
  std::vector<double> expected(const std::vector<double>& matrix) const {
    const std::vector<double> weight = widened(w), shift = widened(bias);
    std::vector<double> sums;
    for (int64_t i = 0; i < c.filters; ++i)
      for (int64_t j = 0; j < c.pixels(); ++j) {
        const double* row = weight.data() + (by_columns ? i : i * c.taps());
        const double sum = dot(row, by_columns ? c.filters : 1, matrix.data() + j, c.pixels(), c.taps());
        sums.push_back(sum + shift[static_cast<size_t>(i)]);
      }
    if (activation == Activation::relu)
      for (double& sum : sums) sum = std::max(sum, 0.0);
    return sums;
  }
};

// dW = the sum over images of g (filters x pixels) transposed im2col (pixels x taps). `gap` elements between rows of g.
template <class T>
struct WeightGradient {
  const Convolution& c;
  std::vector<T> x, g;
  int64_t row;
  bool accumulate = false;  // into a C of ones

  WeightGradient(const Convolution& conv, bool exact, int64_t gap)
      : c(conv), x(draw<T>(c.images * c.image_size(), exact)), row(c.pixels() + gap) {
    g = draw<T>(c.images * c.filters * row, exact);
  }

  GemmBatch batch(T* out) {
    GemmBatch b{Type<T>::dtype, {c.filters, c.taps(), c.pixels(), {}, {}, {}}, {c.images}, {c.filters * row}, {0}, 0};
    b.each.a = {g.data(), row, 1};
    b.each.out.c = {out, c.taps(), 1};
    if (accumulate) b.each.out.residual = b.each.out.c;
    return b;
  }
  std::vector<T> run() {
    std::vector<T> out(static_cast<size_t>(c.filters * c.taps()), Type<T>::make(1));
    const Im2col im2col = c.source(x.data());
    cpu::gemm(from_source<T>(batch(out.data()), im2col, true));
    return out;
  }
  std::vector<T> run_plain() {
    std::vector<T> out(static_cast<size_t>(c.filters * c.taps()));
    for (int64_t i = 0; i < c.images; ++i) {
      std::vector<T> m = c.matrix(x.data() + i * c.image_size());
      GemmBatch b = batch(out.data());
      b.shape = {}, b.a_stride = {}, b.b_stride = {};
      b.each.a.data = g.data() + i * c.filters * row;
      b.each.b = {m.data(), 1, c.pixels()};
      if (i > 0) b.each.out.residual = b.each.out.c;
      cpu::gemm_blocked(b);
    }
    return out;
  }
  std::vector<double> expected(const std::vector<std::vector<double>>& matrices) const {
    const std::vector<double> gradient = widened(g);
    std::vector<double> sums(static_cast<size_t>(c.filters * c.taps()), accumulate ? 1 : 0);
    for (int64_t image = 0; image < c.images; ++image)
      for (int64_t e = 0; e < c.filters * c.taps(); ++e)
        sums[static_cast<size_t>(e)] +=
            dot(gradient.data() + (image * c.filters + e / c.taps()) * row, 1,
                matrices[static_cast<size_t>(image)].data() + e % c.taps() * c.pixels(), 1, c.pixels());
    return sums;
  }
};

template <class T>
bool near(const T* got, const std::vector<double>& want) {
  bool right = true;
  for (size_t e = 0; e < want.size(); ++e)
    right = right && std::abs(Type<T>::get(got[e]) - want[e]) <= Type<T>::unit * std::abs(want[e]) + Type<T>::tiny;
  return right;
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Runs it with 1, 2 and 7 threads; whether all gave the same bits.
template <class Product>
auto run_threads(Product& product, const char* what) {
  set_num_threads(1);
  const auto one = product.run();
  for (int threads : {2, 7}) {
    set_num_threads(threads);
    check(same(one, product.run()), "%s: other bits with %d threads", what, threads);
  }
  return one;
}

// Sums are exact, so any order gives the same.
template <class T>
void run_exact(const Convolution& c) {
  std::vector<std::vector<double>> matrices;
  for (bool columns : {false, true}) {
    Forward<T> forward(c, true, columns);
    forward.activation = columns ? Activation::relu : Activation::none;
    const std::string what = label(kernels(), "im2col", Type<T>::dtype) + (columns ? " by columns" : "");
    const std::vector<T> out = run_threads(forward, what.c_str());
    matrices.clear();
    bool right = true;
    for (int64_t i = 0; i < c.images; ++i) {
      matrices.push_back(widened(c.matrix(forward.x.data() + i * c.image_size())));
      right = right && near(out.data() + i * c.filters * c.pixels(), forward.expected(matrices.back()));
    }
    check(right, "%s: %d x %d, kernel %d", what.c_str(), static_cast<int>(c.height), static_cast<int>(c.width),
          static_cast<int>(c.kernel));
  }
  if (item_size(Type<T>::dtype) == 2 && !kernels().gemm.packed[static_cast<int>(Type<T>::dtype)].tile) return;
  for (int64_t gap : {int64_t{0}, round_up(c.pixels(), 2048) - c.pixels()}) {
    WeightGradient<T> gradient(c, true, gap);
    gradient.accumulate = gap == 0;
    const std::string what = label(kernels(), "im2col transposed", Type<T>::dtype) + (gap ? " evicting" : "");
    const std::vector<T> out = run_threads(gradient, what.c_str());
    check(near(out.data(), gradient.expected(matrices)), "%s: %d x %d, kernel %d", what.c_str(),
          static_cast<int>(c.height), static_cast<int>(c.width), static_cast<int>(c.kernel));
  }
}

template <class Product>
std::string method(Product& product) {
  start_explaining();
  product.run();
  return take_choices().front().taken;
}

// Where the depth is summed up in the same stretches, sums that round are the same bits too.
template <class T>
void run_bits(const Convolution& c) {
  const PackedGemm& packed = kernels().gemm.packed[static_cast<int>(Type<T>::dtype)];
  if (!packed.tile) return;
  for (bool columns : {false, true}) {
    Forward<T> forward(c, false, columns);
    if (method(forward) == "blocked" || (method(forward) == "direct" && c.taps() <= packed.kc))
      check(same(forward.run(), forward.run_plain()), "%s: other bits",
            label(kernels(), "im2col", Type<T>::dtype).c_str());
  }
  if (c.pixels() > packed.kc) return;
  for (int64_t gap : {int64_t{0}, round_up(c.pixels(), 2048) - c.pixels()}) {
    WeightGradient<T> gradient(c, false, gap);
    if (method(gradient) == "slices") continue;
    check(same(gradient.run(), gradient.run_plain()), "%s: other bits",
          label(kernels(), "im2col transposed", Type<T>::dtype).c_str());
  }
}

// Bytes: their panels hold several neighbours along the depth in a lane.
void run_bytes(const Convolution& c) {
  if (!kernels().gemm.bytes[0][1].packed.tile) return;
  std::mt19937 random(3);
  std::vector<uint8_t> x(static_cast<size_t>(c.images * c.image_size()));
  std::vector<int8_t> w(static_cast<size_t>(c.filters * c.taps()));
  for (uint8_t& value : x) value = static_cast<uint8_t>(random());
  for (int8_t& value : w) value = static_cast<int8_t>(random());
  std::vector<int32_t> out(static_cast<size_t>(c.images * c.filters * c.pixels()));
  const Im2col im2col = c.source(x.data());
  GemmBatch b{DType::i32, {c.filters, c.pixels(), c.taps(), {}, {}, {}}, {c.images}, {0}, {0}, c.filters * c.pixels()};
  b.bytes = GemmBatch::Bytes{true, false};
  b.each.a = {w.data(), c.taps(), 1};
  b.each.out.c = {out.data(), c.pixels(), 1};
  cpu::gemm(cpu::GemmFromSource{b, {kernels().conv.im2col[0], &im2col}});
  bool right = true;
  for (int64_t image = 0; image < c.images; ++image) {
    const std::vector<uint8_t> m = c.matrix(x.data() + image * c.image_size());
    for (int64_t i = 0; i < c.filters; ++i)
      for (int64_t j = 0; j < c.pixels(); ++j) {
        int32_t sum = 0;
        for (int64_t p = 0; p < c.taps(); ++p)
          sum += w[static_cast<size_t>(i * c.taps() + p)] * m[static_cast<size_t>(p * c.pixels() + j)];
        right = right && sum == out[static_cast<size_t>((image * c.filters + i) * c.pixels() + j)];
      }
  }
  check(right, "%s: im2col of bytes", kernels().level);
}

void run_level(const KernelTable& table) {
  detail::chosen_kernels = table;
  for (const Convolution& c : kConvolutions) {
    run_exact<float>(c);
    run_exact<double>(c);
    run_exact<f16>(c);
    run_exact<bf16>(c);
    run_bits<float>(c);
    run_bits<double>(c);
    run_bytes(c);
  }
}

// What a product holds at once, beside its operands and its result.
template <class Product>
int64_t scratch(Product& product) {
  product.run();
  memory::reset_peak();
  const int64_t before = memory::stats().in_use;
  product.run();
  return memory::stats().peak - before;
}

// float32 reads A in place and has its panel on the stack; float16 packs A too, and its sums wait.
template <class T>
void run_scratch() {
  const Convolution c{2, 64, 112, 112, 64, 3, 1, 1};  // each image has a matrix of 29 MB in float32
  const PackedGemm& packed = kernels().gemm.packed[static_cast<int>(Type<T>::dtype)];
  const int64_t panels = cpu::kSourcePanels * packed.nr * packed.kc * packed.lane;
  Forward<T> forward(c, true, false);
  WeightGradient<T> gradient(c, true, 0);
  for (int threads : {1, 2, 7}) {
    set_num_threads(threads);
    for (int64_t bytes : {scratch(forward), scratch(gradient)})
      check(bytes >= (item_size(Type<T>::dtype) == 2) && bytes <= threads * 3 * panels, "%s, %d threads: %lld bytes",
            label(kernels(), "scratch", Type<T>::dtype).c_str(), threads, static_cast<long long>(bytes));
  }
}

}  // namespace

int main() {
  run_level(reference_table());
  for (const KernelTable* table : levels()) run_level(*table);
  run_scratch<float>();
  run_scratch<f16>();
  if (dot_level()) {
    detail::chosen_kernels = *dot_level();
    for (const Convolution& c : kConvolutions) run_exact<bf16>(c), run_bytes(c);
  }
  return report();
}
