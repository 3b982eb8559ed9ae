// Clients that enqueue jobs with limits, the same unique keys, chains and batches, and cancel some,
// at a steady pace until they are told to stop.

import { openQueue, type Queue } from "queue-runtime";
import { monotonic } from "../runtime-process.ts";
import { randomBy } from "../seeded.ts";
import { waitFor } from "../wait-for.ts";
import type { Book } from "./client.ts";
import { FlowClient, newBook } from "./client.ts";

/** How long a client waits between two things it does, in milliseconds. */
const everyMs = 50;

export class FlowLoad implements AsyncDisposable {
  readonly book: Book = newBook();
  readonly #queues: readonly Queue[];
  readonly #ended: Promise<unknown>;
  #stopped = false;

  private constructor(queues: readonly Queue[], seed: number) {
    this.#queues = queues;
    this.#ended = Promise.all(queues.map((queue, n) => this.#run(queue, seed + n)));
    // whoever stops it hears of it
    this.#ended.catch(() => undefined);
  }

  /** Each client through a connection of its own. */
  static async on(url: string, seed: number, clients = 3): Promise<FlowLoad> {
    const queues = Array.from({ length: clients }, () => openQueue(url, { migrate: false }));
    return new FlowLoad(await Promise.all(queues), seed);
  }

  /** Resolves when the last answer came. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#ended.catch(() => undefined);
    for (const queue of this.#queues) await queue.close();
  }

  async #run(queue: Queue, seed: number): Promise<void> {
    const client = new FlowClient(queue, this.book, randomBy(seed));
    for (let next = monotonic(); !this.#stopped; next = Math.max(next + everyMs, monotonic())) {
      await waitFor(() => this.#stopped || monotonic() >= next, { deadlineMs: 60_000 });
      await client.act();
    }
    await client.finish();
  }
}
