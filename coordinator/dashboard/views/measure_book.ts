import type { Measures } from "../messages.ts";
import { readMeasures } from "./read_measures.ts";

import type { SweepReader } from "./sweep_reader.ts";

import type { ViewSource } from "./view_source.ts";

/** An answer is good for so long, and for so many times as long as it took. */
const FRESH_MS = 5_000;
const FRESH_TIMES = 10;

interface Answer {
  readonly measures: Promise<Measures>;
  /** Of the reader that was asked. */
  readonly version: string;
  /** The cells of a merged sweep do not change any more. */
  readonly isFinal: boolean;
  until_ms: number;
}

/** Measures of shape groups, each read once for all who ask, and of one sweep one after another. */
export class MeasureBook {
  private readonly source: ViewSource;
  private readonly answers = new Map<string, Map<string, Answer>>();
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(source: ViewSource) {
    this.source = source;
  }

  read(reader: SweepReader, shape_group: string): Promise<Measures> {
    const { clock } = this.source;
    const answers = this.answers.get(reader.name) ?? new Map<string, Answer>();
    this.answers.set(reader.name, answers);
    const known = answers.get(shape_group);
    const isKnown = known?.version === reader.version && known.isFinal === reader.isMerged;
    if (isKnown && (known.isFinal || clock.nowMs() < known.until_ms)) return known.measures;
    const before = this.queues.get(reader.name) ?? Promise.resolve();
    const measures = before.then(async () => {
      const began_ms = clock.nowMs();
      const found = await readMeasures(this.source, reader, shape_group);
      const took_ms = clock.nowMs() - began_ms;
      answer.until_ms = clock.nowMs() + Math.max(FRESH_MS, FRESH_TIMES * took_ms);
      return found;
    });
    const answer: Answer = {
      measures,
      version: reader.version,
      isFinal: reader.isMerged,
      until_ms: Number.POSITIVE_INFINITY,
    };
    answers.set(shape_group, answer);
    const settled = measures.catch(() => {
      if (answers.get(shape_group) === answer) answers.delete(shape_group);
    });
    this.queues.set(reader.name, settled);
    return measures;
  }

  forget(sweep: string): void {
    this.answers.delete(sweep);
  }

  /** Resolves when nothing is being read. */
  async close(): Promise<void> {
    await Promise.all(this.queues.values());
    this.queues.clear();
    this.answers.clear();
  }
}
