import { parseArgs } from "node:util";
import { World } from "./world.ts";

/** Simulates fleets under many seeds: npm run sim -- --seeds N --first SEED. Exits with 1 at a failure. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    first: { type: "string", default: "0" },
  },
});
const first = Number(values.first);
const seeds = Number(values.seeds);
if (!(Number.isSafeInteger(first) && Number.isSafeInteger(seeds) && first >= 0 && seeds > 0)) {
  process.stderr.write("usage: npm run sim -- [--seeds N] [--first SEED]\n");
  process.exit(2);
}

const totals = {
  seeds: 0,
  cells: 0,
  workers: 0,
  coordinators: 0,
  replaced: 0,
  duplicates: 0,
  hours: 0,
};
for (let seed = first; seed < first + seeds; seed++) {
  try {
    const report = await new World(seed).run();
    totals.seeds++;
    totals.cells += report.cells;
    totals.workers += report.workers_started;
    totals.coordinators += report.coordinators_started;
    totals.replaced += report.coordinators_replaced;
    totals.duplicates += report.duplicates;
    totals.hours += report.simulated_ms / 3_600_000;
  } catch (error) {
    process.stderr.write(
      `seed ${seed} failed: ${error instanceof Error ? error.message : error}\n` +
        `  replay: npm run sim -- --first ${seed} --seeds 1\n`,
    );
    process.exit(1);
  }
  if (totals.seeds % 5000 === 0) process.stderr.write(`${totals.seeds} seeds\n`);
}
process.stdout.write(`${JSON.stringify(totals)}\n`);
