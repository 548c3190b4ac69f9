#include "ops/matmul.h"

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {
namespace {

template <Array product(const Array&, const Array&)>
void def_product(py::module_& m, const char* name, Product kind) {
  register_native(name, [](const NativeCall& c, Array&) { return product(c.array(0), c.array(1)); }, nullptr);
  m.def(name, product);
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
