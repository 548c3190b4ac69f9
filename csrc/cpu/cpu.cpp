#include "cpu/cpu.h"

#include <cstring>

#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

void copy(void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); }

const Backend kBackend = {
    .kind = DeviceKind::cpu,
    .memory = {.allocate = nullptr, .copy_from_host = copy, .copy_to_host = copy},
    .attention = {.forward = {attention}, .backward = {attention_backward}, .bias_backward = {attention_bias_backward}},
    .conv = {.forward = {conv},
             .transpose = {conv_transpose},
             .weight_gradient = {conv_weight_gradient},
             .pack = {conv_pack}},
    .creation = {.arange = {arange}, .join = {join}, .triangle = {triangle}},
    .ctc = {.forward = {ctc}, .backward = {ctc_backward}},
    .elementwise = {.run = {elementwise}},
    .gemm = {.run = {gemm}, .pack = {gemm_pack}},
    .index = {.gather = {gather},
              .scatter = {scatter},
              .scatter_add = {scatter_add},
              .gather_along = {gather_along},
              .scatter_along = {scatter_along},
              .scatter_add_along = {scatter_add_along},
              .one_hot = {one_hot},
              .offsets = {offsets},
              .count_true = {count_true},
              .mask_offsets = {mask_offsets},
              .unravel = {unravel}},
    .linear = {.bias_activation_backward = {bias_activation_backward}, .compressed = {compressed_linear}},
    .norm = {.rows = {norm_rows},
             .rows_backward = {norm_rows_backward},
             .channels = {norm_channels},
             .channels_backward = {norm_channels_backward}},
    .optim = {.step = {step}, .norm = {norm}},
    .pad = {.run = {pad}},
    .pool = {.max = {max_pool},
             .scatter = {pool_scatter},
             .gather = {pool_gather},
             .average = {average_pool},
             .average_backward = {average_pool_backward}},
    .random = {.bits = {random_bits},
               .floats = {random_floats},
               .integers = {random_integers},
               .bernoulli = {random_bernoulli},
               .permutation = {random_permutation},
               .dropout = {dropout},
               .multinomial = {multinomial}},
    .recurrent = {.forward = {recurrent}, .backward = {recurrent_backward}},
    .reduce = {.reduce = {reduce}, .arg_reduce = {arg_reduce}},
    .resample = {.run = {resample}},
    .scan = {.run = {scan}},
    .softmax = {.forward = {softmax},
                .backward = {softmax_backward},
                .cross_entropy = {cross_entropy},
                .cross_entropy_backward = {cross_entropy_backward}},
    .sort = {.run = {sort}, .partition = {partition}, .search = {search}},
};

}  // namespace

void register_backend() {
  choose_kernels();
  set_backend(kBackend);
}

}  // namespace tw::cpu
