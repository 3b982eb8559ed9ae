// One client of a store under fire. It keeps book of what it was answered; what it asked for without
// an answer may be in the store or not. What it does next is decided by chance that can be repeated.

import { type Enqueued, jobRef, type Queue } from "queue-runtime";
import {
  batchFailure,
  batchFinish,
  batchSuccess,
  type FlowInput,
  flowBoth,
  flowCount,
  flowLink,
  flowOne,
  flowThree,
  flowUnique,
} from "../crash-jobs/flow.ts";
import { monotonic } from "../runtime-process.ts";
import { waitFor } from "../wait-for.ts";
import type { FlowEvidence } from "./evidence.ts";

type Writable<T> = {
  -readonly [Field in keyof T]: T[Field] extends readonly (infer E)[] ? E[] : T;
};

/** What clients know. */
export type Book = Writable<Pick<FlowEvidence, "acknowledged" | "cancelled" | "asked" | "sealed">>;

export function newBook(): Book {
  return { acknowledged: [], cancelled: [], asked: [], sealed: [] };
}

const limited = [flowOne, flowOne, flowThree, flowBoth] as const;

export class FlowClient {
  readonly #queue: Queue;
  readonly #book: Book;
  readonly #random: () => number;
  readonly #unsealed: number[] = [];

  constructor(queue: Queue, book: Book, random: () => number) {
    this.#queue = queue;
    this.#book = book;
    this.#random = random;
  }

  /** One thing or another. */
  async act(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.4) return await this.#limited();
    if (dice < 0.44) return await this.#iteration();
    if (dice < 0.75) return await this.#unique();
    if (dice < 0.85) return await this.#chain();
    if (dice < 0.95) return await this.#batch();
    await this.#cancel();
  }

  /** Seals what it could not seal before. */
  async finish(): Promise<void> {
    for (const id of this.#unsealed.splice(0))
      await waitFor(() => this.#seal(id), { what: `batch ${id} to be sealed`, everyMs: 100 });
  }

  /** A third of them by name alone: they get their slots from the worker that claims them. */
  async #limited(): Promise<void> {
    const job = this.#one(limited);
    const inputs = Array.from({ length: 1 + this.#below(2) }, () => this.#input());
    const ref = this.#random() < 0.33 ? jobRef<typeof job>(job.name) : job;
    const ids = await this.#told(() => this.#queue.enqueueMany(ref, inputs));
    this.#acknowledge(ids);
  }

  async #iteration(): Promise<void> {
    const input = { ...this.#input(), items: 20 + this.#below(40), itemMs: 2 };
    this.#acknowledge(await this.#told(async () => [await this.#queue.enqueue(flowCount, input)]));
  }

  async #unique(): Promise<void> {
    const { ms, key } = this.#input();
    const from = monotonic();
    const answers = await this.#told(async () => [
      await this.#queue.enqueue(flowUnique, { ms, key }),
    ]);
    const until = monotonic();
    for (const { id, outcome } of answers) this.#book.asked.push({ key, id, outcome, from, until });
    this.#acknowledge(answers);
  }

  /** One to three that come first, one that comes after them, and one after that. */
  async #chain(): Promise<void> {
    const firsts = Array.from({ length: 1 + this.#below(3) }, () => this.#link());
    const targets = await this.#told(() => this.#queue.enqueueMany(flowLink, firsts));
    this.#acknowledge(targets);
    const ifDependencyFails = this.#one(["fail", "run"] as const);
    let after = targets.map(({ id }) => id);
    for (let n = 0; n < 2 && after.length > 0; n++) {
      const input = { ...this.#link(), after, ifDependencyFails };
      const options = { after, ifDependencyFails };
      const last = await this.#told(async () => [
        await this.#queue.enqueue(flowLink, input, options),
      ]);
      this.#acknowledge(last);
      after = last.map(({ id }) => id);
    }
  }

  async #batch(): Promise<void> {
    const [batch] = await this.#told(async () => [
      await this.#queue.batch({
        onFinish: { job: batchFinish },
        onSuccess: { job: batchSuccess },
        onFailure: { job: batchFailure },
      }),
    ]);
    if (!batch) return;
    for (let n = this.#below(3); n > 0; n--) {
      const inputs = Array.from({ length: 1 + this.#below(2) }, () => this.#link());
      this.#acknowledge(await this.#told(() => batch.enqueueMany(flowLink, inputs)));
    }
    if (!(await this.#seal(batch.id))) this.#unsealed.push(batch.id);
  }

  async #seal(id: number): Promise<boolean> {
    const [sealed] = await this.#told(async () => {
      await this.#queue.batch(id).seal();
      return [id];
    });
    if (sealed !== undefined) this.#book.sealed.push(id);
    return sealed !== undefined;
  }

  /** One of the newest, whatever it is. */
  async #cancel(): Promise<void> {
    const id = this.#one(this.#book.acknowledged.slice(-30));
    if (id === undefined) return;
    this.#book.cancelled.push(id);
    await this.#told(() => this.#queue.cancel(id));
  }

  #acknowledge(answers: readonly Enqueued[]): void {
    this.#book.acknowledged.push(...answers.map(({ id }) => id));
  }

  #input(): FlowInput {
    const flaky = this.#random() < 0.1;
    return {
      ms: 10 + this.#below(70),
      key: this.#one(["a", "b", "c"])!,
      other: this.#one(["x", "y"])!,
      ...(flaky && { fate: "flaky" }),
    };
  }

  #link(): FlowInput {
    const doomed = this.#random() < 0.1;
    return { ms: this.#below(15), key: "none", ...(doomed && { fate: "doomed" }) };
  }

  /** Nothing where no answer came. */
  async #told<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
    try {
      return await ask();
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "unreachable" && code !== "read-only") throw error;
      return [];
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #one<T>(all: readonly T[]): T {
    return all[this.#below(all.length)]!;
  }
}
