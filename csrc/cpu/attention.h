// What the ways there and back of attention share: private to attention.cpp and attention_backward.cpp.
#pragma once
#include "cpu/cpu.h"
#include "cpu/kernels/attention/attention.h"

namespace tw::cpu {

// The scores of a sequence for query heads [head, head + heads), which share their keys.
AttentionScores attention_scores(const AttentionInputs&, const AttentionSequence&, int64_t head, int64_t heads);

// From the sequence's first query and from `head` on; and from its first key on, the same for all query heads.
AttentionRead attention_queries(const AttentionInput&, DType, const AttentionSequence&, int64_t head);
AttentionWrite attention_queries(const AttentionOutput&, DType, const AttentionSequence&, int64_t head);
AttentionRead attention_keys(const AttentionInput&, DType, const AttentionSequence&, int64_t kv_head);

}  // namespace tw::cpu
