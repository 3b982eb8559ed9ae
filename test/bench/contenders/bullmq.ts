// BullMQ. Sources: docs.bullmq.io, "Going to production" (Redis: append-only file, fsync every
// second, noeviction; see ../servers/redis.ts), "PostgreSQL backend" (its pool as large as the
// concurrency; finished jobs removed, "Let retention do its work") and "Concurrency" (20 here, as
// for everybody).
//
// Disciplines, from "Global Concurrency", "Global Rate Limit" and "Deduplication": the queue has a
// global concurrency of 1 (`chain`) or a global rate limit (`rate`); a deduplication id in simple
// mode (`unique`). Keys within a queue (`keys`) are the groups of its paid edition.
//
// `redis`: with ioredis. `postgres`: with createPostgresBackend.

import {
  type BackendFactory,
  createPostgresBackend,
  type JobsOptions,
  Queue,
  runMigrations,
  Worker,
} from "bullmq";
import pg from "pg";
import type { Payload } from "../harness/payload.ts";
import { atOnce, type Contender, type ContenderOptions, queueName, rate } from "./contender.ts";

const defaultJobOptions = { removeOnComplete: true, removeOnFail: true };

export async function open({ url, variant, discipline }: ContenderOptions): Promise<Contender> {
  const postgres = variant === "postgres";
  const connection = postgres
    ? { connectionString: url, max: atOnce }
    : { host: new URL(url).hostname, port: Number(new URL(url).port), maxRetriesPerRequest: null };
  const backend = (postgres ? [createPostgresBackend] : []) as unknown as [BackendFactory];
  if (postgres) await migrate(url);
  const queue = new Queue(queueName, { connection, defaultJobOptions }, ...backend);
  const optionsOf = ({ number }: Payload): JobsOptions =>
    discipline === "unique" ? { deduplication: { id: String(number) } } : {};
  return {
    // the schema is there already: it connects to no other
    async migrate() {
      if (discipline === "chain") await queue.setGlobalConcurrency(1);
      if (discipline === "rate") await queue.setGlobalRateLimit(rate.limit, rate.perMs);
    },
    enqueue: (input) => queue.add(queueName, input, optionsOf(input)),
    enqueueMany: (inputs) =>
      queue.addBulk(inputs.map((data) => ({ name: queueName, data, opts: optionsOf(data) }))),
    async work(perform) {
      const run = async ({ data }: { data: Payload }): Promise<void> => perform(data);
      const worker = new Worker(queueName, run, { connection, concurrency: atOnce }, ...backend);
      worker.on("error", (error) => process.stderr.write(`bullmq: ${error.message}\n`));
      await worker.waitUntilReady();
    },
    async isEmpty() {
      const counts = await queue.getJobCounts("waiting", "active", "delayed", "prioritized");
      return Object.values(counts).every((count) => count === 0);
    },
    close: () => queue.close(),
  };
}

async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await runMigrations(client);
  await client.end();
}
