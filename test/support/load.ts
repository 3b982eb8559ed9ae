// Jobs and iterations, enqueued at a steady pace until it is told to stop, also while the store is
// in trouble. It keeps book of what was acknowledged, and of what was asked for without an answer:
// that may be in the store or not, but all of it or nothing.

import { type EnqueueOptions, jobRef, openQueue, type Queue } from "queue-runtime";
import type { JobRow } from "./project.ts";
import { monotonic } from "./runtime-process.ts";
import { randomBy } from "./seeded.ts";
import { waitFor } from "./wait-for.ts";

export interface LoadOptions {
  readonly seed?: number;
  /** 100 by default, in ten batches; with every fifth of them comes an iteration. */
  readonly jobsPerSecond?: number;
}

interface Batch {
  readonly name: string;
  readonly size: number;
  readonly input: () => object;
  readonly options?: EnqueueOptions;
}

const batchesPerSecond = 10;

export class Load {
  readonly acknowledged: number[] = [];
  /** Batches by number: how many jobs each had. */
  readonly #unanswered = new Map<number, number>();
  readonly #queue: Queue;
  readonly #jobsPerBatch: number;
  readonly #random: () => number;
  readonly #ended: Promise<void>;
  #batches = 0;
  #stopped = false;

  private constructor(queue: Queue, { seed = 1, jobsPerSecond = 100 }: LoadOptions) {
    this.#queue = queue;
    this.#jobsPerBatch = Math.round(jobsPerSecond / batchesPerSecond);
    this.#random = randomBy(seed);
    this.#ended = this.#run();
  }

  /** Through a connection of its own to the store. */
  static async on(url: string, options: LoadOptions = {}): Promise<Load> {
    return new Load(await openQueue(url, { migrate: false }), options);
  }

  /** One job before all others, as soon as the store takes it; answers its id. */
  async urgent(): Promise<number> {
    const options = { priority: -10 };
    const one = () => this.#batch({ name: "blink", size: 1, input: () => ({ ms: 0 }), options });
    const [id] = await waitFor(one, { what: "the store to take a job" });
    return id!;
  }

  /** Resolves when the last batch was answered, or will not be. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
    await this.#queue.close();
  }

  /** Ids that may be in the store: the acknowledged, and what turned out to be there besides. */
  known(jobs: readonly JobRow[]): number[] {
    const besides = jobs.filter((job) => this.#unanswered.has(batchOf(job)));
    return [...this.acknowledged, ...besides.map(({ id }) => id)];
  }

  /** Numbers of batches of which only a part is there. */
  torn(jobs: readonly JobRow[]): number[] {
    const found = (number: number) => jobs.filter((job) => batchOf(job) === number).length;
    return [...this.#unanswered]
      .filter(([number, size]) => ![0, size].includes(found(number)))
      .map(([number]) => number);
  }

  async #run(): Promise<void> {
    const everyMs = 1_000 / batchesPerSecond;
    const blink = () => ({ ms: Math.floor(this.#random() * 5) });
    const count = () => ({ items: 50 + Math.floor(this.#random() * 50), itemMs: 5 });
    let next = monotonic();
    for (let n = 1; !this.#stopped; n++) {
      await waitFor(() => this.#stopped || monotonic() >= next, { deadlineMs: 60_000 });
      await this.#batch({ name: "blink", size: this.#jobsPerBatch, input: blink });
      if (n % 5 === 0) await this.#batch({ name: "count.often", size: 1, input: count });
      next = Math.max(next + everyMs, monotonic());
    }
  }

  /** Answers the ids, or null when no answer came. */
  async #batch({ name, size, input, options }: Batch): Promise<number[] | null> {
    const batch = this.#batches++;
    const inputs = Array.from({ length: size }, () => ({ ...input(), batch }));
    try {
      const answers = await this.#queue.enqueueMany(jobRef(name), inputs, options);
      const ids = answers.map(({ id }) => id as number);
      this.acknowledged.push(...ids);
      return ids;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "unreachable" && code !== "read-only") throw error;
      this.#unanswered.set(batch, size);
      return null;
    }
  }
}

function batchOf({ args }: JobRow): number {
  return (args as { batch: number }).batch;
}
