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
  /** 100 by default, in ten batches. */
  readonly jobsPerSecond?: number;
  /** 2 by default. */
  readonly iterationsPerSecond?: number;
  /** At least so many of 5 ms in each iteration, and at most twice as many; 50 by default. */
  readonly items?: number;
}

interface Batch {
  readonly name: string;
  readonly size: number;
  readonly input: () => object;
  readonly options?: EnqueueOptions;
}

const batchesPerSecond = 10;
const usual = { seed: 1, jobsPerSecond: 100, iterationsPerSecond: 2, items: 50 };

export class Load {
  readonly acknowledged: number[] = [];
  /** Batches by number: how many jobs each had. */
  readonly #unanswered = new Map<number, number>();
  readonly #queue: Queue;
  readonly #options: Required<LoadOptions>;
  readonly #random: () => number;
  readonly #ended: Promise<void>;
  #batches = 0;
  #stopped = false;

  private constructor(queue: Queue, options: LoadOptions) {
    this.#queue = queue;
    this.#options = { ...usual, ...options };
    this.#random = randomBy(this.#options.seed);
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
    const { jobsPerSecond, iterationsPerSecond, items } = this.#options;
    const count = () => ({ items: Math.floor(items * (1 + this.#random())), itemMs: 5 });
    const size = Math.round(jobsPerSecond / batchesPerSecond);
    const every = Math.round(batchesPerSecond / iterationsPerSecond);
    let next = monotonic();
    for (let n = 1; !this.#stopped; n++) {
      await waitFor(() => this.#stopped || monotonic() >= next, { deadlineMs: 60_000 });
      await this.#batch({ name: "blink", size, input: blink });
      if (n % every === 0) await this.#batch({ name: "count.often", size: 1, input: count });
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
