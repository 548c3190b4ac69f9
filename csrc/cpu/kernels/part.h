// Loops over memory whose last step is part of a vector, with one body for both.
#pragma once
#include "cpu/kernels/reduce/tree.h"

namespace tw::TW_ISA {

// A whole vector of memory, and the first n lanes of one. keep() puts `fill` where there is no memory.
struct Whole {
  template <class T>
  static TW_INLINE vec<compute_t<T>> load(const T* p) {
    return TW_ISA::load(p);
  }
  template <class T>
  static TW_INLINE void store(T* p, vec<compute_t<T>> x) {
    TW_ISA::store(p, x);
  }
  template <class A>
  static TW_INLINE vec<A> keep(vec<A> x, A) {
    return x;
  }
};
struct Part {
  int n;
  template <class T>
  TW_INLINE vec<compute_t<T>> load(const T* p) const {
    return load_n(p, n);
  }
  template <class T>
  TW_INLINE void store(T* p, vec<compute_t<T>> x) const {
    store_n(p, x, n);
  }
  template <class A>
  TW_INLINE vec<A> keep(vec<A> x, A fill) const {
    return iota<A>() < (mask_t<A>)n ? x : set1<A>(fill);
  }
};

}  // namespace tw::TW_ISA
