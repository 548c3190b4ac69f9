#include "ops/matmul.h"

#include "bind/op.h"

namespace tw {
namespace {

template <Array product(const Array&, const Array&)>
void def_product(py::module_& m, const char* name, Product kind) {
  def_op<product>(m, name);
  m.def((std::string(name) + "_add_").c_str(),
        [kind](const Array& out, const Array& x1, const Array& x2) { matmul_add(kind, out, x1, x2); });
}

}  // namespace

void bind_matmul(py::module_& m) {
  def_product<matmul>(m, "matmul", Product::nn);
  def_product<matmul_nt>(m, "matmul_nt", Product::nt);
  def_product<matmul_tn>(m, "matmul_tn", Product::tn);
  m.def("matmul_bytes", &matmul_bytes);
}

}  // namespace tw
