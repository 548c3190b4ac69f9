// 3 x 3 convolutions at stride 1 by Winograd's minimal filtering: why not, or null, and the drivers.
#pragma once
#include "backend/conv_problem.h"
#include "core/storage.h"
#include "cpu/kernels/conv/winograd.h"

namespace tw::cpu {

const char* winograd_unsupported(WinogradTiles, const ConvProblem&);
void winograd(WinogradTiles, const ConvProblem&);

const char* winograd_transpose_unsupported(WinogradTiles, const ConvProblem&);
void winograd_transpose(WinogradTiles, const ConvProblem&);

// The two steps: weights transformed and packed, for any images; and the products. All threads share both.
StorageRef winograd_pack(WinogradTiles, const WinogradWeights&);
void winograd(WinogradTiles, const Winograd&, const void* packed);

}  // namespace tw::cpu
