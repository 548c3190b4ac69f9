// Threads. The only header through which anything runs in parallel, and parallel.cpp the only user of OpenMP.
//
// Work is cut into chunks by its shape alone; threads take whole chunks. So the thread count, the quota and who runs
// what can never change a result.
#pragma once
#include <cstdint>
#include <string>
#include <type_traits>

namespace tw {

int get_num_threads();
void set_num_threads(int count);  // ValueError below 1 and above 1024

// While it lives, get_num_threads() of this thread stays what it is, whatever another thread sets.
class SteadyThreads {
 public:
  SteadyThreads();
  ~SteadyThreads();
  SteadyThreads(const SteadyThreads&) = delete;
  SteadyThreads& operator=(const SteadyThreads&) = delete;

 private:
  const int before_;
};

// Which of the threads of the running parallel_for this is: 0, 1, ... For memory that each thread keeps for itself;
// results must not depend on it.
int thread_index();

namespace detail {
typedef void (*ChunkFn)(void* closure, int64_t begin, int64_t end);
void parallel_for(int64_t n, int64_t chunk, double total_ns, ChunkFn fn, void* closure);
typedef void (*StepFn)(void* closure, int64_t chain, int64_t step, int64_t piece);
void parallel_chains(int64_t chains, int64_t steps, int64_t pieces, double total_ns, StepFn fn, void* closure);

// CPUs' worth of time that the control group of a process grants (v2, and the v1 file that containers see), 0 where
// there is no limit. `groups` is the process's list of groups, `mount` the root of their files.
double cpu_quota(const std::string& groups, const std::string& mount);
}  // namespace detail

// fn(begin, end) for every chunk [begin, end) of [0, n): [0, chunk), [chunk, 2 chunk), ... in any order, maybe at once.
// ns_per_item is a rough estimate of the serial cost of one item, in nanoseconds; below a measured total (about 5 µs)
// the calling thread does it all. fn must not touch Python; a parallel_for inside it runs serially. What fn throws is
// thrown here, with the chunks that had not begun left out.
template <class F>
void parallel_for(int64_t n, int64_t chunk, double ns_per_item, F&& fn) {
  if (n <= 0) return;
  detail::parallel_for(
      n, chunk, ns_per_item * static_cast<double>(n),
      [](void* closure, int64_t begin, int64_t end) {
        (*static_cast<std::remove_reference_t<F>*>(closure))(begin, end);
      },
      &fn);
}

// Chains of steps, each step in pieces: fn(chain, step, piece) for every piece of a chain's step 0, maybe at once, then
// of its step 1, ...: all of a step are done before one of the next begins, and chains do not wait for each other.
// Threads share the chains, and where they are more than those, the pieces of one; whoever has nothing left helps the
// others. A thread has the same pieces in each step, and what they left in its cache. Threads wait for each other by
// spinning, so a step may be short: some µs. Otherwise as parallel_for.
template <class F>
void parallel_chains(int64_t chains, int64_t steps, int64_t pieces, double ns_per_piece, F&& fn) {
  if (chains <= 0 || steps <= 0 || pieces <= 0) return;
  detail::parallel_chains(
      chains, steps, pieces,
      ns_per_piece * static_cast<double>(chains) * static_cast<double>(steps) * static_cast<double>(pieces),
      [](void* closure, int64_t chain, int64_t step, int64_t piece) {
        (*static_cast<std::remove_reference_t<F>*>(closure))(chain, step, piece);
      },
      &fn);
}

}  // namespace tw
