"""Networks that are not dense, by PyTorch, with the fused optimiser."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import nn

from ..network_tasks import NetworkTask

torch.set_num_threads(len(os.sched_getaffinity(0)))


class Block(nn.Module):
    """Normalisation, attention; normalisation, two dense layers; each added to what it gets."""

    def __init__(self, task: NetworkTask) -> None:
        super().__init__()
        d = task.width
        self.heads = task.heads
        self.norm, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d, bias=False)
        self.wide, self.narrow = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x: Any) -> Any:
        def heads(t: Any) -> Any:
            return t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2)

        q, k, v = map(heads, self.qkv(self.norm(x)).chunk(3, -1))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(x.shape))
        return x + self.narrow(nn.functional.gelu(self.wide(self.norm2(x))))


class Transformer(nn.Module):
    """Embedding and positions, blocks, normalisation and a dense layer."""

    def __init__(self, task: NetworkTask) -> None:
        super().__init__()
        self.embedding = nn.Embedding(task.letters, task.width)
        self.positions = nn.Parameter(torch.zeros(task.size, task.width))
        self.blocks = nn.ModuleList(Block(task) for _ in range(task.blocks))
        self.norm, self.last = nn.LayerNorm(task.width), nn.Linear(task.width, task.letters)

    def forward(self, x: Any) -> Any:
        h = self.embedding(x) + self.positions
        for block in self.blocks:
            h = block(h)
        return self.last(self.norm(h)).flatten(0, 1)

    def places(self) -> list[tuple[Any, Any]]:
        """Where chainrule's parameters lie here, in its order: views, and whether they are transposed."""
        found: list[tuple[Any, Any]] = [(self.embedding.weight, False), (self.positions, False)]
        for b in self.blocks:
            found += [(b.norm.weight, False), (b.norm.bias, False)]
            found += [(part, True) for part in b.qkv.weight.chunk(3, 0)]
            found += [(b.out.weight, True), (b.norm2.weight, False), (b.norm2.bias, False)]
            found += [(b.wide.weight, True), (b.wide.bias, False), (b.narrow.weight, True), (b.narrow.bias, False)]
        return [*found, (self.norm.weight, False), (self.norm.bias, False), (self.last.weight, True),
                (self.last.bias, False)]  # fmt: skip


class Cnn(nn.Sequential):
    """Two convolutions with pooling, two dense layers."""

    def __init__(self, task: NetworkTask) -> None:
        a, b = task.channels
        super().__init__(
            nn.Conv2d(1, a, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(b * (task.size // 4) ** 2, task.hidden), nn.ReLU(), nn.Linear(task.hidden, 10),
        )  # fmt: skip

    def places(self) -> list[tuple[Any, Any]]:
        """See `Transformer.places`."""
        return [
            (p, isinstance(m, nn.Linear) and p is m.weight)
            for m in self
            if isinstance(m, (nn.Conv2d, nn.Linear))
            for p in (m.weight, m.bias)
        ]


class Training:
    """A module and an optimiser."""

    def __init__(self, task: NetworkTask, x: Any, y: Any, mode: str) -> None:
        self.net: Any = Cnn(task) if task.kind == "cnn" else Transformer(task)
        self.batches = [
            (torch.from_numpy(x[i : i + task.batch].copy()), torch.from_numpy(y[i : i + task.batch].copy()))
            for i in range(0, len(x), task.batch)
        ]

        def loss(x: Any, y: Any) -> Any:
            return nn.functional.cross_entropy(self.net(x), y.flatten())

        self.loss = torch.compile(loss, mode=mode) if mode else loss

    def begin(self, layers: Any, optimizer: str, rate: float) -> None:
        with torch.no_grad():
            for (place, turned), (array,) in zip(self.net.places(), layers, strict=True):
                place.copy_(torch.from_numpy(array.T.copy() if turned else array))
        kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam
        self.optimizer: Any = kind(self.net.parameters(), lr=rate, fused=True)
        self.at = 0

    def steps(self, count: int) -> None:
        for _ in range(count):
            x, y = self.batches[self.at]
            self.at = (self.at + 1) % len(self.batches)
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(x, y).backward()
            self.optimizer.step()

    def parameters(self) -> Any:
        return [((p.T if turned else p).detach().numpy().copy(),) for p, turned in self.net.places()]


def make(task: NetworkTask, x: Any, y: Any, variant: str) -> Training:
    """See `bench.peers`."""
    return Training(task, x, y, variant)
