// Softmax-attention: what python/tilewright/_functions/attention.py says of it. The floating arrays promote to one
// dtype; halves are computed in float32, and the output is rounded.
#pragma once
#include <vector>

#include "backend/attention.h"
#include "core/array.h"

namespace tw {

struct AttentionOperands {
  const Array &q, &k, &v;
  const Array *keep, *bias, *relative;  // null where one is left out
  double scale, softcap;
  AttentionBand band;
  const std::vector<int64_t>* sequences;  // five numbers for each; null: all rows of an item are one
  double p;
  RandomSource source;
};

// The operands found to fit together, and as a device is given them: in the type that is computed in, last strides 1.
class CheckedAttention {
 public:
  explicit CheckedAttention(const AttentionOperands& in);

  DType dtype{};  // of the output
  Device device;
  AttentionInputs inputs{};

  Array empty_like_queries(const Array& q, int64_t columns) const;  // (B, H, T, columns) in the memory order of q
  AttentionInput rows_of(const Array& x);                           // of (B, heads, rows, columns), converted
  static AttentionOutput written(const Array& x);

 private:
  void check_dtypes(const AttentionOperands& in);
  void check_shapes(const AttentionOperands& in);
  void check_sequences(const std::vector<int64_t>& given);
  void add_sequence(const AttentionSequence& sequence);
  AttentionInput of_scores(const char* name, const Array* x, DType as);

  std::vector<Array> held_;  // converted copies
};

struct AttentionResult {
  Array output, lse;  // lse in the type that is computed in
};
AttentionResult scaled_dot_product_attention(const AttentionOperands& in);

// What the way back is given beside the operands: its results, and their cotangents, null where none arrived.
struct AttentionSaved {
  const Array &output, &lse;
  const Array *of_output, *of_lse;
};
// Empty where they are not wanted; in the dtype of the output. Those of q, k and v have the memory order of these.
struct AttentionGradients {
  Array q, k, v;
};
struct AttentionWanted {
  bool q, k, v;
};
AttentionGradients attention_backward(const AttentionOperands& in, const AttentionSaved& saved, AttentionWanted wanted);
struct AttentionBiasGradients {
  Array bias, relative;
};
AttentionBiasGradients attention_bias_backward(const AttentionOperands& in, const AttentionSaved& saved, bool of_bias,
                                               bool of_relative);

}  // namespace tw
