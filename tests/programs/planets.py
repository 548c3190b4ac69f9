"""Bodies that attract each other, by leapfrog: energy and momentum stay."""

import numpy as np

G, SOFTENING = 1.0, 1e-3

# A star, three planets on circles, and a moon.
mass = np.array([1.0, 1e-3, 3e-4, 5e-4, 1e-6])
radius = np.array([0.0, 1.0, 1.8, 3.0])
angle = np.array([0.0, 0.4, 2.1, 4.0])
position = np.zeros((5, 3))
position[:4, 0] = radius * np.cos(angle)
position[:4, 1] = radius * np.sin(angle)
velocity = np.zeros((5, 3))
speed = np.sqrt(G * mass[0] / radius[1:])
velocity[1:4, 0] = -speed * np.sin(angle[1:])
velocity[1:4, 1] = speed * np.cos(angle[1:])
position[4] = position[1] + [0.02, 0, 0.01]
velocity[4] = velocity[1] + [0, np.sqrt(G * mass[1] / 0.0224), 0]
velocity -= (mass[:, None] * velocity).sum(axis=0) / mass.sum()


def acceleration(position):
    apart = position[None, :, :] - position[:, None, :]
    squares = np.sum(apart**2, axis=-1) + SOFTENING**2
    inverse = squares**-1.5
    np.fill_diagonal(inverse, 0.0)
    return G * np.einsum("ij,ijk,j->ik", inverse, apart, mass)


def energy(position, velocity):
    kinetic = 0.5 * np.dot(mass, np.sum(velocity**2, axis=1))
    i, j = np.triu_indices(len(mass), 1)
    distances = np.linalg.norm(position[i] - position[j], axis=1)
    return kinetic - G * np.sum(mass[i] * mass[j] / np.hypot(distances, SOFTENING))


dt, steps = 0.002, 1500
start = energy(position, velocity)
path = np.empty((steps // 50, 5, 3))
pull = acceleration(position)
for step in range(steps):
    velocity += 0.5 * dt * pull
    position += dt * velocity
    pull = acceleration(position)
    velocity += 0.5 * dt * pull
    if step % 50 == 0:
        path[step // 50] = position
end = energy(position, velocity)
momentum = np.abs(mass @ velocity).max()
turns = np.unwrap(np.arctan2(path[:, 1, 1], path[:, 1, 0]))
print(f"energy {start:.9f}, lost {abs(end / start - 1):.1e}; momentum below 1e-15: {momentum < 1e-15}")
print(f"the first planet went {(turns[-1] - turns[0]) / (2 * np.pi):.6f} times around")
spin = np.cross(position, velocity)
print("angular momentum:", np.round((mass[:, None] * spin).sum(axis=0), 9))
results = path[:, :4], turns
