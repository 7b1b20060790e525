"""Figures that PyTorch 2.13.0 computed on a small problem, kept so that the tests need no PyTorch.

They were got by running this file: `python -m tests.train.from_torch`, where PyTorch is installed. Everything is
float64. The gradients are PyTorch's own; it adds 1e-6 to a norm before it divides by it, so clipping is done here with
its norms alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

X = np.array([[1.0, -2.0, 0.5], [0.25, 1.0, -1.0], [-0.5, 0.75, 2.0], [1.5, 0.5, 0.0]])
Y = np.array([[1.0, -2.0], [0.5, 3.0], [0.0, 0.25], [-1.0, 1.5]])
W = np.array([[0.5, -1.0], [0.25, 0.75], [-0.5, 1.0]])
B = np.array([0.125, -0.25])
STEPS = 20

OPTIMISERS: dict[str, tuple[str, dict[str, Any]]] = {
    "gradient_descent": ("SGD", {"lr": 0.01}),
    "momentum": ("SGD", {"lr": 0.004, "momentum": 0.8}),
    "nesterov": ("SGD", {"lr": 0.004, "momentum": 0.8, "nesterov": True}),
    "adagrad": ("Adagrad", {"lr": 0.1, "eps": 1e-6}),
    "rmsprop": ("RMSprop", {"lr": 0.02, "alpha": 0.8, "eps": 1e-6}),
    "adam": ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-6}),
    "adamw": ("AdamW", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1}),
}
CLIP_NORM, CLIP_VALUE = 8.0, 6.0

SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "step": ("StepLR", {"step_size": 3, "gamma": 0.5}),
    "exponential": ("ExponentialLR", {"gamma": 0.9}),
    "cosine": ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    "linear": ("LinearLR", {"start_factor": 1.0, "end_factor": 0.25, "total_iters": 6}),
    "warm_up": ("LinearLR", {"start_factor": 1 / 4, "end_factor": 1.0, "total_iters": 3}),
}
RATES = 9

PLAIN: dict[str, tuple[list[list[float]], list[float]]] = {
    "adagrad": (
        [
            [0.12284662257534987, -0.48797492695691425],
            [-0.19186575992209637, 1.2013642445625368],
            [-0.07937551739339627, 0.4268820938213141],
        ],
        [-0.1613263988354387, 0.18611241915321208],
    ),
    "adam": (
        [
            [0.009194572723296157, -0.29938682124539634],
            [-0.29495180701436274, 1.3500936430272998],
            [-0.06232638379492168, 0.21782312218229588],
        ],
        [-0.14757810381973105, 0.32986291169024656],
    ),
    "adamw": (
        [
            [0.001479779645751459, -0.2580567593992051],
            [-0.28663313376858884, 1.2652700843824916],
            [-0.06478921543761412, 0.18253567558508837],
        ],
        [-0.1406600845962516, 0.3511009234665292],
    ),
    "gradient_descent": (
        [
            [-0.003986621498679793, -0.1322653072192123],
            [-0.21122272505052778, 1.3617618078085545],
            [-0.2242365780554528, -0.3971245117135603],
        ],
        [-0.019079699765057606, 0.5412056564851113],
    ),
    "momentum": (
        [
            [-0.20359674774374675, 0.21434129982358743],
            [-0.4052401090132183, 1.4092182155676223],
            [-0.11993158806965573, -1.0985815269401393],
        ],
        [0.011726236914739783, 0.8123512778608953],
    ),
    "nesterov": (
        [
            [-0.16827616392925523, 0.2962933902766755],
            [-0.3680665893509151, 1.5651026777780246],
            [-0.1338151044145143, -1.115539068156377],
        ],
        [0.01129396872247863, 0.9404838406230857],
    ),
    "rmsprop": (
        [
            [0.1661407164794703, -0.5999130504849979],
            [-0.12800042894174862, 1.1265969663194644],
            [-0.1186442161620276, 0.5783400426323266],
        ],
        [-0.16172384719396626, 0.12001383023678568],
    ),
}
"""W and b after the steps, at a fixed rate."""

CLIPPED: dict[str, tuple[list[list[float]], list[float]]] = {
    "adagrad": (
        [
            [0.12256173641551589, -0.45705248535216997],
            [-0.14305905162623453, 1.2660598376527048],
            [-0.11759879814497484, 0.45705248535216997],
        ],
        [-0.12905370201345492, 0.25458020962622346],
    ),
    "adam": (
        [
            [0.07685604617891373, -0.4584391307095557],
            [-0.20158171665212823, 1.2806540759250404],
            [-0.054908506808380955, 0.4584391307095557],
        ],
        [-0.19599319912832577, 0.2752437670180908],
    ),
    "adamw": (
        [
            [0.0681671072762602, -0.42161727355980055],
            [-0.20061936376598824, 1.2335896503489012],
            [-0.04886104294285175, 0.42161727355980055],
        ],
        [-0.1932426981728523, 0.2815789159406025],
    ),
    "gradient_descent": (
        [
            [0.21551492087805751, -0.6424447359569315],
            [0.005194643640206053, 1.1075552640430681],
            [-0.36765929700772604, 0.6424447359569315],
        ],
        [-0.01899135744852391, 0.10755526404306835],
    ),
    "momentum": (
        [
            [0.13168431463365005, -0.5207604120799612],
            [-0.08714256291245065, 1.2270652157705302],
            [-0.3139601635467322, 0.5207604120799612],
        ],
        [-0.0851842890168655, 0.2252545973276602],
    ),
    "nesterov": (
        [
            [0.11632657290765232, -0.4564748506384162],
            [-0.10156590018368183, 1.273065861169118],
            [-0.29988772630935856, 0.4564748506384162],
        ],
        [-0.07380457655895428, 0.26544755016220967],
    ),
    "rmsprop": (
        [
            [0.24319805692597057, -0.7162457993737621],
            [-0.0037287085067723696, 1.0337542006262377],
            [-0.24361140220540647, 0.7162457993737621],
        ],
        [-0.08759909517868936, 0.03375420062623776],
    ),
}
"""The same, gradients clipped, and the rate half a cosine down to 0."""

RATES_OF: dict[str, list[float]] = {
    "cosine": [
        0.5,
        0.48135048546526527,
        0.4282411613907041,
        0.34875744092944705,
        0.255,
        0.16124255907055302,
        0.08175883860929586,
        0.02864951453473475,
        0.01,
    ],
    "exponential": [
        0.5,
        0.45,
        0.405,
        0.36450000000000005,
        0.32805000000000006,
        0.2952450000000001,
        0.2657205000000001,
        0.23914845000000007,
        0.21523360500000008,
    ],
    "linear": [0.5, 0.4375, 0.375, 0.3125, 0.25, 0.1875, 0.125, 0.125, 0.125],
    "step": [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125],
    "warm_up": [0.125, 0.25, 0.375, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
}
"""The rates of the first steps, from 0.5."""


def trained(kind: str, settings: dict[str, Any], clip: bool) -> tuple[Any, Any]:
    """W and b after the steps; with ``clip`` gradients are clipped, by value and by norm, and the rate is a cosine."""
    import torch

    w, b = (torch.tensor(a, requires_grad=True) for a in (W, B))
    # The weight decay is for the matrix alone.
    decayed = {"weight_decay": settings.get("weight_decay", 0.0)}
    optimiser = getattr(torch.optim, kind)([{"params": [w], **decayed}, {"params": [b], "weight_decay": 0.0}],
                                           **{k: v for k, v in settings.items() if k != "weight_decay"})  # fmt: skip
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = ((torch.tensor(X) @ w + b - torch.tensor(Y)) ** 4).sum() / len(X)
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_value_([w, b], CLIP_VALUE)
            norm = torch.nn.utils.get_total_norm([w.grad, b.grad])
            for p in (w, b):
                p.grad.mul_(min(1.0, CLIP_NORM / norm))
        optimiser.step()
        if clip:
            schedule.step()
    return w.detach().numpy().tolist(), b.detach().numpy().tolist()


def rates(kind: str, settings: dict[str, Any]) -> list[float]:
    import torch

    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule = getattr(torch.optim.lr_scheduler, kind)(optimiser, **settings)
    found = []
    for _ in range(RATES):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


if __name__ == "__main__":
    import pprint

    plain = {name: trained(kind, settings, False) for name, (kind, settings) in OPTIMISERS.items()}
    clipped = {name: trained(kind, settings, True) for name, (kind, settings) in OPTIMISERS.items()}
    print("PLAIN =", pprint.pformat(plain, width=118))
    print("CLIPPED =", pprint.pformat(clipped, width=118))
    found = {name: rates(kind, settings) for name, (kind, settings) in SCHEDULES.items()}
    print("RATES_OF =", pprint.pformat(found, width=118, compact=True))
