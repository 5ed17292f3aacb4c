/** What trains a cell again: what the row was computed by, or one of the engines. */
export const RETRAIN_ENGINES = ["same", "gram", "dense", "reference"] as const;

export type RetrainEngine = (typeof RETRAIN_ENGINES)[number];
