"""A Kalman filter that follows a throw, from noisy positions."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


dt, count = 0.1, 60
time = dt * np.arange(count)
truth = np.stack([15 * time, 25 * time - 9.81 * time**2 / 2], axis=1)
spread = noise(12 * 2 * count, 1).reshape(12, count, 2).sum(axis=0) - 6  # nearly normal
measured = truth + 2 * spread

move = np.eye(4)
move[0, 2] = move[1, 3] = dt
push = np.array([0, -9.81 * dt**2 / 2, 0, -9.81 * dt])
see = np.zeros((2, 4))
see[0, 0] = see[1, 1] = 1
q, r = 1e-3 * np.eye(4), 4.0 * np.eye(2)

state, p = np.zeros(4), 100 * np.eye(4)
path, gains = [], []
for z in measured:
    state = move @ state + push
    p = move @ p @ move.T + q
    gain = p @ see.T @ np.linalg.inv(see @ p @ see.T + r)
    state = state + gain @ (z - see @ state)
    p = (np.eye(4) - gain @ see) @ p
    path.append(state)
    gains.append(gain[0, 0])
path = np.stack(path)

error = np.sqrt(((path[:, :2] - truth) ** 2).sum(axis=1))
raw = np.sqrt(((measured - truth) ** 2).sum(axis=1))
print(f"error {error[20:].mean():.6f} of the filter, {raw[20:].mean():.6f} of the measurements")
print("gain", round(gains[0], 4), "to", round(gains[-1], 4))
print("speed at the end:", path[-1, 2:], "spread:", np.std(error, ddof=1))
results = path, p, np.array(gains)
