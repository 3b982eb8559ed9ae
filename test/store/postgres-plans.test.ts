// Statements are planned once and for all sizes of the tables. A plan that was made while they were
// empty, and known as such, must not read all of them when they no longer are.

import { openStore, type Store } from "@queue-runtime/store";
import { Client } from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryDatabase } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { slot } from "./contract/flow/words.ts";
import { enqueueAll, enqueueOne, newWorker } from "./contract/world.ts";

const many = 1_000;

interface Read {
  /** Rows of tables that were read in whole. */
  readonly whole: number;
  /** Entries that were read of their indexes. */
  readonly entries: number;
}

const alone = `SELECT count(*) = 0 AS alone FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;
const read = `SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables
    WHERE relname IN ('jobs', 'job_gates', 'slots'))::integer AS whole,
  (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes
    WHERE relname IN ('jobs', 'job_gates', 'slots'))::integer AS entries`;

/** A connection says what it read no later than when it ends. */
async function readBy(url: string, work: (store: Store) => Promise<void>): Promise<Read> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("SELECT pg_stat_reset()");
  const store = await openStore(url);
  await work(store);
  await store.close();
  await waitFor(async () => (await client.query(alone)).rows[0].alone === true);
  const { rows } = await client.query(read);
  await client.end();
  return rows[0] as Read;
}

async function drain(store: Store): Promise<number> {
  const worker = await newWorker(store);
  const nothing = { processId: worker.id, checkpoints: [] };
  const claim = { queues: ["*"], names: ["job"], limit: 50, idle: true };
  let done = 0;
  let turn = await store.jobs.turn({ ...nothing, settlements: [], claim });
  while (turn.claimed.length > 0) {
    done += turn.claimed.length;
    const settlements = turn.claimed.map(
      ({ id, fence }) => ({ id, fence, outcome: "finished", result: null }) as const,
    );
    turn = await store.jobs.turn({ ...nothing, settlements, claim });
  }
  return done;
}

describeThatNeedsPostgres("plans that were made while the tables were empty", () => {
  it.each([
    { about: "jobs without keys", keys: 0, most: 20 },
    { about: "jobs with a key each", keys: many, most: 120 },
    { about: "jobs with few keys", keys: 20, most: 400 },
  ])("read a few rows for each of $about", async ({ keys, most }) => {
    await using database = await temporaryDatabase();
    const { url } = database;
    const first = await openStore(url);
    await first.migrate();
    await first.close();
    await execute(url, "ANALYZE");
    const gatesOf = (n: number) => (keys === 0 ? [] : [slot(`k${n % keys}`)]);
    const { whole, entries } = await readBy(url, async (store) => {
      await enqueueOne(store, { gates: gatesOf(0) });
      expect(await drain(store)).toBe(1);
      await enqueueAll(
        store,
        Array.from({ length: many }, (_, n) => ({ gates: gatesOf(n) })),
      );
      expect(await drain(store)).toBe(many);
    });
    expect(whole).toBe(0);
    expect(entries).toBeGreaterThan(many);
    expect(entries).toBeLessThan(most * many);
  });
});
