/** A population median and its standard error. */
interface Reference {
  readonly median: number;
  readonly standard_error: number;
}

/**
 * Medians of η0 and η1 over a population of 4,096 seeds drawn independently of our generator, at T =
 * 100. Where η0 is null, narrow windows below the main edge make it depend on the grid.
 */
export const REFERENCE_MEDIANS: readonly {
  readonly dataset: string;
  readonly loss: string;
  readonly width: number;
  readonly weight_variance: number;
  readonly eta0: Reference | null;
  readonly eta1: Reference;
}[] = [
  setting("example3", "exponential", 1000, 0.5, [1.9463, 0.0019], [1.9585, 0.002]),
  setting("example3", "exponential", 100, 0.5, [1.942, 0.005], [2.142, 0.007]),
  setting("example3", "logistic", 100, 1, [4.294, 0.011], [30.0, 0.07]),
  setting("example3", "logistic", 200, 0.5, [8.181, 0.014], [43.32, 0.12]),
  setting("example3", "squared", 1000, 0.5, [2.0017, 0.0014], [4.0033, 0.003]),
  setting("example4", "exponential", 100, 0.5, [1.763, 0.009], [1.801, 0.009]),
  setting("example4", "logistic", 100, 1, null, [29.69, 0.05]),
  setting("example4", "logistic", 200, 0.5, null, [42.17, 0.07]),
];

/** Differences beyond so many standard errors do not agree. */
const SIGMAS = 4;

/** Whether |a − b| is within four joint standard errors. */
export function agreesWithReference(
  { median, standard_error }: Reference,
  reference: Reference,
): boolean {
  const joint = Math.sqrt(standard_error ** 2 + reference.standard_error ** 2);
  return Math.abs(median - reference.median) <= SIGMAS * joint;
}

function setting(
  dataset: string,
  loss: string,
  width: number,
  weight_variance: number,
  eta0: readonly [number, number] | null,
  eta1: readonly [number, number],
) {
  const reference = ([median, standard_error]: readonly [number, number]) => ({
    median,
    standard_error,
  });
  return {
    ...{ dataset, loss, width, weight_variance },
    eta0: eta0 === null ? null : reference(eta0),
    eta1: reference(eta1),
  };
}
