import type { DatasetStore, IncomingDataset } from "../../coordinator/dataset_store.ts";
import type { ObjectHeader } from "../../shared/dataset_object.ts";
import { type DatasetReference, isReference } from "../../shared/datasets.ts";
import type { Plan } from "../../shared/plan.ts";
import type { DatasetSource } from "../../worker/dataset_cache.ts";
import type { Link } from "../../worker/link.ts";

/** The one stored data set of simulated sweeps; nobody looks at its numbers. */
export const STORED: DatasetReference = {
  ...{ name: "example4", digest: "0".repeat(64), bytes: 1000 },
  ...{ samples: 4, features: 2, test_samples: 0 },
};

/** A plan that refers to the stored data set instead of having it written out. */
export function withStored(plan: Plan): Plan {
  const groups = plan.groups.map((group) =>
    group.shape.dataset.name === STORED.name
      ? { ...group, shape: { ...group.shape, dataset: STORED } }
      : group,
  );
  return { ...plan, groups };
}

export function needsStored({ groups }: Plan): boolean {
  return groups.some(({ shape }) => isReference(shape.dataset));
}

/** The stored data sets as one coordinator process sees them. */
export class SimDatasets implements DatasetStore {
  private readonly there: ReadonlySet<string>;
  private readonly delay: () => Promise<void>;

  constructor(there: ReadonlySet<string>, delay: () => Promise<void>) {
    this.there = there;
    this.delay = delay;
  }

  async find(digest: string): Promise<ObjectHeader | undefined> {
    await this.delay();
    return this.there.has(digest) ? { ...STORED, number_bytes: 8 } : undefined;
  }

  receive(): Promise<IncomingDataset> {
    return Promise.reject(new Error("the world puts data sets on the disk itself"));
  }

  // biome-ignore lint/correctness/useYield: the network only asks whether they are there
  async *read(): AsyncIterable<Uint8Array> {
    throw new Error("the network asks for nothing but whether they are there");
  }

  async keepOnly(): Promise<void> {}
}

/** The data sets of one worker process, which its disk may damage at any time. */
export class SimDatasetSource implements DatasetSource {
  state: "missing" | "sound" | "damaged" = "missing";
  private readonly link: Link;
  private readonly random: () => number;

  constructor(link: Link, random: () => number) {
    this.link = link;
    this.random = random;
  }

  async path({ digest }: DatasetReference): Promise<string> {
    if (this.state === "missing") {
      for await (const _ of this.link.getDataset(digest)) this.state = "sound";
    }
    if (this.random() < 0.1) this.state = "damaged";
    return digest;
  }

  async isSound(): Promise<boolean> {
    if (this.state === "damaged") this.state = "missing";
    return this.state === "sound";
  }
}
