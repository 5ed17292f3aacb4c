/** Which folder may know which. coordinator and worker meet only in shared/ and proto/. */
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "shared-knows-nobody",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(coordinator|worker|cli|test)/" },
    },
    {
      name: "coordinator-and-worker-are-strangers",
      severity: "error",
      from: { path: "^coordinator/" },
      to: { path: "^(worker|cli|test)/" },
    },
    {
      name: "worker-and-coordinator-are-strangers",
      severity: "error",
      from: { path: "^worker/" },
      to: { path: "^(coordinator|cli|test)/" },
    },
    {
      // It runs in a browser.
      name: "the-page-knows-messages-only",
      severity: "error",
      from: { path: "^coordinator/dashboard/page/", pathNot: "vite.config.ts$" },
      to: { pathNot: "^(coordinator/dashboard/(page/|messages.ts$)|node_modules/)" },
    },
    {
      name: "nobody-knows-the-page",
      severity: "error",
      from: { pathNot: "^coordinator/dashboard/page/" },
      to: { path: "^coordinator/dashboard/page/" },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^(@tensorflow/tfjs-node-gpu|parquetjs-lite|vite)$" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    // AssemblyScript: not TypeScript, and its imports stay within the folder.
    exclude: { path: "^worker/kernels/" },
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".js", ".d.ts"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
