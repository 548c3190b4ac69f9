// Reference convolutions: loops over every tap of every pixel, double accumulation. Each says in its own way which
// pixels meet which elements.
#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/reference/products.h"

namespace tw::TW_ISA {

void fill_im2col(ConvKernels&);
void fill_move(ConvKernels&);

namespace {

struct Place {
  int64_t at[3];  // of an element or a pixel, or a tap
};

// visit(place, number) for every place of a box, in C order.
template <class F>
void for_each_place(const int64_t (&extent)[3], F visit) {
  Place p;
  int64_t number = 0;
  for (p.at[0] = 0; p.at[0] < extent[0]; ++p.at[0])
    for (p.at[1] = 0; p.at[1] < extent[1]; ++p.at[1])
      for (p.at[2] = 0; p.at[2] < extent[2]; ++p.at[2]) visit(p, number++);
}

// The element of the input that a pixel meets with a tap; false where that is padding.
inline bool element_of(const ConvShape& s, const Place& pixel, const Place& tap, Place& element) {
  for (int i = 0; i < 3; ++i) {
    const ConvAxis& a = s.axes[i];
    element.at[i] = pixel.at[i] * a.stride + tap.at[i] * a.dilation - a.pad;
    if (element.at[i] < 0 || element.at[i] >= a.in) return false;
  }
  return true;
}

// The pixel of the result that meets an element with a tap; false where there is none.
inline bool pixel_of(const ConvShape& s, const Place& element, const Place& tap, Place& pixel) {
  for (int i = 0; i < 3; ++i) {
    const ConvAxis& a = s.axes[i];
    const int64_t from = element.at[i] + a.pad - tap.at[i] * a.dilation;
    pixel.at[i] = from / a.stride;
    if (from < 0 || from % a.stride != 0 || pixel.at[i] >= a.out) return false;
  }
  return true;
}

inline int64_t offset(const ConvImages& x, int64_t image, int64_t channel, const Place& p) {
  return image * x.image + channel * x.channel + p.at[0] * x.pixel[0] + p.at[1] * x.pixel[1] + p.at[2] * x.pixel[2];
}

template <class S>
inline double get(const void* data, int64_t at) {
  return Float<S>::get(static_cast<const S*>(data)[at]);
}

template <class S>
void finish(const ConvProblem& p, int64_t channel, int64_t at, double sum) {
  if (p.bias) sum += get<S>(p.bias, channel);
  if (p.residual) sum += get<S>(p.residual, at);
  Float<S>::set(static_cast<S*>(p.out.data)[at], activate(p.activation, sum));
}

template <class S>
void naive(const ConvProblem& p, int64_t begin, int64_t end) {
  const ConvShape& s = p.shape;
  const int64_t kernel[] = {s.axes[0].kernel, s.axes[1].kernel, s.axes[2].kernel}, taps = s.taps();
  const int64_t out[] = {s.axes[0].out, s.axes[1].out, s.axes[2].out};
  for (int64_t plane = begin; plane < end; ++plane) {
    const int64_t filters = s.groups * s.out_channels, image = plane / filters, filter = plane % filters;
    const int64_t group = filter / s.out_channels;
    const int64_t weight = group * p.weight.group + filter % s.out_channels * p.weight.filter;
    for_each_place(out, [&](const Place& pixel, int64_t) {
      double sum = 0;
      for_each_place(kernel, [&](const Place& tap, int64_t t) {
        Place element;
        if (!element_of(s, pixel, tap, element)) return;
        for (int64_t c = 0; c < s.in_channels; ++c)
          sum += get<S>(p.weight.data, weight + (c * taps + t) * p.weight.tap) *
                 get<S>(p.in.data, offset(p.in, image, group * s.in_channels + c, element));
      });
      finish<S>(p, filter, offset(p.out, image, filter, pixel), sum);
    });
  }
}

template <class S>
void naive_transpose(const ConvProblem& p, int64_t begin, int64_t end) {
  const ConvShape& s = p.shape;
  const int64_t kernel[] = {s.axes[0].kernel, s.axes[1].kernel, s.axes[2].kernel}, taps = s.taps();
  const int64_t in[] = {s.axes[0].in, s.axes[1].in, s.axes[2].in};
  for (int64_t plane = begin; plane < end; ++plane) {
    const int64_t channels = s.groups * s.in_channels, image = plane / channels, channel = plane % channels;
    const int64_t group = channel / s.in_channels;
    const int64_t weight = group * p.weight.group + channel % s.in_channels * taps * p.weight.tap;
    for_each_place(in, [&](const Place& element, int64_t) {
      double sum = 0;
      for_each_place(kernel, [&](const Place& tap, int64_t t) {
        Place pixel;
        if (!pixel_of(s, element, tap, pixel)) return;
        for (int64_t f = 0; f < s.out_channels; ++f)
          sum += get<S>(p.weight.data, weight + f * p.weight.filter + t * p.weight.tap) *
                 get<S>(p.in.data, offset(p.in, image, group * s.out_channels + f, pixel));
      });
      finish<S>(p, channel, offset(p.out, image, channel, element), sum);
    });
  }
}

template <class S>
void naive_weight_gradient(const ConvWeightGradientProblem& p, int64_t begin, int64_t end) {
  const ConvShape& s = p.shape;
  const int64_t kernel[] = {s.axes[0].kernel, s.axes[1].kernel, s.axes[2].kernel}, taps = s.taps();
  const int64_t out[] = {s.axes[0].out, s.axes[1].out, s.axes[2].out};
  for (int64_t filter = begin; filter < end; ++filter) {
    const int64_t group = filter / s.out_channels;
    for (int64_t c = 0; c < s.in_channels; ++c)
      for_each_place(kernel, [&](const Place& tap, int64_t t) {
        S& to = static_cast<S*>(p.out)[(filter * s.in_channels + c) * taps + t];
        double sum = p.accumulate ? Float<S>::get(to) : 0;
        for (int64_t image = 0; image < s.images; ++image)
          for_each_place(out, [&](const Place& pixel, int64_t) {
            Place element;
            if (element_of(s, pixel, tap, element))
              sum += get<S>(p.g.data, offset(p.g, image, filter, pixel)) *
                     get<S>(p.in.data, offset(p.in, image, group * s.in_channels + c, element));
          });
        Float<S>::set(to, sum);
      });
  }
}

}  // namespace

void fill(ConvKernels& conv) {
  conv = {};
  fill_im2col(conv);
  fill_move(conv);
#define X(type, dtype)                                                          \
  conv.naive[static_cast<int>(DType::dtype)] = naive<type>;                     \
  conv.naive_transpose[static_cast<int>(DType::dtype)] = naive_transpose<type>; \
  conv.naive_weight_gradient[static_cast<int>(DType::dtype)] = naive_weight_gradient<type>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
