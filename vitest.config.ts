import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Most of the long tests wait for processes, so two take hardly longer than one on two cores.
    maxWorkers: 2,
    // A GPU in software, or a fleet of processes, takes long on a machine that has other work.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // What is waited for may take long on a machine that is busy; one second is the default.
    expect: { poll: { timeout: 30_000 } },
  },
});
