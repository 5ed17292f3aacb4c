"""The workload in JAX: one run as a function, vmap over runs, jit, lax.scan over steps."""

import jax
import jax.numpy as jnp

import peer

jax.config.update("jax_enable_x64", True)


def softplus_loss(W1, w2, X, y):
    """Mean logistic loss of f = m^(-1/2) w2.(W1 x). W1: d x m; w2: m"""
    f = X @ (W1 @ w2) * w2.shape[0] ** -0.5
    u = y * f
    return jnp.mean(jnp.log1p(jnp.exp(-jnp.abs(u))) + jnp.maximum(-u, 0))


def gradients_by_autodiff(W1, w2, X, y):
    return jax.value_and_grad(softplus_loss, argnums=(0, 1))(W1, w2, X, y)


def gradients_by_hand(W1, w2, X, y):
    scale = w2.shape[0] ** -0.5
    u = y * (X @ (W1 @ w2) * scale)
    e = jnp.exp(-jnp.abs(u))
    loss = jnp.mean(jnp.log1p(e) + jnp.maximum(-u, 0))
    g = (-y * jnp.where(u < 0, 1, e) / (1 + e) / y.shape[0]) @ X * scale
    return loss, (g[:, None] * w2, g @ W1)


def variant(gradients):
    def prepare(problem, dtype, W1_start, w2_start, rates):
        X, y = (jnp.asarray(part, dtype=dtype) for part in (problem.X, problem.y))
        of_current, of_initial = peer.RISE[dtype]

        def train_one(W1, w2, rate, record):
            first, _ = gradients(W1, w2, X, y)

            def step(carry, _):
                W1, w2, previous, largest, catapult = carry
                loss, (W1_slope, w2_slope) = gradients(W1, w2, X, y)
                catapult |= loss - previous > of_current * previous + of_initial * first
                largest = jnp.maximum(largest, loss)
                carry = (W1 - rate * W1_slope, w2 - rate * w2_slope, loss, largest, catapult)
                return carry, loss if record else None

            start = (W1, w2, first, first, False)
            (_, _, loss, largest, catapult), losses = jax.lax.scan(
                step, start, None, length=problem.steps + 1
            )
            return jnp.where(jnp.isfinite(loss), catapult.astype(jnp.int32), 2), largest, losses

        arguments = tuple(map(jnp.asarray, (W1_start, w2_start, rates)))
        compiled = {
            record: jax.jit(jax.vmap(lambda W1, w2, rate, r=record: train_one(W1, w2, rate, r)))
            for record in (False, True)
        }
        return lambda record: jax.block_until_ready(compiled[record](*arguments))

    return prepare


if __name__ == "__main__":
    VARIANTS = {
        "value_and_grad": variant(gradients_by_autodiff),
        "by hand": variant(gradients_by_hand),
    }
    peer.main(VARIANTS, f"jax {jax.__version__}")
