// 3 x 3 convolutions at stride 1 by Winograd's minimal filtering: the driver.
#pragma once
#include "core/storage.h"
#include "cpu/kernels/conv/winograd.h"

namespace tw::cpu {

// Tiles of 2 x 2 or 4 x 4 elements of the result.
enum class Filtering { f2, f4 };

// The weights transformed and packed, for products with any images; packing shares the threads.
StorageRef winograd_pack(Filtering, const WinogradWeights&);

void winograd(Filtering, const Winograd&, const void* packed);

}  // namespace tw::cpu
