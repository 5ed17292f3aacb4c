"""The workload in NumPy: explicit weights, gradients by hand, all runs of a batch at once."""

import numpy as np

import peer


def products_by_einsum(W1, w2):
    return np.einsum("bkm,bm->bk", W1, w2)


def products_by_matmul(W1, w2):
    return np.matmul(W1, w2[:, :, None])[:, :, 0]


def variant(product):
    def prepare(problem, dtype, W1_start, w2_start, rates):
        X = problem.X.astype(dtype)
        y = problem.y.astype(dtype)
        scale = np.asarray(problem.width**-0.5, dtype=dtype)
        of_current, of_initial = (np.asarray(part, dtype=dtype) for part in peer.RISE[dtype])
        step_scale = (rates * scale)[:, None]
        W1, w2 = np.empty_like(W1_start), np.empty_like(w2_start)
        W1_change, w2_change = np.empty_like(W1), np.empty_like(w2)

        def train(record):
            W1[:], w2[:] = W1_start, w2_start
            losses = [] if record else None
            catapult = np.zeros(len(rates), dtype=bool)
            for t in range(problem.steps + 1):
                beta = scale * product(W1, w2)
                u = (beta @ X.T) * y
                e = np.exp(-np.abs(u))
                loss = np.mean(np.log1p(e) + np.maximum(-u, 0), axis=1)
                if record:
                    losses.append(loss)
                if t == 0:
                    first = largest = loss
                else:
                    catapult |= loss - previous > of_current * previous + of_initial * first
                    largest = np.maximum(largest, loss)
                previous = loss
                if t == problem.steps:
                    break
                slopes = -y * np.where(u < 0, 1, e) / (1 + e) / len(y)
                g = step_scale * (slopes @ X)
                np.multiply(g[:, 0, None], W1[:, 0], out=w2_change)
                for k in range(1, X.shape[1]):
                    np.add(w2_change, g[:, k, None] * W1[:, k], out=w2_change)
                np.multiply(g[:, :, None], w2[:, None, :], out=W1_change)
                np.subtract(W1, W1_change, out=W1)
                np.subtract(w2, w2_change, out=w2)
            phase = np.where(np.isfinite(loss), catapult, 2)
            return phase, largest, np.stack(losses, axis=1) if record else None

        return train

    return prepare


if __name__ == "__main__":
    VARIANTS = {"einsum": variant(products_by_einsum), "matmul": variant(products_by_matmul)}
    with np.errstate(all="ignore"):
        peer.main(VARIANTS, f"numpy {np.__version__}")
