// Recurrent layers, as kernels of any device see them.
#pragma once
#include "core/dtype.h"

namespace tw {

// gru resets the product with h, gru_reset_first h itself.
enum class RecurrentCell : uint8_t { rnn_tanh, rnn_relu, gru, gru_reset_first, lstm };

// Gates that the weights compute, H rows each: of the LSTM i, f, g, o; of the GRU r, z, n.
constexpr int64_t gates_of(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru || cell == RecurrentCell::gru_reset_first ? 3 : 1;
}
// What is computed of each row before its activations, and kept for the way back, H numbers each: of the LSTM the four
// gates; of the GRU the gates and the product with h that n needs, or r h; of the plain cell one, which is h itself.
constexpr int64_t blocks_of(RecurrentCell cell) { return gates_of(cell) == 1 ? 1 : 4; }

}  // namespace tw
