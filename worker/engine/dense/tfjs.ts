/** What the dense engine is handed: tfjs with an opened backend, whichever package it comes from. */
export type Tfjs = typeof import("@tensorflow/tfjs-core");

export type { Tensor } from "@tensorflow/tfjs-core";
