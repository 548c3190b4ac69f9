#include "ops/index.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr const char* kOp = "index";

bool is_mask(const Array& x) { return x.dtype == DType::boolean; }

int consumed_axes(const IndexItem& item) {
  switch (item.kind) {
    case IndexItem::integer:
    case IndexItem::slice:
      return 1;
    case IndexItem::array:
      return is_mask(*item.array_value) ? item.array_value->ndim() : 1;
    default:
      return 0;
  }
}

// How many axes the ellipsis, written or implied at the end, stands for.
int ellipsis_length(const Array& x, const IndexKey& key) {
  int consumed = 0, ellipses = 0;
  for (int i = 0; i < key.count; ++i) {
    consumed += consumed_axes(key.items[i]);
    ellipses += key.items[i].kind == IndexItem::ellipsis;
  }
  if (ellipses > 1) fail<IndexError>(kOp, ": a key can have only one Ellipsis (...)");
  if (consumed > x.ndim())
    fail<IndexError>(kOp, ": too many indices: the key indexes ", consumed, " axes of an array of shape ", x.shape);
  return x.ndim() - consumed;
}

int64_t wrap(int64_t index, const Dims& shape, int axis) {
  const int64_t extent = shape[axis];
  if (index < -extent || index >= extent)
    fail<IndexError>(kOp, ": ", index, " is out of bounds for axis ", axis, " of shape ", shape);
  return index < 0 ? index + extent : index;
}

// Walks the key's basic items along the axes of x and keeps what they leave of it.
class View {
 public:
  explicit View(const Array& x) : x_(x), data_(x.data) {}

  int axis() const { return axis_; }  // the next to be indexed
  int ndim() const { return shape_.size(); }
  int64_t stride() const { return x_.strides[axis_]; }
  void skip(int axes) { axis_ += axes; }
  void integer(int64_t index) {
    move(wrap(index, x_.shape, axis_));
    ++axis_;
  }
  void newaxis() { push(1, 0); }
  void keep(int axes) {
    for (; axes > 0; --axes, ++axis_) push(x_.shape[axis_], x_.strides[axis_]);
  }
  void slice(const IndexItem& item) {
    const int64_t extent = x_.shape[axis_], step = item.step;
    // Python's rules: negative bounds count from the end, then both are clamped to where the step can reach.
    const auto clamp = [&](int64_t bound) {
      if (bound < 0) bound = bound < -extent ? -1 : bound + extent;
      return step > 0 ? std::clamp<int64_t>(bound, 0, extent) : std::clamp<int64_t>(bound, -1, extent - 1);
    };
    const int64_t start = clamp(item.start), stop = clamp(item.stop);
    const int64_t distance = step > 0 ? stop - start : start - stop, stride = step > 0 ? step : -step;
    const int64_t length = distance > 0 ? (distance - 1) / stride + 1 : 0;
    if (length > 0) move(start);
    push(length, length > 1 ? x_.strides[axis_] * step : x_.strides[axis_]);
    ++axis_;
  }
  Array array() const { return as_strided(x_, data_, shape_, strides_); }

 private:
  void move(int64_t positions) { data_ += positions * x_.strides[axis_] * static_cast<int64_t>(x_.itemsize()); }
  void push(int64_t extent, int64_t stride) {
    shape_.push_back(extent);
    strides_.push_back(stride);
  }

  const Array& x_;
  char* data_;
  Dims shape_, strides_;
  int axis_ = 0;
};

// An integer array or mask of the key, and the first of the axes of x that it indexes.
struct Advanced {
  Array index;
  int axis;
};

void basic_item(View& view, const IndexItem& item, int ellipsis) {
  switch (item.kind) {
    case IndexItem::integer:
      return view.integer(item.start);
    case IndexItem::slice:
      return view.slice(item);
    case IndexItem::newaxis:
      return view.newaxis();
    default:
      return view.keep(ellipsis);
  }
}

Array basic_view(const Array& x, const IndexKey& key) {
  const int ellipsis = ellipsis_length(x, key);
  View view(x);
  for (int i = 0; i < key.count; ++i) basic_item(view, key.items[i], ellipsis);
  view.keep(x.ndim() - view.axis());
  return view.array();
}

void check_advanced(const Array& x, const Array& index, int axis) {
  common_device(kOp, {{"x", &x}, {"the index", &index}});
  if (is_mask(index)) {
    for (int k = 0; k < index.ndim(); ++k)
      if (index.shape[k] && index.shape[k] != x.shape[axis + k])  // a mask of no elements may be of any length
        fail<IndexError>(kOp, ": mask of shape ", index.shape, " does not match axis ", axis + k, " of shape ",
                         x.shape);
  } else if (!is_integer(index.dtype)) {
    fail<IndexError>(kOp, ": arrays used as indices must be of integer or bool dtype, not ", index.dtype);
  }
}

// A mask over axes that x steps through evenly is a list of offsets as it stands.
bool one_stride(const Array& x, int axis, int axes) {
  for (int k = axis; k + 1 < axis + axes; ++k)
    if (x.strides[k] != x.strides[k + 1] * x.shape[k + 1]) return false;
  return true;
}

// Masks become the integer arrays of their true positions.
std::vector<Advanced> expand_masks(const std::vector<Advanced>& entries) {
  std::vector<Advanced> integers;
  for (const Advanced& entry : entries) {
    if (!is_mask(entry.index)) {
      integers.push_back(entry);
      continue;
    }
    int axis = entry.axis;
    for (const Array& positions : nonzero(entry.index)) integers.push_back({positions, axis++});
  }
  return integers;
}

Dims broadcast_indices(const std::vector<Advanced>& entries, Dims shape) {
  for (const Advanced& entry : entries) {
    try {
      shape = broadcast_shapes(kOp, shape, entry.index.shape);
    } catch (const ValueError&) {
      fail<IndexError>(kOp, ": index arrays of shapes ", shape, " and ", entry.index.shape,
                       " do not broadcast together");
    }
  }
  return shape;
}

// `shape`: what the key's bare booleans make of the index shape, one axis of length 0 or 1, or () without them.
void fill_offsets(Selection& s, const Array& x, const std::vector<Advanced>& entries, const Dims& shape) {
  if (entries.size() == 1 && is_mask(entries[0].index) && shape.empty()) {
    const auto& [mask, axis] = entries[0];
    if (one_stride(x, axis, mask.ndim())) {
      s.offsets = true_positions(mask, x.strides[axis + mask.ndim() - 1]);
      s.index_shape = s.offsets.shape;
      return;
    }
  }
  const std::vector<Advanced> integers = expand_masks(entries);
  s.index_shape = broadcast_indices(integers, shape);
  s.offsets = empty({element_count(s.index_shape)}, DType::i64, x.device);
  bool accumulate = false;
  for (const Advanced& entry : integers) {
    add_offsets(kOp, entry.index, s.index_shape, x.shape, entry.axis, x.strides[entry.axis], s.offsets, accumulate);
    accumulate = true;
  }
  if (!accumulate) assign(s.offsets, {nullptr, {Scalar::integer, 0, 0}});
}

// NumPy's placement: with an array in the key integers count as arrays too, and where all of them are neighbours the
// picked positions take their place; where something stands between them, the front.
Selection select(const Array& x, const IndexKey& key) {
  const int ellipsis = ellipsis_length(x, key);
  View view(x);
  std::vector<Advanced> entries;
  Dims boolean_shape;
  Selection s;
  enum { none, open, closed, apart } group = none;
  for (int i = 0; i < key.count; ++i) {
    const IndexItem& item = key.items[i];
    if (item.kind == IndexItem::integer || item.kind == IndexItem::boolean || item.kind == IndexItem::array) {
      if (group == none) s.at = view.ndim();
      group = group == none || group == open ? open : apart;
    } else if (group == open) {
      group = closed;
    }
    if (item.kind == IndexItem::boolean) {
      if (boolean_shape.empty()) boolean_shape.push_back(1);
      if (!item.start) boolean_shape[0] = 0;
    } else if (item.kind == IndexItem::array) {
      // Lists and NumPy's arrays come from the CPU; so may other indices.
      const Array& given = *item.array_value;
      const Array index = given.device.is_cpu() ? to_device(given, x.device) : given;
      check_advanced(x, index, view.axis());
      entries.push_back({index, view.axis()});
      view.skip(consumed_axes(item));
    } else {
      basic_item(view, item, ellipsis);
    }
  }
  view.keep(x.ndim() - view.axis());
  if (group == apart) s.at = 0;
  s.rest = view.array();
  fill_offsets(s, x, entries, boolean_shape);
  return s;
}

// A value's leading axes of length 1 do not count, as NumPy has it.
Array fit_value(const Array& value, DType dtype, const Dims& shape) {
  Array fitted = value;
  while (fitted.ndim() > shape.size() && fitted.shape[0] == 1) {
    fitted.shape.erase(0);
    fitted.strides.erase(0);
  }
  fitted = broadcast_to("assignment", fitted, shape);  // raises before anything is cast
  return value.dtype == dtype ? fitted : fit_value(astype(value, dtype), dtype, shape);
}

}  // namespace

bool is_basic(const IndexKey& key) {
  return std::none_of(key.items, key.items + key.count, [](const IndexItem& item) {
    return item.kind == IndexItem::boolean || item.kind == IndexItem::array;
  });
}

Array getitem(const Array& x, const IndexKey& key) {
  return is_basic(key) ? basic_view(x, key) : gather(select(x, key));
}

void setitem(const Array& x, const IndexKey& key, const Operand& value) {
  require_writable("assignment", x);
  if (is_basic(key)) return assign(basic_view(x, key), value);
  const Selection s = select(x, key);
  const Array source = value.array ? *value.array : scalar_array("assignment", value.scalar, x.dtype, x.device);
  common_device("assignment", {{"the target", &x}, {"the value", &source}});
  scatter(s, fit_value(source, x.dtype, selected_shape(s)));
}

void index_add(const Array& x, const IndexKey& key, const Array& value) {
  require_writable("index_add", x);
  if (is_basic(key))
    return binary_inplace({"index_add", DTypeRule::same, Elementwise::add}, basic_view(x, key), {&value, {}});
  common_device("index_add", {{"the target", &x}, {"the value", &value}});
  const Selection s = select(x, key);
  scatter_add("index_add", s, fit_value(value, x.dtype, selected_shape(s)));
}

}  // namespace tw
