import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../shared/package_info.ts";
import type { Contender, Timing } from "./contender.ts";

const SOURCES = join(packageRoot, "test", "bench", "python");

/** What a peer says of its best batch; see test/bench/python/peer.py. */
interface PeerSetting {
  readonly dtype: string;
  readonly variant: string;
  readonly batch: number;
  readonly largest_error: number;
  readonly same_phase: number;
  readonly version: string;
}

/** One thread for everybody; and OpenBLAS finds the processor out by itself. */
function peerEnvironment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, ...environment } = process.env;
  const flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1";
  const threads = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  const quiet = { PYTHONDONTWRITEBYTECODE: "1" };
  return { ...environment, ...threads, ...quiet, XLA_FLAGS: flags, JAX_PLATFORMS: "cpu" };
}

/** Starts a peer and has it look for its best batch. Returns one contender a number format. */
export async function pythonContenders(
  packageName: string,
  problemFile: string,
): Promise<Contender[] | { missing: string }> {
  const python = process.env["PHASESWEEP_BENCH_PYTHON"] ?? "python3";
  const env = peerEnvironment();
  const probe = spawnSync(python, ["-c", `import ${packageName}`], { env });
  if (probe.error !== undefined) return { missing: `no Python (${python})` };
  if (probe.status !== 0) return { missing: `${python} has no package ${packageName}` };

  const script = join(SOURCES, `${packageName}_peer.py`);
  const child: ChildProcessWithoutNullStreams = spawn(python, [script, problemFile], { env });
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${packageName}_peer.py stopped: ${complaint.trim()}`);
    return JSON.parse(value);
  };

  let settings: PeerSetting[];
  try {
    settings = (await nextLine()) as PeerSetting[];
  } catch (error) {
    return { missing: (error as Error).message };
  }
  return settings.map(({ dtype, variant, batch, largest_error, same_phase, version }) => ({
    name: `${packageName} ${dtype}`,
    setting: `${version}, ${variant}, ${batch} runs a batch`,
    largestError: largest_error,
    samePhase: same_phase,
    time(seconds) {
      child.stdin.write(`${JSON.stringify({ dtype, seconds })}\n`);
      return nextLine() as Promise<Timing>;
    },
    close() {
      child.stdin.end();
    },
  }));
}
