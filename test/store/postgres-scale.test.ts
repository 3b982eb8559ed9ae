// What a statement reads does not depend on how much waits or has ended. The server itself counts
// what it read: no table of jobs is ever read from end to end, and of an index only what is wanted.

import { openStore, type Store } from "@queue-runtime/store";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeThatNeedsPostgres, testThatNeeds } from "../support/needs.ts";
import { pgbouncer, startPgbouncer } from "../support/postgres/pgbouncer.ts";
import { type TemporaryPostgres, temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { boom, enqueueAll, newWorker, type Worker } from "./contract/world.ts";

/** Waiting in eight lanes, and as many that have ended. */
const size = 50_000;

const shared = "id, name, kind, queue, state, priority, run_at, created_at";
const values = (state: string): string => `'job' || n % 2, 'module', 'queue' || n % 4, ${state}, 0,
  queue_runtime.now_ms(), queue_runtime.now_ms()`;
const filling = [
  `INSERT INTO queue_runtime.jobs (${shared})
    SELECT n, ${values("'ready'")} FROM generate_series(1, ${size}) AS n`,
  `INSERT INTO queue_runtime.jobs (${shared})
    SELECT ${size} + n, ${values("CASE n WHEN 1 THEN 'held' ELSE 'scheduled' END")}
    FROM generate_series(1, 3) AS n`,
  `INSERT INTO queue_runtime.ended_jobs (${shared}, ended_from, finished_at)
    SELECT ${2 * size} + n, ${values(`CASE n % ${size / 2} WHEN 0 THEN 'failed' ELSE 'finished' END`)},
      'running', queue_runtime.now_ms() FROM generate_series(1, ${size}) AS n`,
  `ALTER TABLE queue_runtime.jobs ALTER COLUMN id RESTART WITH ${4 * size}`,
];

/** Connections report what they have read when they end, at the latest; a pooler keeps them. */
const endOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;
const counters = `SELECT
  (SELECT sum(seq_scan) FROM pg_stat_user_tables
    WHERE relname IN ('jobs', 'ended_jobs', 'job_errors'))::integer AS scans,
  (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes
    WHERE relname IN ('jobs', 'ended_jobs', 'job_errors'))::integer AS entries,
  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND backend_type = 'client backend' AND pid <> pg_backend_pid())::integer AS open`;

interface Counters {
  /** Of whole tables. */
  readonly scans: number;
  /** Of indexes. */
  readonly entries: number;
}

let world: TemporaryPostgres;
let client: pg.Client;

async function count(): Promise<Counters> {
  return await waitFor(async () => {
    // again: a pooler may have opened another one meanwhile
    await client.query(endOthers);
    const row = (await client.query(counters)).rows[0] as Counters & { readonly open: number };
    return row.open === 0 && row;
  });
}

/** What fresh connections read for that work. */
async function readFor(
  work: (store: Store) => Promise<unknown>,
  url = world.url,
): Promise<Counters> {
  const before = await count();
  const store = await openStore(url);
  await work(store);
  await store.close();
  const after = await count();
  return { scans: after.scans - before.scans, entries: after.entries - before.entries };
}

const claim = { queues: ["queue1", "*"], names: ["job0", "job1"], limit: 10 };
const anIteration = { cursor: "here", progress: { done: 1, total: 2 } };

async function workThrough(worker: Worker): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    const [first, second, third, ...rest] = await worker.claim(claim);
    await worker.checkpoint(first!, anIteration);
    await worker.settle(first!, { outcome: "finished", result: 1 });
    await worker.settle(second!, { outcome: "failed", error: boom, retryDelayMs: null });
    await worker.settle(third!, { outcome: "interrupted", delayMs: 0 });
    for (const job of rest) await worker.settle(job, { outcome: "finished", result: null });
  }
}

async function actOn(store: Store): Promise<void> {
  const ids = await enqueueAll(store, Array(9).fill({}));
  await store.jobs.cancel(ids);
  await store.jobs.retry(ids, { fromStart: true });
  await store.jobs.discard([...ids, 1, 2 * size + 1, 9_999_999]);
}

const never = { finishedMs: 3_600_000, cancelledMs: 3_600_000, failedMs: 3_600_000 };

/** What is done, and how many entries of all indexes it may read. */
const works: readonly [what: string, work: (store: Store) => Promise<unknown>, most: number][] = [
  ["a worker's turns", async (store) => workThrough(await newWorker(store)), 2_000],
  ["a worker's death", async (store) => (await newWorker(store)).dies(), 100],
  ["retry, cancel and discard", actOn, 500],
  ["dispatch", (store) => store.jobs.dispatch(100), 100],
  ["looking for work", (store) => store.jobs.outstanding(), 100],
  ["clearing, when nothing is old enough", (store) => store.jobs.clear(never, 500), 200],
  ["one job", (store) => store.jobs.find(4_711), 10],
  ["the oldest jobs", (store) => store.jobs.list({}), 150],
  ["jobs in rare states", (store) => store.jobs.list({ states: ["failed", "held"] }), 100],
  ["jobs in common states", (store) => store.jobs.list({ states: ["ready", "finished"] }), 3_000],
  ["jobs of a process", (store) => store.jobs.list({ processId: 1 }), 100],
  ["the processes", (store) => store.processes.list(), 100],
  ["pruning", (store) => store.processes.prune(60_000), 100],
  // they count what waits, so they have to see it, but once
  ["counts", (store) => store.jobs.count(), 2.1 * size],
  ["the queues", (store) => store.queues.list(), 1.1 * size],
  ["names without code", (store) => store.jobs.unknownNames(), 1.1 * size],
  ["clearing a queue", (store) => store.queues.clear("queue3", { all: false }), size],
];

/** One that comes while the rows are counted keeps what is dead from being passed over. */
const noAutovacuum = `DO $$
DECLARE each regclass;
BEGIN
  FOR each IN SELECT oid FROM pg_class
    WHERE relnamespace = 'queue_runtime'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', each);
  END LOOP;
END
$$`;

async function openWorld(): Promise<void> {
  world = await temporaryPostgres();
  client = new pg.Client(world.url);
  await client.connect();
  await client.query(noAutovacuum);
}

async function closeWorld(): Promise<void> {
  await client.end();
  await world[Symbol.asyncDispose]();
}

async function fill(): Promise<void> {
  for (const sql of filling) await client.query(sql);
}

describeThatNeedsPostgres("among 100,000 jobs", () => {
  beforeAll(async () => {
    await openWorld();
    await fill();
  }, 120_000);
  afterAll(closeWorld);

  describe.each(["before the first ANALYZE", "after it"])("%s", (when) => {
    beforeAll(async () => {
      if (when === "after it") await client.query("VACUUM ANALYZE");
    });
    it.each(works)("little is read for %s", async (_, work, most) => {
      const { scans, entries } = await readFor(work);
      expect(scans).toBe(0);
      expect(entries).toBeLessThanOrEqual(most);
    });
  });
});

/** After that many uses of a statement the server keeps its plan, and plans no more. */
const untilKept = 6;

describeThatNeedsPostgres("on a connection that is older than its 100,000 jobs", () => {
  beforeEach(openWorld);
  afterEach(closeWorld);

  const workLong = async (store: Store): Promise<void> => {
    for (let n = 0; n < untilKept; n += 1) {
      await enqueueAll(store, Array(100).fill({ queue: "queue1", name: "job0" }));
      for (const [, work] of works) await work(store);
      await store.queues.clear("queue1", { all: true });
    }
    await fill();
    for (const [, work] of works) await work(store);
  };

  function checkLittle({ scans, entries }: Counters): void {
    expect(scans).toBe(0);
    // both tables for the counts, what is ready for two lists, half of it for the clearing, and
    // what is dead already
    expect(entries).toBeLessThan(5.3 * size);
  }

  it("little is read all the same", async () => {
    checkLittle(await readFor(workLong));
  }, 120_000);

  testThatNeeds(pgbouncer)(
    "and neither is much behind a pooler",
    { timeout: 120_000 },
    async () => {
      await using pooler = await startPgbouncer(world.url);
      checkLittle(await readFor(workLong, pooler.through(world.url)));
    },
  );
});
