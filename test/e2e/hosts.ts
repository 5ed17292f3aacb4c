import { spawnSync } from "node:child_process";
import { MAIN, Spawned } from "./cli.ts";

/**
 * Hosts on one machine: each is a network namespace with one address, all on a bridge in a namespace
 * of its own, so that nothing of this machine's network is touched. The bridge cuts any direction.
 */
export class Hosts {
  private readonly names: readonly string[];
  private readonly prefix = `phasesweep-${process.pid}`;

  /** Why there can be no hosts here, or undefined. */
  static problem(): string | undefined {
    if (process.getuid?.() !== 0) return "network namespaces need root";
    for (const [tool, debianPackage] of [
      ["ip", "iproute2"],
      ["nft", "nftables"],
    ] as const) {
      if (spawnSync(tool, ["-V"]).error !== undefined) {
        return `${tool} is not installed: apt-get install ${debianPackage}`;
      }
    }
    const hosts = new Hosts([]);
    try {
      hosts.open();
      return undefined;
    } catch (error) {
      return `this machine makes no network namespaces: ${error}`;
    } finally {
      hosts.close();
    }
  }

  constructor(names: readonly string[]) {
    this.names = names;
  }

  open(): void {
    const bridge = this.namespace("bridge");
    run("ip", "netns", "add", bridge);
    run("ip", "-n", bridge, "link", "add", "bridge0", "type", "bridge");
    run("ip", "-n", bridge, "link", "set", "bridge0", "up");
    for (const [i, name] of this.names.entries()) {
      const host = this.namespace(name);
      run("ip", "netns", "add", host);
      const veth = ["type", "veth", "peer", "name", "eth0", "netns", host];
      run("ip", "-n", bridge, "link", "add", `port${i}`, ...veth);
      run("ip", "-n", bridge, "link", "set", `port${i}`, "master", "bridge0", "up");
      run("ip", "-n", host, "address", "add", `${this.address(name)}/24`, "dev", "eth0");
      for (const link of ["eth0", "lo"]) run("ip", "-n", host, "link", "set", link, "up");
    }
    this.nft("add table bridge cuts");
    this.nft("add set bridge cuts pairs { type ipv4_addr . ipv4_addr; }");
    this.nft("add chain bridge cuts forward { type filter hook forward priority 0; }");
    this.nft("add rule bridge cuts forward ip saddr . ip daddr @pairs drop");
  }

  address(name: string): string {
    return `10.213.0.${1 + this.names.indexOf(name)}`;
  }

  /** Starts phasesweep on a host. */
  start(name: string, ...args: string[]): Spawned {
    const command = ["netns", "exec", this.namespace(name), process.execPath, MAIN, ...args];
    return new Spawned("ip", command);
  }

  /** From now on nothing that `from` sends reaches `to`; the other direction is as it was. */
  cut(from: string, to: string): void {
    this.nft(`add element bridge cuts pairs { ${this.address(from)} . ${this.address(to)} }`);
  }

  /** Ends every cut. */
  heal(): void {
    this.nft("flush set bridge cuts pairs");
  }

  close(): void {
    for (const name of [...this.names, "bridge"]) {
      spawnSync("ip", ["netns", "delete", this.namespace(name)]);
    }
  }

  private namespace(name: string): string {
    return `${this.prefix}-${name}`;
  }

  private nft(command: string): void {
    run("ip", "netns", "exec", this.namespace("bridge"), "nft", command);
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error ?? stderr}`);
}
