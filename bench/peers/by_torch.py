"""The training by PyTorch, eager or compiled, with the fused optimiser."""

from __future__ import annotations

import os
from typing import Any

import torch

from ..tasks import Layers, Task

torch.set_num_threads(len(os.sched_getaffinity(0)))
ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "gelu": torch.nn.GELU}


class ByTorch:
    """A module and an optimiser."""

    def __init__(self, task: Task, x: Any, y: Any, mode: str) -> None:
        self.task = task
        self.batches = [
            tuple(torch.from_numpy(a[i : i + task.batch]) for a in (x, y)) for i in range(0, len(x), task.batch)
        ]
        layers: list[torch.nn.Module] = []
        for a, b in zip(task.sizes, task.sizes[1:], strict=False):
            layers += [torch.nn.Linear(a, b), ACTIVATIONS[task.activation]()]
        self.net = torch.nn.Sequential(*layers[:-1])
        loss = torch.nn.MSELoss() if task.loss == "mse" else torch.nn.CrossEntropyLoss()

        def of(x: Any, y: Any) -> Any:
            return loss(self.net(x), y)

        self.loss = torch.compile(of, mode=mode) if mode else of

    def begin(self, layers: Layers, optimizer: str, rate: float) -> None:
        linear = [m for m in self.net if isinstance(m, torch.nn.Linear)]
        with torch.no_grad():
            for module, (w, b) in zip(linear, layers, strict=True):
                module.weight.copy_(torch.from_numpy(w.T.copy()))
                module.bias.copy_(torch.from_numpy(b))
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

    def parameters(self) -> Layers:
        linear = [m for m in self.net if isinstance(m, torch.nn.Linear)]
        return [(m.weight.detach().numpy().T, m.bias.detach().numpy()) for m in linear]


def make(task: Task, x: Any, y: Any, variant: str) -> ByTorch:
    """See `bench.peers`."""
    return ByTorch(task, x, y, variant)
