"""Conway's Game of Life on a torus, in bytes."""

import numpy as np


def neighbours(board):
    """How many live cells are around each."""
    rows = np.concatenate([board[-1:], board, board[:1]])
    wide = np.concatenate([rows[:, -1:], rows, rows[:, :1]], axis=1)
    h, w = board.shape
    total = np.zeros(board.shape, dtype=np.uint8)
    for i in range(3):
        for j in range(3):
            if (i, j) != (1, 1):
                total += wide[i : i + h, j : j + w]
    return total


def step(board):
    around = neighbours(board)
    born = (board == 0) & (around == 3)
    stays = (board == 1) & ((around == 2) | (around == 3))
    return (born | stays).astype(np.uint8)


board = np.zeros((24, 32), dtype=np.uint8)
glider = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]])
board[1:4, 1:4] = glider
board[10:13, 20:23] = glider.T[::-1]
board[[16, 16, 16, 17, 18], [8, 9, 10, 7, 9]] = 1
populations = []
for _ in range(120):
    populations.append(board.sum())
    board = step(board)
print(board[:6, :12])
print("population:", populations[0], populations[-1], "density", board.mean(), board.dtype == np.uint8)
for row in board[::4]:
    print("".join("#" if cell else "." for cell in row))
results = board, np.array(populations), neighbours(board) / 8
