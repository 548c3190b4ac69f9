// A recorded computation while it is rewritten. Problems still point to the memory that they were recorded with, where
// each address belongs to one buffer only: so a rewrite is a change of problems.
#pragma once
#include <string>
#include <vector>

#include "backend/backend.h"
#include "core/array.h"

namespace tw::graph {

struct Step {
  std::unique_ptr<Call> call;
  int64_t result;                  // that the call gave the host, and has to give again
  std::vector<std::string> notes;  // what was done with it, and what could not be, and why
};

// How a step uses a buffer.
struct Use {
  size_t step;
  bool reads, writes;
};

struct Graph {
  Recorder recorder;  // knows the buffers
  std::vector<Step> steps;
  std::vector<Array> inputs, outputs;  // where they lay when they were recorded
  std::vector<std::string> notes;      // on the whole

  // Storages whose contents were used beforehand, with the time of their latest write.
  struct Watched {
    StorageRef storage;
    uint64_t version;
  };
  std::vector<Watched> watched;

  Graph(Recorder&&, std::vector<Array> inputs, std::vector<Array> outputs);

  int find(const void* address) const { return recorder.find(address); }
  RecordedBuffer& buffer(int i) { return recorder.buffers[static_cast<size_t>(i)]; }
  bool escapes(int buffer) const;               // a result lies in it
  std::vector<Use> uses(int buffer) const;      // in order
  bool is_constant(const void* address) const;  // holds the same in every call
  void watch(int buffer);
  const Backend& device_of(const void* address) { return backend(buffer(find(address)).storage->device); }

  // What lies `offset` elements behind an address in a constant, as an array, to compute from it beforehand; and where
  // the result lies from then on.
  Array constant(const void* address, DType, const Dims& shape, const Dims& strides, int64_t offset = 0);
  void* keep(const Array& contiguous);
};

std::string describe(Call&);  // "gemm.run (1, 784) x (784, 512) float32"

// ---- rewrites -------------------------------------------------------------------------------------------------------

// What does not depend on the inputs is not computed again.
void fold_constants(Graph&);

// A norm of given statistics becomes a part of the weights of the product or convolution before it.
void fold_norms(Graph&);

// Taps of a convolution that meet nothing but padding are left out of its weight.
void drop_taps(Graph&);

// Sums, biases and activations behind a product become its epilogue.
void fuse_epilogues(Graph&);

// Constant matrices, and weights, are laid out as products and convolutions read them.
void pack_weights(Graph&);

// Elementwise ops write over an operand that nobody needs any more.
void write_in_place(Graph&);

}  // namespace tw::graph
