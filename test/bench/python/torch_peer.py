"""The workload in PyTorch: explicit weights, gradients by hand, products by bmm or einsum."""

import torch

import peer


def products_by_bmm(W1, w2):
    return torch.bmm(W1, w2[:, :, None])[:, :, 0]


def products_by_sum(W1, w2):
    return (W1 * w2[:, None, :]).sum(2)


def variant(product):
    def prepare(problem, dtype, W1_start, w2_start, rates):
        X, y = (torch.from_numpy(part.astype(dtype)) for part in (problem.X, problem.y))
        W1_start, w2_start, rates = map(torch.from_numpy, (W1_start, w2_start, rates))
        scale = problem.width**-0.5
        of_current, of_initial = peer.RISE[dtype]
        step_scale = (rates * scale)[:, None]

        @torch.inference_mode()
        def train(record):
            W1, w2 = W1_start.clone(), w2_start.clone()
            losses = [] if record else None
            catapult = torch.zeros(len(rates), dtype=torch.bool)
            for t in range(problem.steps + 1):
                beta = scale * product(W1, w2)
                u = (beta @ X.T) * y
                loss = -torch.nn.functional.logsigmoid(u).mean(1)
                if record:
                    losses.append(loss)
                if t == 0:
                    first = largest = loss
                else:
                    catapult |= loss - previous > of_current * previous + of_initial * first
                    largest = torch.maximum(largest, loss)
                previous = loss
                if t == problem.steps:
                    break
                slopes = -y * torch.sigmoid(-u) / len(y)
                g = step_scale * (slopes @ X)
                w2_change = torch.bmm(g[:, None, :], W1)[:, 0]
                W1.addcmul_(g[:, :, None], w2[:, None, :], value=-1)
                w2 -= w2_change
            phase = torch.where(torch.isfinite(loss), catapult.int(), 2)
            return phase, largest, torch.stack(losses, dim=1).numpy() if record else None

        return train

    return prepare


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    VARIANTS = {"bmm": variant(products_by_bmm), "sum": variant(products_by_sum)}
    peer.main(VARIANTS, f"torch {torch.__version__}")
