// The update of rows of a cell, for steps that have their sums in L1.
#pragma once
#include "cpu/kernels/recurrent/recurrent.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// Of the dtype that the last argument stands for.
void update_cell(const RecurrentUpdate&, float);
void update_cell(const RecurrentUpdate&, double);

}  // namespace tw::TW_ISA
