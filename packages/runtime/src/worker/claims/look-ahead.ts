// In a fair queue, jobs that were enqueued by name alone share one turn until somebody knows whose
// each of them is: a thousand of one tenant would be in the way of ten of another. Where a worker
// meets such a job, it looks at many of those that wait behind it, before it claims again.

import { type JobDefinition, keysMissing } from "@queue-runtime/job";
import { type Job, type Store, StoreError } from "@queue-runtime/store";
import { monotonic } from "../../process/monotonic.ts";

/** Jobs of each queue and name in one look. */
const most = 500;
/** Where there were none, in most queues, nobody looks again for so long. */
const pauseMs = 1_000;

export class LookAhead {
  readonly #store: Store;
  readonly #definitions: ReadonlyMap<string, JobDefinition>;
  readonly #names: readonly string[];
  readonly #done: () => void;
  #notBefore = 0;
  #isUnderWay = false;
  #isStopped = false;

  /** @param done a look is over: claims may go on */
  constructor(store: Store, definitions: ReadonlyMap<string, JobDefinition>, done: () => void) {
    this.#store = store;
    this.#definitions = definitions;
    this.#done = done;
    this.#names = [...definitions.values()].filter(wantsKeys).map(({ name }) => name);
  }

  /** Nothing is claimed meanwhile: it would not be fair. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** A look that is under way may find its store closed. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A job came without its keys. */
  met(): void {
    if (this.#isUnderWay || this.#isStopped || monotonic() < this.#notBefore) return;
    this.#isUnderWay = true;
    this.#look()
      .catch((error: unknown) => {
        // the turns say what is wrong with a store, and go on without this
        if (!this.#isStopped && !(error instanceof StoreError)) throw error;
        return 0;
      })
      .then((seen) => {
        if (seen === 0) this.#notBefore = monotonic() + pauseMs;
      })
      .finally(() => {
        this.#isUnderWay = false;
        this.#done();
      });
  }

  async #look(): Promise<number> {
    const { flow } = this.#store;
    const jobs = await flow.unseen(this.#names, most);
    const seen = jobs.flatMap((job) => this.#seeTo(job));
    if (seen.length > 0) await flow.gate(seen);
    return seen.length;
  }

  /** Where a key cannot be made, the job fails when it is claimed. */
  #seeTo(job: Job) {
    const { id, fence } = job;
    try {
      const missing = keysMissing(this.#definitions.get(job.name)!, job);
      return [{ id, fence, ...(missing ?? { outcome: "gated" as const, gates: [] }) }];
    } catch {
      return [];
    }
  }
}

function wantsKeys({ concurrency, rate, unique }: JobDefinition): boolean {
  return concurrency.length + rate.length > 0 || unique !== null;
}
