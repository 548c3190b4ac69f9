// One function per family file; module.cpp calls them in order.
#pragma once
#include <pybind11/pybind11.h>

#include "bind/array.h"

namespace py = pybind11;

namespace tw {

void bind_array(py::module_&);
void bind_attention(py::module_&);
void bind_buffer(py::module_&);
void bind_conv(py::module_&);
void bind_creation(py::module_&);
void bind_dlpack(py::module_&);
void bind_ctc(py::module_&);
void bind_elementwise(py::module_&);
void bind_graph(py::module_&);
void bind_index(py::module_&);
void bind_join(py::module_&);
void bind_linear(py::module_&);
void bind_matmul(py::module_&);
void bind_norm(py::module_&);
void bind_optim(py::module_&);
void bind_pad(py::module_&);
void bind_pool(py::module_&);
void bind_probe(py::module_&);
void bind_random(py::module_&);
void bind_recurrent(py::module_&);
void bind_reduce(py::module_&);
void bind_resample(py::module_&);
void bind_scan(py::module_&);
void bind_softmax(py::module_&);
void bind_sort(py::module_&);
void bind_unfold(py::module_&);

}  // namespace tw
