import { BACKENDS } from "../shared/numeric_class.ts";

/** What `--backend` takes. */
export const BACKEND_CHOICES = ["auto", ...BACKENDS] as const;

export type BackendChoice = (typeof BACKEND_CHOICES)[number];
