/** What the page offers to begin with: small enough to be done at once, and explained. */
export const EXAMPLE = `# A sweep: every combination of learning rate and seed is one cell.
name: first-sweep
description: where gradient descent stops being lazy, and where it diverges
# Two samples in a plane: Example 4 of the paper. Others: example3, or data of your own.
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 200, weight_variance: 0.5 }
# On a logarithmic axis; points are snapped to a lattice, so that a finer grid reuses these cells.
learning_rate: { from: 2, to: 128, points: 97, scale: log }
seeds: 32
training: { steps: 100 }
# Largest eigenvalues of the neural tangent kernel and of the Hessian of the loss.
measure: [ntk, hessian]
`;
