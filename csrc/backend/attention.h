// Softmax-attention, as devices are given it: what python/tilewright/_functions/attention.py says of it.
#pragma once
#include <vector>

#include "backend/attention_problem.h"
#include "backend/operands.h"
#include "backend/random.h"

namespace tw {

// (B, heads, rows, columns): strides in elements, 0 along axes that broadcast. Columns of q, k, v, output and their
// cotangents have unit stride.
template <class Data>
struct AttentionArray {
  Data data;  // null where there is none
  int64_t item, head, row, column;
};
typedef AttentionArray<const char*> AttentionInput;
typedef AttentionArray<char*> AttentionOutput;

struct AttentionShape {
  int64_t batch, heads, kv_heads, queries, keys, size, value_size;
  std::vector<AttentionSequence> sequences;  // in dense batches one for each item, of all rows
  double scale, softcap;                     // no cap: 0
  AttentionBand band;
  double p;  // of dropout; of the stream, element ((b heads + h) queries + i) keys + j is for a score
  RandomSource source;
};

struct AttentionInputs {
  AttentionShape shape;
  DType dtype;             // float32 or float64
  AttentionInput q, k, v;  // (B, H, T, D), (B, K, S, D), (B, K, S, V)
  AttentionInput keep;     // of bool
  AttentionInput bias;
  AttentionInput relative;  // (1, H, 1, T + S - 1)
};

struct AttentionProblem {
  AttentionInputs in;
  AttentionOutput output;  // (B, H, T, V)
  char* lse;               // (B, H, T), contiguous
};

// What both ways back are given: the results, and their cotangents, null where none arrived.
struct AttentionWayBack {
  AttentionInputs in;
  AttentionInput output;
  const char* lse;
  AttentionInput of_output;
  const char* of_lse;
};

// Null: those that are not wanted.
struct AttentionBackwardProblem : AttentionWayBack {
  AttentionOutput of_q, of_k, of_v;
};

// The cotangents of what is added to the scores: sums over what broadcasts.
struct AttentionBiasProblem : AttentionWayBack {
  AttentionOutput of_bias;      // the shape of `bias`; strides 0 where it broadcasts
  AttentionOutput of_relative;  // that of `relative`
};

template <class F>
void operands(AttentionInputs& in, F f) {
  for (AttentionInput* read : {&in.q, &in.k, &in.v, &in.keep, &in.bias, &in.relative}) f(Access::reads, read->data);
}
template <class F>
void operands(AttentionProblem& p, F f) {
  operands(p.in, f);
  f(Access::writes, p.output.data);
  f(Access::writes, p.lse);
}
template <class F>
void operands(AttentionWayBack& p, F f) {
  operands(p.in, f);
  f(Access::reads, p.output.data);
  f(Access::reads, p.lse);
  f(Access::reads, p.of_output.data);
  f(Access::reads, p.of_lse);
}
template <class F>
void operands(AttentionBackwardProblem& p, F f) {
  operands(static_cast<AttentionWayBack&>(p), f);
  for (AttentionOutput* written : {&p.of_q, &p.of_k, &p.of_v}) f(Access::writes, written->data);
}
template <class F>
void operands(AttentionBiasProblem& p, F f) {
  operands(static_cast<AttentionWayBack&>(p), f);
  for (AttentionOutput* written : {&p.of_bias, &p.of_relative}) f(Access::writes, written->data);
}

}  // namespace tw
