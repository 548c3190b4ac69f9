// DLPack in both directions, https://dmlc.github.io/dlpack: arrays as capsules around a C struct with a deleter.
#include <cstdint>

#include "bind/bind.h"
#include "bind/caster.h"
#include "ops/transfer.h"

namespace tw {
namespace {

// ---- the ABI, version 1.x and the one before versions ---------------------------------------------------------------

struct DeviceAbi {
  int32_t type, id;
};
enum : int32_t { kCpu = 1 };

struct ElementAbi {
  uint8_t code, bits;
  uint16_t lanes;
};
enum ElementCode : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kBfloat = 4, kComplex = 5, kBool = 6 };

struct TensorAbi {
  void* data;
  DeviceAbi device;
  int32_t ndim;
  ElementAbi element;
  int64_t* shape;
  int64_t* strides;  // in elements; null for C order
  uint64_t byte_offset;
};

struct Unversioned {
  TensorAbi tensor;
  void* context;
  void (*deleter)(Unversioned*);
};

struct Versioned {
  uint32_t major, minor;
  void* context;
  void (*deleter)(Versioned*);
  uint64_t flags;
  TensorAbi tensor;
};
constexpr uint64_t kReadOnly = 1, kCopied = 2;  // flags
constexpr uint32_t kMajor = 1, kMinor = 0;

template <class Managed>
struct Names;
template <>
struct Names<Unversioned> {
  static constexpr const char *fresh = "dltensor", *used = "used_dltensor";
};
template <>
struct Names<Versioned> {
  static constexpr const char *fresh = "dltensor_versioned", *used = "used_dltensor_versioned";
};

// ---- dtypes ---------------------------------------------------------------------------------------------------------

ElementAbi to_element(DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * item_size(dtype));
  const ElementCode code = dtype == DType::boolean ? kBool
                           : dtype == DType::bf16  ? kBfloat
                           : is_floating(dtype)    ? kFloat
                           : is_complex(dtype)     ? kComplex
                           : is_signed(dtype)      ? kInt
                                                   : kUInt;
  return {code, bits, 1};
}

DType from_element(const ElementAbi& element) {
  for (int code = 0; code < kDTypes; ++code) {
    const ElementAbi ours = to_element(static_cast<DType>(code));
    if (ours.code == element.code && ours.bits == element.bits && element.lanes == 1) return static_cast<DType>(code);
  }
  constexpr const char* kinds[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
  const char* kind = element.code < 7 ? kinds[element.code] : "unknown kind";
  fail<TypeError>("from_dlpack: there is no dtype for elements of ", int{element.bits}, "-bit ", kind, " and ",
                  element.lanes, " lanes");
}

// ---- out ------------------------------------------------------------------------------------------------------------

// What a capsule owns: the struct that others see, and the array that its pointers lead into.
template <class Managed>
struct Exported {
  Managed managed{};
  Array array;
};

template <class Managed>
void destroy_unused(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, Names<Managed>::fresh)) return;  // the consumer has taken it over
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Names<Managed>::fresh));
  managed->deleter(managed);
}

template <class Managed>
py::capsule make_capsule(const Array& x, bool copied) {
  auto* exported = new Exported<Managed>{{}, x};
  Managed& managed = exported->managed;
  Array& array = exported->array;
  managed.context = exported;
  managed.deleter = [](Managed* self) { delete static_cast<Exported<Managed>*>(self->context); };
  managed.tensor = {
      array.data, {kCpu, 0}, array.ndim(), to_element(array.dtype), array.shape.begin(), array.strides.begin(), 0};
  if constexpr (std::is_same_v<Managed, Versioned>) {
    managed.major = kMajor;
    managed.minor = kMinor;
    managed.flags = (array.storage->readonly ? kReadOnly : 0) | (copied ? kCopied : 0);
  }
  PyObject* capsule = PyCapsule_New(&managed, Names<Managed>::fresh, destroy_unused<Managed>);
  if (!capsule) {
    delete exported;
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::capsule>(capsule);
}

py::capsule to_dlpack(const Array& x, bool versioned, bool copied) {
  if (!x.device.is_cpu())
    throw py::buffer_error("to_dlpack: the array is on " + device_name(x.device) + "; use to(\"cpu\") first");
  to_host("dlpack", x);
  if (versioned) return make_capsule<Versioned>(x, copied);
  if (x.storage->readonly)
    throw py::buffer_error(
        "to_dlpack: the array is read-only, which only consumers of DLPack 1.0 or later can be told");
  return make_capsule<Unversioned>(x, copied);
}

// ---- in -------------------------------------------------------------------------------------------------------------

template <class Managed>
void release_imported(Storage* storage) {
  auto* managed = static_cast<Managed*>(storage->owner);
  if (managed->deleter) managed->deleter(managed);
  delete storage;
}

// Everything that can be wrong is found before the capsule is marked as used, so that it still frees itself.
Array read_tensor(const TensorAbi& tensor) {
  if (tensor.device.type != kCpu)
    throw py::buffer_error("from_dlpack: the data is on DLPack device (" + std::to_string(tensor.device.type) + ", " +
                           std::to_string(tensor.device.id) + "), but must be on the CPU (1, 0)");
  Array x;
  x.dtype = from_element(tensor.element);
  for (int32_t i = 0; i < tensor.ndim; ++i) x.shape.push_back(tensor.shape[i]);
  element_count(x.shape);
  element_count(x.shape);  // raises on a negative or overflowing one
  x.strides = contiguous_strides(x.shape);
  if (tensor.strides)
    for (int32_t i = 0; i < tensor.ndim; ++i) x.strides[i] = tensor.strides[i];
  x.data = static_cast<char*>(tensor.data) + tensor.byte_offset;
  return x;
}

template <class Managed>
Array take_over(PyObject* capsule) {
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Names<Managed>::fresh));
  bool readonly = false;
  if constexpr (std::is_same_v<Managed, Versioned>) {
    if (managed->major != kMajor)  // nothing behind the version may be read
      throw py::buffer_error("from_dlpack: the capsule has DLPack version " + std::to_string(managed->major) + "." +
                             std::to_string(managed->minor) + ", but this library reads version 1");
    readonly = managed->flags & kReadOnly;
  }
  Array x = read_tensor(managed->tensor);
  const size_t nbytes = static_cast<size_t>(x.size()) * x.itemsize();
  x.storage = adopt(x.data, nbytes, readonly, managed, release_imported<Managed>);
  PyCapsule_SetName(capsule, Names<Managed>::used);
  return x;
}

Array from_dlpack(const py::object& capsule) {
  if (PyCapsule_IsValid(capsule.ptr(), Names<Versioned>::fresh)) return take_over<Versioned>(capsule.ptr());
  if (PyCapsule_IsValid(capsule.ptr(), Names<Unversioned>::fresh)) return take_over<Unversioned>(capsule.ptr());
  if (PyCapsule_IsValid(capsule.ptr(), Names<Versioned>::used) ||
      PyCapsule_IsValid(capsule.ptr(), Names<Unversioned>::used))
    fail<ValueError>("from_dlpack: the capsule has been used already; each can be imported once");
  fail<TypeError>("from_dlpack: expected a DLPack capsule, got a ", Py_TYPE(capsule.ptr())->tp_name);
}

}  // namespace

void bind_dlpack(py::module_& m) {
  m.def("to_dlpack", &to_dlpack, py::arg("x"), py::arg("versioned"), py::arg("copied") = false);
  m.def("from_dlpack", &from_dlpack);
}

}  // namespace tw
