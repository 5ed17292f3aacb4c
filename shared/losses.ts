/** The losses ℓ(y, f) that a sweep can ask for: exp(−yf), log(1 + exp(−yf)), (f − y)²/2. */
export const LOSSES = ["exponential", "logistic", "squared"] as const;

export type Loss = (typeof LOSSES)[number];
