"""The Mandelbrot set: how fast points escape, smoothly, drawn with characters."""

import numpy as np

WIDTH, HEIGHT, LIMIT = 96, 48, 60

x = np.linspace(-2.2, 0.8, WIDTH)
y = np.linspace(-1.25, 1.25, HEIGHT)
c = x[None, :] + 1j * y[:, None]
z = np.zeros_like(c)
steps = np.full(c.shape, LIMIT, dtype=np.int64)
size = np.zeros(c.shape)
alive = np.ones(c.shape, dtype=bool)
for n in range(LIMIT):
    z[alive] = z[alive] ** 2 + c[alive]
    gone = alive & (np.abs(z) > 4.0)
    steps[gone] = n
    size[gone] = np.abs(z[gone])
    alive &= ~gone

smooth = np.where(alive, 0.0, steps + 1 - np.log2(np.log(np.maximum(size, 2.0))))
print(f"{alive.sum()} of {alive.size} points stay; mean time to escape {steps[~alive].mean():.6f}")
counts, edges = np.histogram(steps[~alive], bins=8, range=(0, 40))
print("escaped per 5 steps:", counts.tolist())
shades = " .:-=+*#%@"
levels = np.clip(np.digitize(smooth, np.geomspace(1.5, 40, len(shades) - 1)), 0, len(shades) - 1)
levels[alive] = len(shades) - 1
for row in levels[:: HEIGHT // 12]:
    print("".join(shades[int(level)] for level in row[::2]))
mirrored = np.flipud(steps)
print("symmetric:", np.array_equal(steps, mirrored))
results = smooth, steps, counts, edges
