// Budget row "enqueue one by one, durable / in bulk, SQLite". The bare loop is one prepared INSERT
// into a small table with one partial index: durable (synchronous=FULL), JSON made in the loop.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openQueue, type Queue } from "queue-runtime";
import { type Bench, inRounds, type Measurement, ratios } from "../../harness/measurement.ts";
import { type Payload, payloads } from "../../harness/payload.ts";
import { atLeast, type Figure, medianOf } from "../../report/figures.ts";

export const enqueue: Measurement = {
  name: "enqueue",
  title: "Enqueue, durable when acknowledged, one client",
  limitMs: 60_000,
  run,
};

/** Jobs per round, one by one: short, because a slow fsync now and then is the disk's, not ours. */
const slice = 50;
/** Jobs per transaction in bulk. */
const bulk = 1_000;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const queue = await openQueue(`sqlite:${join(bench.folder(), "queue.sqlite")}`);
  const bare = new Bare(join(bench.folder(), "bare.sqlite"));
  const inputs = payloads(slice);
  const one = await inRounds(bench.many(100, 5), {
    ours: () => rate(slice, () => oneByOne(queue, inputs)),
    bare: () => rate(slice, async () => bare.oneByOne(inputs)),
  });
  const many = payloads(bulk);
  const batch = await inRounds(bench.many(60, 5), {
    ours: () => rate(bulk, async () => void (await queue.enqueueMany({ name: "noop" }, many))),
    bare: () => rate(bulk, async () => bare.inBulk(many)),
  });
  await queue.close();
  bare.close();
  const percent = ({ ours, bare }: typeof one) => ratios(ours, bare).map((ratio) => ratio * 100);
  return [
    medianOf("one by one, queue.enqueue", "/s", one.ours),
    medianOf("one by one, bare loop", "/s", one.bare),
    medianOf("one by one, ours / bare", "%", percent(one), atLeast(70)),
    medianOf(`in bulk, queue.enqueueMany, ${bulk} at a time`, "/s", batch.ours),
    medianOf("in bulk, bare loop", "/s", batch.bare),
    medianOf("in bulk, ours / bare", "%", percent(batch), atLeast(50)),
  ];
}

async function rate(jobs: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return jobs / ((performance.now() - began) / 1_000);
}

async function oneByOne(queue: Queue, inputs: readonly Payload[]): Promise<void> {
  for (const input of inputs) await queue.enqueue({ name: "noop" }, input);
}

class Bare {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        queue TEXT NOT NULL,
        state TEXT NOT NULL,
        priority INTEGER NOT NULL,
        args TEXT,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX jobs_ready ON jobs (priority, id) WHERE state = 'ready';`);
  }

  oneByOne(inputs: readonly Payload[]): void {
    const insert = this.#database.prepare(`INSERT INTO jobs
      (name, queue, state, priority, args, created_at)
      VALUES ('noop', 'default', 'ready', 0, ?, 1)`);
    for (const input of inputs) insert.run(JSON.stringify(input));
  }

  inBulk(inputs: readonly Payload[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    this.oneByOne(inputs);
    this.#database.exec("COMMIT");
  }

  close(): void {
    this.#database.close();
  }
}
