// The extension module tilewright._core: arrays and ops without autograd. Everything here is a thin binding.
#include <cxxabi.h>
#include <unistd.h>

#include "backend/choose.h"
#include "bind/bind.h"
#include "bind/tape.h"
#include "core/blocking.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/storage.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw {
namespace {

void register_errors(py::module_& m) {
  // NumPy's AxisError is both an IndexError and a ValueError; ours is too.
  static PyObject* axis_error = [&m] {
    const py::tuple bases = py::make_tuple(py::handle(PyExc_ValueError), py::handle(PyExc_IndexError));
    PyObject* type = PyErr_NewException("tilewright.AxisError", bases.ptr(), nullptr);
    m.attr("AxisError") = py::handle(type);
    return type;
  }();
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const AxisError& e) {
      PyErr_SetString(axis_error, e.what());
    } catch (const ValueError& e) {
      PyErr_SetString(PyExc_ValueError, e.what());
    } catch (const TypeError& e) {
      PyErr_SetString(PyExc_TypeError, e.what());
    } catch (const IndexError& e) {
      PyErr_SetString(PyExc_IndexError, e.what());
    } catch (const NotImplementedError& e) {
      PyErr_SetString(PyExc_NotImplementedError, e.what());
    } catch (const MemoryError& e) {
      PyErr_SetString(PyExc_MemoryError, e.what());
    }
  });
}

bool interpreter_is_ending() {
#if PY_VERSION_HEX >= 0x030d0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

void bind_threads(py::module_& m) {
  m.def("get_num_threads", &get_num_threads);
  m.def("set_num_threads", &set_num_threads);
  set_blocking_hooks({[]() -> void* { return PyGILState_Check() ? PyEval_SaveThread() : nullptr; },
                      [](void* state) {
                        // Once the interpreter is ending, Python unwinds a thread that asks for the lock, which C++
                        // destructors do not allow: a daemon thread waits here for the end, as from Python 3.14 on.
                        while (interpreter_is_ending()) pause();
                        try {
                          PyEval_RestoreThread(static_cast<PyThreadState*>(state));
                        } catch (abi::__forced_unwind&) {  // the end began while it waited for the lock
                          for (;;) pause();
                        }
                      }});
}

void bind_memory(py::module_& m) {
  m.def("memory_stats", [] {
    const memory::Stats s = memory::stats();
    py::dict stats;
    stats["in_use"] = s.in_use;
    stats["peak"] = s.peak;
    stats["cached"] = s.cached;
    stats["allocations"] = s.allocations;
    stats["reuses"] = s.reuses;
    stats["cache_limit"] = s.cache_limit;
    return stats;
  });
  m.def("memory_reset_peak", &memory::reset_peak);
  m.def("memory_set_cache_limit", &memory::set_cache_limit);
  m.def("memory_release_cached", &memory::release_cached);
}

void bind_config(py::module_& m) {
  m.def("config", [] {
    py::dict config;
    config["version"] = TW_VERSION;
    config["compiler"] = TW_COMPILER;
    config["isa"] = kernels().level;
    py::list built, available;
    for (const std::string& level : levels_built()) built.append(level);
    for (const std::string& level : levels_available()) available.append(level);
    config["isa_built"] = built;
    config["isa_available"] = available;
    config["openmp"] = TW_OPENMP;
    return config;
  });
}

void bind_explain(py::module_& m) {
  m.def("start_explaining", &start_explaining);
  m.def("take_choices", [] {
    py::list result;
    for (const Choice& choice : take_choices()) {
      py::list passed_over;
      for (const std::string& reason : choice.passed_over) passed_over.append(reason);
      result.append(py::make_tuple(choice.problem, choice.taken, passed_over));
    }
    return result;
  });
}

}  // namespace
}  // namespace tw

#ifdef TW_TEST_DEVICE
namespace tw::test {
void bind_guarded_backend(py::module_&);  // tests/cpp/guarded_module.cpp
}
#endif

PYBIND11_MODULE(_core, m) {
  using namespace tw;
  if (!machine_supports_baseline())
    throw py::import_error("tilewright needs a CPU with x86-64-v2 (SSE4.2 and POPCNT), which this one lacks");
  try {
    cpu::register_backend();
  } catch (const ValueError& e) {
    throw py::import_error(e.what());
  }
  register_errors(m);
  bind_threads(m);
  bind_memory(m);
  bind_config(m);
  bind_explain(m);
  add_tape_types(m);
  add_primitive_type(m);
  add_function_types(m);
  add_shortcut_type(m);
  add_tensor_functions(m);
  bind_array(m);
  bind_attention(m);
  bind_buffer(m);
  bind_conv(m);
  bind_creation(m);
  bind_dlpack(m);
  bind_ctc(m);
  bind_elementwise(m);
  bind_graph(m);
  bind_index(m);
  bind_join(m);
  bind_linear(m);
  bind_matmul(m);
  bind_pad(m);
  bind_norm(m);
  bind_pool(m);
  bind_probe(m);
  bind_optim(m);
  bind_random(m);
  bind_recurrent(m);
  bind_reduce(m);
  bind_resample(m);
  bind_scan(m);
  bind_softmax(m);
  bind_sort(m);
  bind_unfold(m);
#ifdef TW_TEST_DEVICE
  test::bind_guarded_backend(m);
#endif
}
