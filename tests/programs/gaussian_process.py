"""Regression by a Gaussian process: posterior, likelihood, and its length scale by the gradient."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


x = np.sort(6 * noise(40, 1) - 3)
y = np.sin(2 * x) + 0.3 * x + 0.2 * (noise(40, 2) - 0.5)
grid = np.linspace(-3.5, 3.5, 101)
NOISE = 0.06


def kernel(a, b, length):
    return np.exp(-0.5 * np.subtract.outer(a, b) ** 2 / length**2)


def likelihood(length):
    """The logarithm of the marginal likelihood, and its derivative by the length scale."""
    k = kernel(x, x, length)
    covariance = k + NOISE**2 * np.eye(len(x))
    factor = np.linalg.cholesky(covariance)
    alpha = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
    value = -0.5 * y @ alpha - np.log(np.diag(factor)).sum() - 0.5 * len(x) * np.log(2 * np.pi)
    slope = k * np.subtract.outer(x, x) ** 2 / length**3
    derivative = 0.5 * alpha @ slope @ alpha - 0.5 * np.trace(np.linalg.solve(covariance, slope))
    return value, derivative


length = 0.4
for _ in range(60):
    value, derivative = likelihood(length)
    length = length * np.exp(np.clip(0.02 * length * derivative, -0.2, 0.2))
value, derivative = likelihood(length)
eps = 1e-5
numeric = (likelihood(length + eps)[0] - likelihood(length - eps)[0]) / (2 * eps)
print(f"length {length:.6f}, log likelihood {value:.6f}, derivative right: {abs(numeric - derivative) < 1e-3}")

covariance = kernel(x, x, length) + NOISE**2 * np.eye(len(x))
across = kernel(grid, x, length)
mean = across @ np.linalg.solve(covariance, y)
variance = 1 - np.einsum("ij,ji->i", across, np.linalg.solve(covariance, across.T))
band = 1.96 * np.sqrt(np.maximum(variance, 0) + NOISE**2)
truth = np.sin(2 * grid) + 0.3 * grid
inside = np.abs(grid) < 3
print(f"error {np.sqrt(np.mean((mean - truth)[inside] ** 2)):.6f}, widest band {band.max():.6f}")
print(f"{np.mean(np.abs(mean - truth)[inside] < band[inside]):.4f} of the truth lies in the band")
sign, logdet = np.linalg.slogdet(covariance)
assert sign == 1
print(f"log determinant {logdet:.6f}, condition {np.linalg.cond(covariance):.4g}")
quarters = np.interp([0.25, 0.5, 0.75], np.linspace(0, 1, len(grid)), mean)
area = np.trapezoid(mean, grid)
print("mean at the quarters:", np.round(quarters, 6), f"area {area:.8f}")
results = mean, variance, band
