// Normalisation, as devices are given it. Arrays are contiguous; x, weight, bias, y and their gradients have one
// floating dtype, statistics are float64. weight, bias and their gradients are null where they are left out.
#pragma once
#include "backend/norm_problem.h"
#include "backend/operands.h"

namespace tw {

// y = (x - mean) rstd weight + bias, rstd = 1 / sqrt(var + eps); without the mean where a row is not centered. With a
// residual, x + residual stands in place of x, and is written to sum.
struct NormRowsProblem {
  NormRows shape;
  DType dtype;
  const char *x, *residual, *weight, *bias;
  char *sum, *y;
  double *mean, *rstd;  // of each row
};

// x is what was normalised; `added`, or null, is added to its gradient.
struct NormRowsBackwardProblem {
  NormRows shape;
  DType dtype;
  const char *g, *x, *weight;
  const double *mean, *rstd;
  const char* added;
  char *gx, *gweight, *gbias;
};

// The same for channels, whose statistics are those of x, or given.
struct NormChannelsProblem {
  NormChannels shape;
  DType dtype;
  bool given;
  double eps;
  const char *x, *weight, *bias;
  char* y;
  double *mean, *variance, *rstd;  // of each channel; the variance is biased, and null where given
};

struct NormChannelsBackwardProblem {
  NormChannels shape;
  DType dtype;
  bool given;
  const char *g, *x, *weight;
  const double *mean, *rstd;
  char *gx, *gweight, *gbias;
};

template <class F>
void operands(NormRowsProblem& p, F f) {
  for (const char** read : {&p.x, &p.residual, &p.weight, &p.bias}) f(Access::reads, *read);
  for (char** written : {&p.sum, &p.y}) f(Access::writes, *written);
  for (double** written : {&p.mean, &p.rstd}) f(Access::writes, *written);
}
template <class F>
void operands(NormRowsBackwardProblem& p, F f) {
  for (const char** read : {&p.g, &p.x, &p.weight, &p.added}) f(Access::reads, *read);
  for (const double** read : {&p.mean, &p.rstd}) f(Access::reads, *read);
  for (char** written : {&p.gx, &p.gweight, &p.gbias}) f(Access::writes, *written);
}
template <class F>
void operands(NormChannelsProblem& p, F f) {
  for (const char** read : {&p.x, &p.weight, &p.bias}) f(Access::reads, *read);
  f(Access::writes, p.y);
  for (double** statistics : {&p.mean, &p.variance}) f(p.given ? Access::reads : Access::writes, *statistics);
  f(Access::writes, p.rstd);
}
template <class F>
void operands(NormChannelsBackwardProblem& p, F f) {
  for (const char** read : {&p.g, &p.x, &p.weight}) f(Access::reads, *read);
  for (const double** read : {&p.mean, &p.rstd}) f(Access::reads, *read);
  for (char** written : {&p.gx, &p.gweight, &p.gbias}) f(Access::writes, *written);
}

}  // namespace tw
