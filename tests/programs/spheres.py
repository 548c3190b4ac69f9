"""Spheres on a floor, by marching rays through a distance field: shading, shadows, a picture of characters."""

import numpy as np

WIDTH, HEIGHT = 64, 32
centres = np.array([[-1.1, 0.0, 3.0], [0.4, 0.35, 4.0], [1.3, -0.35, 2.6]])
radii = np.array([0.9, 1.2, 0.55])
light = np.array([0.5, 0.9, -0.6])
light = light / np.linalg.norm(light)


def distance(points):
    """To the nearest surface."""
    to_spheres = np.linalg.norm(points[..., None, :] - centres, axis=-1) - radii
    return np.minimum(to_spheres.min(axis=-1), points[..., 1] + 1.0)


def march(origins, directions, steps, reach):
    """How far rays go until they hit; the reach where they do not."""
    travelled = np.zeros(len(origins))
    for _ in range(steps):
        step = distance(origins + travelled[:, None] * directions)
        travelled = np.where(travelled < reach, travelled + step, travelled)
    return np.clip(travelled, 0, reach)


def normals(points, eps=1e-4):
    """Gradients of the distance, by differences."""
    offsets = eps * np.eye(3)
    slopes = [distance(points + offset) - distance(points - offset) for offset in offsets]
    gradient = np.stack(slopes, axis=-1)
    return gradient / np.linalg.norm(gradient, axis=-1, keepdims=True)


across, down = np.meshgrid(np.linspace(-1.6, 1.6, WIDTH), np.linspace(0.9, -0.9, HEIGHT))
rays = np.stack([across, down, np.full_like(across, 1.5)], axis=-1).reshape(-1, 3)
rays /= np.linalg.norm(rays, axis=1, keepdims=True)
eye = np.broadcast_to(np.array([0.0, 0.2, -1.0]), rays.shape)

depth = march(eye, rays, steps=60, reach=20.0)
hit = depth < 19.9
points = eye[hit] + depth[hit, None] * rays[hit]
normal = normals(points)
lit = np.maximum(normal @ light, 0)
blocked = march(points + 0.02 * normal, np.tile(light, (len(points), 1)), steps=40, reach=10.0) < 9.9
mirrored = light - 2 * (normal @ light)[:, None] * normal
gloss = np.maximum(np.einsum("ij,ij->i", mirrored, rays[hit]), 0) ** 16
shade = np.zeros(len(rays))
shade[hit] = 0.1 + 0.7 * lit * ~blocked + 0.2 * gloss * ~blocked

picture = shade.reshape(HEIGHT, WIDTH)
print(f"{hit.mean():.4f} of the rays hit, {blocked.mean():.4f} of the hits lie in shadow")
print(f"brightness {picture.mean():.6f}, nearest {depth.min():.6f}")
characters = np.array(picture * 9.99).astype(int)
for row in characters[::2]:
    print("".join(" .:-=+*#%@"[int(level)] for level in row))
results = picture, depth.reshape(HEIGHT, WIDTH)
