"""# Three kinds of learning

Supervised learning has examples with answers, unsupervised learning examples without. In reinforcement learning nobody
tells what to do, but acts have rewards, at once or later. Its aim is the return: the sum of the rewards to come, each
step later worth γ times as much. Three ways to learn to act are here, on a grid: a table of the returns of acts,

> Q(s, a) ← Q(s, a) + α (r + γ maxₐ′ Q(s′, a′) − Q(s, a)) (Watkins, 1989),

a network in place of the table (Mnih et al., 2013), and a network that gives the probabilities of acts, whose weights
follow ∇ log π(a | s) times the return less the expected one (REINFORCE, Williams, 1992).
"""

# %%
import random

from matplotlib import pyplot as plt
from shared import digits, either
from sklearn.cluster import KMeans

import tilewright as tw
from tilewright.nn import functional as F

images, labels, test_images, test_labels = digits()
classifier = tw.sklearn.Classifier(epochs=either(30, 2), random_state=0).fit(images.numpy(), labels.numpy())
print(f"with labels:    {classifier.score(test_images.numpy(), test_labels.numpy()):.1%} of new digits are named right")

clusters = KMeans(10, n_init=1, random_state=0).fit(images.numpy())
nearest, centres = tw.asarray(clusters.labels_), clusters.cluster_centers_.reshape((10, 8, 8))
names = tw.stack([tw.bincount(labels[nearest == k], minlength=10).argmax() for k in range(10)])
print(f"without labels: {(names[nearest] == labels).mean().item():.1%} are in a cluster where most are the same digit")
tw.plot.images(centres, columns=5, titles=[f"{name}" for name in names.tolist()])

# %% [markdown]
# The classifier learned names from labels. The clusters have no names: k-means found their centres, drawn above, from
# the images alone, and labels were only used afterwards, to say which digit is the commonest in each. Two clusters are
# mostly ones, and none mostly nines.
#
# Now the grid. From any free field one goes right, down, left or up, not into walls. A step costs 0.02; the goal
# (green) gives 1, the pit (red) -1, and both end the episode.

# %%
WORLD, WIDTH = "#########......##.##.#.##...o#.##.#....##.#.#.*#########", 8  # free ., wall #, pit o, goal *
STARTS, REWARDS = [n for n, cell in enumerate(WORLD) if cell == "."], {".": -0.02, "o": -1.0, "*": 1.0}
MOVES, GAMMA, SEEN = (1, WIDTH, -1, -WIDTH), 0.95, tw.eye(len(WORLD))


# The return of each episode; `learn` is given its steps: field, act, reward, next field, whether it ended.
def play(choose, learn, episodes):
    returns = []
    for _ in range(episodes):
        steps, after, ended = [], chance.choice(STARTS), False
        while not ended and len(steps) < 50:
            state, action = after, choose(after)
            after = state + MOVES[action] if WORLD[state + MOVES[action]] != "#" else state
            ended = WORLD[after] != "."
            steps.append((state, action, REWARDS[WORLD[after]], after, ended))
        learn(steps)
        returns.append(sum(GAMMA**t * reward for t, (_, _, reward, _, _) in enumerate(steps)))
    return returns


# Chooses the act of the highest value, and one time in ten any.
def curious(values):
    return lambda state: chance.randrange(4) if chance.random() < 0.1 else values(state).argmax().item()


# %% [markdown]
# The table learns from each step of an episode, the last one first.

# %%
table, chance = tw.zeros((len(WORLD), 4)), random.Random(0)


def learn_table(steps):
    for state, action, reward, after, ended in reversed(steps):
        goal = reward + (0 if ended else GAMMA * table[after].max())
        table[state, action] += 0.5 * (goal - table[state, action])


returns = {"Q table": play(curious(lambda state: table[state]), learn_table, either(1000, 20))}

# %% [markdown]
# The network learns from steps that are drawn from all that were taken before, since those of one episode are much
# alike.

# %%
tw.random.seed(0)
network, policy = (tw.models.MLP([len(WORLD), 64, 4]) for _ in range(2))
memory, adam = [], tw.optim.Adam(network.parameters(), lr=1e-3)


def learn_network(steps):
    memory.extend(steps)
    for _ in range(8):
        state, action, reward, after, ended = (tw.asarray(column) for column in zip(*chance.choices(memory, k=64)))
        goal = reward + tw.where(ended, 0.0, GAMMA * network(SEEN[after]).max(axis=1)).detach()
        adam.zero_grad()
        F.smooth_l1_loss(tw.take_along_axis(network(SEEN[state]), action[:, None], axis=1)[:, 0], goal).backward()
        adam.step()


returns["deep Q network"] = play(curious(lambda state: network(SEEN[state])), learn_network, either(1000, 20))

# %% [markdown]
# The policy draws its acts, so it needs no others out of curiosity. After an episode, acts whose return was above the
# mean of the returns from that field become more probable.

# %%
expected, ascent = tw.zeros(len(WORLD)), tw.optim.Adam(policy.parameters(), lr=3e-3)


def draw(state):
    return chance.choices(range(4), F.softmax(policy(SEEN[state]), axis=0).tolist())[0]


def learn_policy(steps):
    t, (state, action, reward, *_) = tw.arange(len(steps)), [tw.asarray(column) for column in zip(*steps)]
    better = tw.triu(GAMMA ** (t - t[:, None])) @ reward - expected[state]  # a return is Σ γ^(t′ - t) r, over t′ from t
    expected[state] += 0.1 * better
    ascent.zero_grad()
    (F.cross_entropy(policy(SEEN[state]), action, reduction="none") * better).sum().backward()
    ascent.step()


returns["policy gradient"] = play(draw, learn_policy, either(1000, 20))

# %%
figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
fields, (right, down) = tw.asarray(STARTS), tw.asarray([[1, 0, -1, 0], [0, 1, 0, -1]])  # of the moves
for ax, (name, curve), values in zip(axes.flat[1:], returns.items(), (table, network(SEEN), policy(SEEN))):
    axes[0, 0].plot(tw.asarray(curve).reshape((-1, 20)).mean(axis=1), label=name)
    best = values[fields].argmax(axis=1)
    ax.imshow(tw.asarray([REWARDS.get(cell, float("nan")) for cell in WORLD]).reshape((-1, WIDTH)), cmap="RdYlGn")
    ax.quiver(fields % WIDTH, fields // WIDTH, right[best], down[best], angles="xy", pivot="middle")
    ax.set(title=name, xticks=(), yticks=(), facecolor="0.3")
axes[0, 0].set(xlabel="20 episodes", ylabel="mean return", title="learning")
axes[0, 0].legend()

# %% [markdown]
# The table and the network have a good mean return after some 100 episodes; one act in ten is still any, which costs
# them something to the end. The policy gradient learns from each episode once, and needs about 300. From every field
# all arrows lead around the pit to the goal. On the second field of the top row the table goes left, a way of ten steps
# where there is one of eight: it found a way early, and tries others too seldom.
