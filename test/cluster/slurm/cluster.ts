import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/** Nodes of the cluster; the last one has two GPUs that are none. */
const NODES = ["node1", "node2", "node3", "node4"] as const;
export type NodeName = (typeof NODES)[number];

const CORES = 2;

/**
 * A Slurm cluster on this machine: munge, a controller, and a slurmd for each node, all as root, with
 * ports, keys and folders of its own. Jobs of partition `low` make room for those of `high`.
 */
export class SlurmCluster {
  private readonly folder = mkdtempSync(join(tmpdir(), "phasesweep-slurm-"));
  private readonly config = join(this.folder, "slurm.conf");

  /** Why there can be no cluster here, or undefined. */
  static problem(): string | undefined {
    if (process.getuid?.() !== 0) return "a Slurm cluster of one's own needs root";
    for (const program of ["munged", "slurmctld", "slurmd", "sbatch"]) {
      // Some of them know no --version; all can be looked for.
      if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) {
        return `${program} is not installed: apt-get install slurm-wlm`;
      }
    }
    // Workers look for the coordinator under the name of its machine.
    if (spawnSync("getent", ["hosts", hostname()]).status !== 0) {
      return `this machine does not know its own name, ${hostname()}`;
    }
    const folder = mkdtempSync(join(tmpdir(), "phasesweep-slurm-"));
    const device = spawnSync("mknod", [join(folder, "gpu"), "c", "1", "3"]);
    rmSync(folder, { recursive: true });
    return device.status === 0 ? undefined : "this machine makes no device files";
  }

  /** What commands of Slurm need to find this cluster. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, SLURM_CONF: this.config };
  }

  async open({ arraySizeMax = 1_001 }: { readonly arraySizeMax?: number } = {}): Promise<void> {
    const ports = await freePorts(1 + NODES.length);
    for (const name of ["state", "log", "run", "munge", "dev"]) {
      mkdirSync(join(this.folder, name), { mode: 0o755 });
    }
    for (const node of NODES) mkdirSync(join(this.folder, "spool", node), { recursive: true });
    // A device has to be there; who reads this one gets nothing.
    for (const gpu of [0, 1]) this.must("mknod", `${this.folder}/dev/nvidia${gpu}`, "c", "1", "3");
    const key = join(this.folder, "munge", "munge.key");
    writeFileSync(key, randomBytes(128), { mode: 0o400 });
    writeFileSync(this.config, this.slurmConf(ports, arraySizeMax));
    writeFileSync(
      join(this.folder, "gres.conf"),
      `NodeName=node4 Name=gpu File=${this.folder}/dev/nvidia[0-1]\n`,
    );
    this.must("chmod", "755", this.folder);
    const munge = join(this.folder, "munge");
    this.must(
      ...["munged", "--force", `--key-file=${key}`, `--socket=${munge}/munge.sock`],
      ...[`--pid-file=${this.folder}/run/munged.pid`, `--log-file=${munge}/munged.log`],
      `--seed-file=${munge}/munge.seed`,
    );
    this.must("slurmctld", "-f", this.config);
    for (const node of NODES) this.startNode(node);
    const idle = () => this.must("sinfo", "-h", "-N", "-p", "low", "-t", "idle", "-o", "%N");
    await this.until("four idle nodes", () => idle().split("\n").length > NODES.length);
  }

  /** Runs a command of Slurm, and returns what it prints. */
  must(...command: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command[0]!, command.slice(1), {
      env: this.environment,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${command.join(" ")}: ${error ?? stderr}`);
    return stdout;
  }

  startNode(node: NodeName): void {
    this.must("slurmd", "-f", this.config, "-N", node);
  }

  /**
   * Kills a node's slurmd as the end of its machine would, with everything that ran there; or the
   * daemon alone, so that Slurm gives up the node while its processes go on.
   */
  killNode(node: NodeName, { spareJobs = false }: { readonly spareJobs?: boolean } = {}): void {
    process.kill(this.pidOf(`slurmd.${node}.pid`), "SIGKILL");
    if (spareJobs) return;
    const jobs = processes().filter(
      ({ environ }) =>
        environ.has(`SLURM_CONF=${this.config}`) && environ.has(`SLURMD_NODENAME=${node}`),
    );
    const steps = jobs.map(({ parent }) => parent).filter((pid) => nameOf(pid) === "slurmstepd");
    for (const pid of new Set([...steps, ...jobs.map(({ pid }) => pid)])) kill(pid);
  }

  /** Ends all jobs and daemons, and whatever jobs left behind. */
  async close(): Promise<void> {
    const pids = ["slurmctld.pid", "munged.pid", ...NODES.map((node) => `slurmd.${node}.pid`)]
      .map((name) => {
        try {
          return this.pidOf(name);
        } catch {
          return undefined;
        }
      })
      .filter((pid) => pid !== undefined);
    for (const pid of pids) kill(pid);
    // Steps and jobs have the configuration in their environment, wherever they hang.
    for (let tries = 0; tries < 50; tries++) {
      const left = processes().filter(({ environ }) => environ.has(`SLURM_CONF=${this.config}`));
      const steps = left.map(({ parent }) => parent).filter((pid) => nameOf(pid) === "slurmstepd");
      const others = [...left.map(({ pid }) => pid), ...steps].filter((pid) => pid !== process.pid);
      if (others.length === 0) break;
      for (const pid of others) kill(pid);
      await pause(100);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Resolves when something has come about; throws with the controller's log when it does not. */
  async until(what: string, isSo: () => boolean, limit_ms = 60_000): Promise<void> {
    for (let waited_ms = 0; !isSo(); waited_ms += 100) {
      if (waited_ms > limit_ms) {
        const log = readFileSync(join(this.folder, "log", "slurmctld.log"), "utf8");
        throw new Error(`waited for ${what}; slurmctld says:\n${log.slice(-3_000)}`);
      }
      await pause(100);
    }
  }

  private pidOf(name: string): number {
    return Number(readFileSync(join(this.folder, "run", name), "utf8"));
  }

  private slurmConf([controller, ...nodes]: readonly number[], arraySizeMax: number): string {
    const d = this.folder;
    const node = (i: number, more: string) =>
      `NodeName=${NODES[i]} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${nodes[i]} CPUs=${CORES} RealMemory=1000 ${more} State=UNKNOWN`;
    const partition = (name: string, more: string) =>
      `PartitionName=${name} Nodes=node[1-4] MaxTime=1:00:00 DefaultTime=30 State=UP OverSubscribe=NO ${more}`;
    return `${[
      "ClusterName=phasesweep",
      "SlurmctldHost=localhost",
      "SlurmUser=root",
      "SlurmdUser=root",
      "AuthType=auth/munge",
      `AuthInfo=socket=${d}/munge/munge.sock,cred_expire=5`,
      "CredType=cred/munge",
      `SlurmctldPort=${controller}`,
      `StateSaveLocation=${d}/state`,
      `SlurmdSpoolDir=${d}/spool/%n`,
      `SlurmctldPidFile=${d}/run/slurmctld.pid`,
      `SlurmdPidFile=${d}/run/slurmd.%n.pid`,
      `SlurmctldLogFile=${d}/log/slurmctld.log`,
      `SlurmdLogFile=${d}/log/slurmd.%n.log`,
      "ProctrackType=proctrack/linuxproc",
      "TaskPlugin=task/none",
      "JobAcctGatherType=jobacct_gather/none",
      "AccountingStorageType=accounting_storage/none",
      "MpiDefault=none",
      "SwitchType=switch/none",
      "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny",
      "SelectType=select/cons_tres",
      "SelectTypeParameters=CR_Core",
      "SchedulerType=sched/backfill",
      "SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1",
      "PreemptType=preempt/partition_prio",
      "PreemptMode=REQUEUE",
      "ReturnToService=2",
      "SlurmdTimeout=6",
      "SlurmctldTimeout=10",
      "InactiveLimit=0",
      "KillWait=3",
      "JobRequeue=1",
      `MaxArraySize=${arraySizeMax}`,
      "GresTypes=gpu",
      "SlurmdParameters=config_overrides",
      ...[node(0, "Weight=4"), node(1, "Weight=1"), node(2, "Weight=2")],
      node(3, "Gres=gpu:2 Weight=100"),
      partition("low", "Default=YES PriorityTier=1 PreemptMode=REQUEUE"),
      partition("high", "PriorityTier=10 PreemptMode=OFF"),
    ].join("\n")}\n`;
  }
}

interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly environ: ReadonlySet<string>;
}

function processes(): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, "utf8");
        const environ = readFileSync(`/proc/${name}/environ`, "utf8");
        // A zombie is gone; its parent has only not looked yet.
        if (/^State:\s+[ZX]/m.test(status)) return [];
        const parent = Number(/^PPid:\s+(\d+)/m.exec(status)![1]);
        return [{ pid: Number(name), parent, environ: new Set(environ.split("\0")) }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function pause(duration_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}
