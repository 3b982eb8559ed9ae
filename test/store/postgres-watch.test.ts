// Watches on a real server, and what becomes of them when it, or what stands before it, misbehaves.

import { type News, openStore, type Store } from "@queue-runtime/store";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeThatNeedsPostgres, testThatNeeds } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { execute } from "../support/postgres/databases.ts";
import { pgbouncer, startPgbouncer } from "../support/postgres/pgbouncer.ts";
import type { PostgresServer } from "../support/postgres/server.ts";
import { startPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueOne, newWorker } from "./contract/world.ts";

const listeners = `SELECT pid FROM pg_stat_activity
  WHERE query LIKE 'LISTEN %' AND datname = current_database()`;

const looksOfPoll = `SELECT sum(calls) AS calls FROM pg_stat_statements
  JOIN pg_database ON pg_database.oid = dbid
  WHERE datname = current_database() AND query LIKE '%ORDER BY returned, queue%'`;

/** A connection that hears what is said in the database. */
async function listen(url: string): Promise<AsyncDisposable & { readonly heard: string[] }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const heard: string[] = [];
  client.on("notification", ({ payload = "" }) => heard.push(payload));
  await client.query("LISTEN queue_runtime");
  return { heard, [Symbol.asyncDispose]: () => client.end() };
}

describeThatNeedsPostgres("a watch on a server", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({
      settings: { shared_preload_libraries: "pg_stat_statements" },
    });
  });

  afterAll(() => server?.stop());

  /** A watched store, another one on the same database, and all that the watch said. */
  class Host implements AsyncDisposable {
    readonly url: string;
    readonly store: Store;
    readonly other: Store;
    readonly news: { readonly what: News; readonly at: number }[] = [];
    readonly health: (string | null)[] = [];

    private constructor(url: string, store: Store, other: Store) {
      this.url = url;
      this.store = store;
      this.other = other;
    }

    static async start(through = (url: string): string => url): Promise<Host> {
      const url = await server.createDatabase();
      const [store, other] = [await openStore(through(url)), await openStore(through(url))];
      await store.migrate();
      return new Host(url, store, other);
    }

    watch(pollMs = 60_000): void {
      this.store.watch((what) => this.news.push({ what, at: performance.now() }), {
        pollMs,
        health: (trouble) => this.health.push(trouble),
      });
    }

    count(what: News): number {
      return this.news.filter((each) => each.what === what).length;
    }

    /** Resolves with how long it took, in milliseconds. */
    async hears(what: News, after: number, deadlineMs = 5_000): Promise<number> {
      const began = performance.now();
      await waitFor(() => this.count(what) > after, { deadlineMs, what: `news: ${what}` });
      return this.news.findLast((each) => each.what === what)!.at - began;
    }

    async listener(): Promise<number> {
      const rows = await waitFor(async () => {
        const found = await execute<{ pid: number }>(this.url, listeners);
        return found.length === 1 && found;
      });
      return rows[0]!.pid;
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.store.close();
      await this.other.close();
    }
  }

  it("hears of a job in some milliseconds", async () => {
    await using host = await Host.start();
    host.watch();
    await host.hears("any", 0);
    const took: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const before = host.count("ready");
      await enqueueOne(host.other);
      took.push(await host.hears("ready", before));
    }
    took.sort((a, b) => a - b);
    expect(took[10]).toBeLessThan(within(20));
  });

  it("hears of a job that is due soon, and of a cancel request", async () => {
    await using host = await Host.start();
    host.watch();
    await host.hears("any", 0);
    await enqueueOne(host.other, { delayMs: 2_000 });
    await host.hears("scheduled", 0);
    await enqueueOne(host.other);
    const worker = await newWorker(host.other);
    const job = await worker.claimOne();
    const before = host.count("ready");
    await host.other.jobs.cancel([job.id]);
    await host.hears("ready", before);
  });

  it("needs one connection, however many watches there are, and leaves none behind", async () => {
    await using host = await Host.start();
    const watches = [1, 2, 3].map(() => host.store.watch(() => {}));
    await host.listener();
    watches.pop()!.close();
    await host.listener();
    for (const watch of watches) watch.close();
    await waitFor(async () => (await execute(host.url, listeners)).length === 0);
    host.watch();
    await host.listener();
    await host.store.close();
    expect(await execute(host.url, listeners)).toEqual([]);
    expect(() => host.store.watch(() => {})).toThrow("was closed");
  });

  it("is back at once when its connection was ended, and looks for what it missed", async () => {
    await using host = await Host.start();
    host.watch();
    await host.hears("any", 0);
    const pid = await host.listener();
    await execute(host.url, `SELECT pg_terminate_backend(${pid})`);
    const before = host.count("any");
    await host.hears("any", before - 1);
    await waitFor(async () => (await host.listener()) !== pid);
    const ready = host.count("ready");
    await enqueueOne(host.other);
    await host.hears("ready", ready);
    expect(host.health).toEqual([]);
  });

  it("notices a connection that has gone deaf, polls until there is another, says so once", async () => {
    await using host = await Host.start();
    host.watch(1_000);
    await host.hears("any", 0);
    const pid = await host.listener();
    process.kill(pid, "SIGSTOP");
    try {
      const stopped = performance.now();
      await enqueueOne(host.other);
      await host.hears("ready", 0, 8_000);
      await waitFor(() => host.health.length > 0, { deadlineMs: within(10_000) });
      expect(performance.now() - stopped).toBeLessThan(within(10_000));
      await waitFor(() => host.health.length > 1);
      expect(host.health).toEqual([expect.stringContaining("do not arrive"), null]);
      const before = host.count("ready");
      await enqueueOne(host.other);
      expect(await host.hears("ready", before)).toBeLessThan(within(200));
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  it("is told nothing while every worker has more than it can do", async () => {
    await using host = await Host.start();
    await using listener = await listen(host.url);
    await newWorker(host.other);
    await execute(host.url, "UPDATE queue_runtime.processes SET saturated = true");
    for (let n = 0; n < 3; n += 1) await enqueueOne(host.other);
    // says what it has to say before it is closed
    await host.other.close();
    await newWorker(host.store);
    await enqueueOne(host.store);
    await waitFor(() => listener.heard.length > 0);
    expect(listener.heard).toHaveLength(1);
  });

  it("finds its way back to a server that was away, and says that it was", async () => {
    await using own = await startPostgres();
    const url = await own.createDatabase();
    const store = await openStore(url);
    await store.migrate();
    const health: (string | null)[] = [];
    const news: News[] = [];
    store.watch((what) => news.push(what), { health: (trouble) => health.push(trouble) });
    await waitFor(() => news.includes("any"));
    await own.halt("immediate");
    await waitFor(() => health.length > 0, { deadlineMs: within(5_000) });
    news.length = 0;
    await own.start();
    const began = performance.now();
    await waitFor(() => news.includes("any"));
    expect(performance.now() - began).toBeLessThan(within(2_000));
    await waitFor(() => health.length > 1);
    expect(health).toEqual([expect.stringContaining("no connection can listen"), null]);
    await store.close();
  });

  it("looks a fifth as often as it was told while notifications arrive", async () => {
    await using host = await Host.start();
    await execute(host.url, "CREATE EXTENSION pg_stat_statements");
    const looks = async (): Promise<number> => {
      const [row] = await execute<{ calls: string }>(host.url, looksOfPoll);
      return Number(row?.calls ?? 0);
    };
    host.watch(100);
    await waitFor(async () => (await looks()) >= 2, { everyMs: 20 });
    const began = performance.now();
    const before = await looks();
    await waitFor(async () => (await looks()) >= before + 4, { everyMs: 20 });
    const each = (performance.now() - began) / 4;
    expect(each).toBeGreaterThan(350);
    expect(each).toBeLessThan(within(1_500));
  });

  describe("behind PgBouncer in transaction mode", () => {
    const poolerTest = testThatNeeds(pgbouncer);

    poolerTest.for(["", "ignore_startup_parameters = options"])(
      "says so and polls, and the whole store works there (%s)",
      { timeout: 60_000 },
      async (settings) => {
        await using pooler = await startPgbouncer(server.url(), settings);
        await using host = await Host.start(pooler.through);
        host.watch(100);
        await waitFor(() => host.health.length > 0, { deadlineMs: within(10_000) });
        expect(host.health).toEqual([expect.stringContaining("does not pass on notifications")]);
        const before = host.count("ready");
        await enqueueOne(host.other);
        expect(await host.hears("ready", before)).toBeLessThan(within(1_000));
        const worker = await newWorker(host.store);
        const job = await worker.claimOne();
        await worker.settle(job, { outcome: "finished", result: { done: true } });
        expect(await host.other.jobs.find(job.id)).toMatchObject({ state: "finished" });
        expect(await host.store.migrate()).toMatchObject({ from: 3 });
        expect(host.health).toHaveLength(1);
      },
    );
  });
});
