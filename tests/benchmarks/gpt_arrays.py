"""The GPT step on arrays: forward and backward written by hand in NumPy, and as torch and JAX write it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

EPSILON = 1e-5  # beside the mean of squares


class Numpy:
    """The GPT and Adam by hand; all parameters stand in one array, and matrices are parts of it.

    shapes: {name: (rows, columns)}, in the order of the parameters.
    """

    def __init__(self, start: Sequence[float], shapes: dict[str, tuple[int, int]], heads: int):
        import numpy as np

        self.np, self.heads = np, heads
        self.parameters, self.gradients = np.array(start), np.zeros(len(start))
        self.W, self.dW = (self._matrices(shapes, numbers) for numbers in (self.parameters, self.gradients))
        self.m, self.v, self.steps = np.zeros(len(start)), np.zeros(len(start)), 0
        self.hidden = np.triu(np.full((16, 16), -np.inf), 1)  # letters to come

    def _matrices(self, shapes: dict[str, tuple[int, int]], numbers: Any) -> dict[str, Any]:
        found, at = {}, 0
        for name, (rows, columns) in shapes.items():
            found[name], at = numbers[at : at + rows * columns].reshape(rows, columns), at + rows * columns
        return found

    def normed(self, x: Any) -> tuple[Any, Any]:
        scale = ((x * x).mean(1, keepdims=True) + EPSILON) ** -0.5
        return x * scale, scale

    def through_norm(self, dy: Any, x: Any, scale: Any) -> Any:
        """The gradient of x, of that of x * scale."""
        return scale * dy - x * (scale**3 * (dy * x).mean(1, keepdims=True))

    def parted(self, x: Any) -> Any:
        """T x 16 as heads x T x 4."""
        return x.reshape(len(x), self.heads, -1).transpose(1, 0, 2)

    def joined(self, x: Any) -> Any:
        return x.transpose(1, 0, 2).reshape(x.shape[1], -1)

    def softmax(self, scores: Any) -> Any:
        powers = self.np.exp(scores - scores.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)

    def loss(self, letters: Any, labels: Any) -> float:
        """The loss of one text; its gradients are in `gradients` then."""
        np, W, dW, n = self.np, self.W, self.dW, len(letters)
        e = W["letter"][letters] + W["place"][:n]
        x, e_scale = self.normed(e)
        a, a_scale = self.normed(x)
        q, k, v = (self.parted(a @ W[name].T) for name in ("query", "key", "value"))
        half = 1 / math.sqrt(q.shape[2])
        weights = self.softmax(q @ k.transpose(0, 2, 1) * half + self.hidden[:n, :n])
        taken = self.joined(weights @ v)
        y = x + taken @ W["out"].T
        b, b_scale = self.normed(y)
        h = np.maximum(b @ W["up"].T, 0.0)
        z = y + h @ W["down"].T
        p = self.softmax(z @ W["score"].T)
        loss = -np.log(p[np.arange(n), labels]).mean()

        ds = p
        ds[np.arange(n), labels] -= 1.0
        ds /= n
        dW["score"][:] = ds.T @ z
        dz = ds @ W["score"]
        dW["down"][:] = dz.T @ h
        dh = (dz @ W["down"]) * (h > 0.0)
        dW["up"][:] = dh.T @ b
        dy = dz + self.through_norm(dh @ W["up"], y, b_scale)
        dW["out"][:] = dy.T @ taken
        dtaken = self.parted(dy @ W["out"])
        dweights = dtaken @ v.transpose(0, 2, 1)
        dscores = weights * (dweights - (dweights * weights).sum(-1, keepdims=True)) * half
        dq, dk, dv = (
            self.joined(g) for g in (dscores @ k, dscores.transpose(0, 2, 1) @ q, weights.transpose(0, 2, 1) @ dtaken)
        )
        da = dq @ W["query"] + dk @ W["key"] + dv @ W["value"]
        for name, g in (("query", dq), ("key", dk), ("value", dv)):
            dW[name][:] = g.T @ a
        de = self.through_norm(dy + self.through_norm(da, x, a_scale), e, e_scale)
        dW["letter"][:] = 0.0
        np.add.at(dW["letter"], letters, de)
        dW["place"][:] = 0.0
        dW["place"][:n] = de
        return float(loss)

    def step(self, letters: Any, labels: Any, rate: float, beta1: float, beta2: float) -> float:
        loss, g = self.loss(letters, labels), self.gradients
        self.steps += 1
        self.m += (1 - beta1) * (g - self.m)
        self.v += (1 - beta2) * (g * g - self.v)
        root = self.np.sqrt(self.v / (1 - beta2**self.steps)) + 1e-8
        self.parameters -= rate / (1 - beta1**self.steps) * self.m / root
        return loss


def torch_matrices(start: Sequence[float], shapes: dict[str, tuple[int, int]]) -> dict[str, Any]:
    import torch

    found, at = {}, 0
    for name, (rows, columns) in shapes.items():
        part = torch.tensor(start[at : at + rows * columns], dtype=torch.float64).reshape(rows, columns)
        found[name], at = part.requires_grad_(), at + rows * columns
    return found


def torch_loss(W: dict[str, Any], letters: Any, labels: Any, heads: int) -> Any:
    from torch.nn import functional as F

    def normed(x: Any) -> Any:
        return F.rms_norm(x, x.shape[-1:], eps=EPSILON)

    def parted(x: Any) -> Any:
        return x.view(len(x), heads, -1).transpose(0, 1)

    x = normed(W["letter"][letters] + W["place"][: len(letters)])
    a = normed(x)
    q, k, v = (parted(F.linear(a, W[name])) for name in ("query", "key", "value"))
    taken = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).reshape(len(letters), -1)
    y = x + F.linear(taken, W["out"])
    z = y + F.linear(F.relu(F.linear(normed(y), W["up"])), W["down"])
    return F.cross_entropy(F.linear(z, W["score"]), labels)


def jax_loss(W: dict[str, Any], letters: Any, labels: Any, n: Any, heads: int) -> Any:
    """Of a text that is filled up to the largest length, of which n letters count: JAX compiles for one shape."""
    import jax
    import jax.numpy as jnp

    def normed(x: Any) -> Any:
        return x * ((x * x).mean(1, keepdims=True) + EPSILON) ** -0.5

    def parted(x: Any) -> Any:
        return x.reshape(len(x), heads, -1).transpose(1, 0, 2)

    size = len(letters)
    x = normed(W["letter"][letters] + W["place"])
    a = normed(x)
    q, k, v = (parted(a @ W[name].T) for name in ("query", "key", "value"))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])
    weights = jax.nn.softmax(jnp.where(jnp.tril(jnp.ones((size, size), bool)), scores, -jnp.inf))
    y = x + (weights @ v).transpose(1, 0, 2).reshape(size, -1) @ W["out"].T
    z = y + jax.nn.relu(normed(y) @ W["up"].T) @ W["down"].T
    surprise = -jax.nn.log_softmax(z @ W["score"].T)[jnp.arange(size), labels]
    return jnp.where(jnp.arange(size) < n, surprise, 0.0).sum() / n


def jax_epochs(
    start: Sequence[float], shapes: dict[str, tuple[int, int]], heads: int, rate: float, beta1: float, beta2: float
) -> tuple[Any, Callable[..., Any]]:
    """A state, and a function that takes it through the texts in a given order, in one call; it gives all losses."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    parts, at = {}, 0
    for name, (rows, columns) in shapes.items():
        parts[name] = jnp.array(start[at : at + rows * columns]).reshape(rows, columns)
        at += rows * columns
    zeros = {name: jnp.zeros_like(part) for name, part in parts.items()}
    slope = jax.value_and_grad(lambda W, *text: jax_loss(W, *text, heads))

    def step(state: Any, text: Any) -> Any:
        W, m, v, steps = state
        loss, g = slope(W, *text)
        steps = steps + 1
        m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, g)
        v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, g)
        first, second = 1 - beta1**steps, 1 - beta2**steps
        W = jax.tree.map(lambda p, m, v: p - rate * (m / first) / (jnp.sqrt(v / second) + 1e-8), W, m, v)
        return (W, m, v, steps), loss

    run = jax.jit(lambda state, texts: jax.lax.scan(step, state, texts))
    return (parts, zeros, zeros, jnp.float64(0)), run
