"""Base graphs and their circulant shifts, placed so that short cycles stay away.

A row is a list of blocks (column, shift): its check i holds the bits (i + shift) mod z of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gensc.errors import InputError

Row = list[tuple[int, int]]
REACH = 8


def grown(columns: np.ndarray, rows: Sequence[int], z: int, random: np.random.Generator) -> list[Row]:
    """Rows for these degrees of ``columns`` and ``rows`` by progressive edge growth: every block goes where the
    shortest cycle that it closes is longest.

    X.-Y. Hu, E. Eleftheriou, D. Arnold, IEEE Trans. Inf. Theory 51(1), 2005, on the lifted graph. Columns of degree
    two come first: their cycles are words of the code.
    """
    graph: list[Row] = [[] for _ in rows]
    left = np.array(rows)
    for column in np.argsort(columns, kind="stable"):
        mine: Row = []
        for _ in range(columns[column]):
            away = _distances(graph, mine, z)
            away[left == 0] = -1
            away[[row for row, _ in mine]] = -1
            furthest = away.max(axis=1)
            # of the rows that are as far as any, the one with most sockets left
            row = int(np.lexsort((random.random(len(left)), -left, -furthest))[0])
            if furthest[row] < 0:
                raise InputError("the ensemble's variables and checks have different numbers of edges")
            shift = (z - int(random.choice(np.flatnonzero(away[row] == furthest[row])))) % z
            mine.append((row, shift))
            left[row] -= 1
        for row, shift in mine:
            graph[row].append((int(column), shift))
    return graph


def _distances(graph: list[Row], mine: Row, z: int) -> np.ndarray:
    """How many bits lie between the checks, int [rows, z], and those of ``mine`` that hold bit 0 of a new column:
    REACH where there is no path that short."""
    neighbours: dict[int, Row] = {}
    for row, blocks in enumerate(graph):
        for column, shift in blocks:
            neighbours.setdefault(column, []).append((row, shift))
    away = np.full((len(graph), z), REACH)
    for row, shift in mine:
        away[row, -shift % z] = 0
    for step in range(REACH - 1 if mine else 0):
        front = away == step
        for blocks in neighbours.values():
            bits = np.zeros(z, dtype=bool)
            for row, shift in blocks:
                bits |= np.roll(front[row], shift)
            for row, shift in blocks:
                away[row][np.roll(bits, -shift) & (away[row] == REACH)] = step + 1
    return away


def scattered(columns: np.ndarray, rows: Sequence[int], z: int, random: np.random.Generator) -> list[Row]:
    """Rows for these degrees at random, without double blocks and such that no two checks share two bits.

    A row takes the columns that have most sockets left, in a random order.
    """
    left = np.array(columns)
    seen: dict[tuple[int, int], set[int]] = {}
    graph = []
    for degree in random.permutation(rows):
        chosen = np.lexsort((random.random(len(left)), -left))[:degree]
        left[chosen] -= 1
        graph.append(_shifted(sorted(chosen.tolist()), seen, z, random))
    if left.any():
        raise InputError("the ensemble's variables and checks have different numbers of edges")
    return graph


def _shifted(columns: list[int], seen: dict[tuple[int, int], set[int]], z: int, random: np.random.Generator) -> Row:
    """Shifts of a row such that no two columns are as far apart as in a row before, by ``seen``."""
    row: Row = []
    for column in columns:
        for shift in random.permutation(z):
            apart = [((other, column), (int(shift) - turn) % z) for other, turn in row]
            if all(distance not in seen.setdefault(pair, set()) for pair, distance in apart):
                break
        else:
            raise InputError(f"z is {z}: too small to lift this code without cycles of length 4; take twice that")
        for pair, distance in apart:
            seen[pair].add(distance)
        row.append((column, int(shift)))
    return row
