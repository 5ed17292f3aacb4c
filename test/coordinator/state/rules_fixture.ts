import type { Rules } from "../../../coordinator/state/state.ts";

/** Short times, and losses without end. */
export const RULES: Rules = {
  epoch: 1,
  lease_ms: 1000,
  reconnect_ms: 300,
  shard_ms: 100,
  leases_per_slot: 2,
  losses_max: 1000,
  company_ms: 0,
  storage_patience_ms: 500,
};
