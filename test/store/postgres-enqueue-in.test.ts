// Enqueueing inside a transaction of the application on PostgreSQL, with whatever client it has.

import { type NewJob, openStore } from "@queue-runtime/store";
import { sql } from "drizzle-orm";
import { describe, expect, it, onTestFinished } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryDatabase, temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { someCommand } from "./contract/commands/words.ts";
import { ids } from "./contract/world.ts";
import { Application, type Work } from "./postgres-enqueue-in/application.ts";

/** Runs it in a transaction of a library. */
type Transact = (app: Application, work: Work) => Promise<unknown>;

const libraries: Readonly<Record<string, Transact>> = {
  "a client of pg": (app, work) => app.transact(work),
  async "a client of a pool of pg"(app, work) {
    const client = await app.pool().connect();
    try {
      await client.query("BEGIN");
      await work(client);
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    } finally {
      client.release();
    }
  },
  "a transaction of kysely": (app, work) => app.kysely().transaction().execute(work),
  async "a controlled transaction of kysely"(app, work) {
    const transaction = await app.kysely().startTransaction().execute();
    try {
      await work(transaction);
      await transaction.commit().execute();
    } catch (error) {
      await transaction.rollback().execute();
      throw error;
    }
  },
  "a transaction of drizzle": (app, work) => app.drizzle().transaction(work),
  "a nested transaction of drizzle": (app, work) =>
    app.drizzle().transaction(async (outer) => {
      await outer.execute(sql`select 1`);
      await outer.transaction(work);
    }),
  "a transaction of knex": (app, work) => app.knex().transaction(work),
  "a transaction of prisma": async (app, work) => (await app.prisma()).$transaction(work),
};

describeThatNeedsPostgres("enqueueing in the application's transaction on a server", () => {
  describe.each(Object.entries(libraries))("of %s", (_, transact) => {
    it("commits the jobs with what was written beside them, in order", async () => {
      await using app = await Application.start();
      const { world } = app;
      const jobs = Array.from({ length: 40 }, (_, n) => ({ name: "job", args: n }));
      let enqueued: readonly { readonly id: number }[] = [];
      await transact(app, async (transaction) => {
        enqueued = await world.store.in(transaction).enqueue(jobs);
        expect(await world.store.jobs.list({})).toEqual([]);
      });
      const listed = await world.store.jobs.list({});
      expect(ids(listed)).toEqual(ids(enqueued));
      expect(listed.map(({ args }) => args)).toEqual(jobs.map(({ args }) => args));
    });

    it("forgets them with what was rolled back", async () => {
      await using app = await Application.start();
      const { world } = app;
      const broken = transact(app, async (transaction) => {
        await world.store.in(transaction).enqueue([{ name: "job" }]);
        throw new Error("the order is void");
      });
      await expect(broken).rejects.toThrow("the order is void");
      expect(await world.store.jobs.list({})).toEqual([]);
    });
  });

  it("keeps every field and every strange value, exactly as another way to enqueue does", async () => {
    await using app = await Application.start();
    const { world } = app;
    const inOne = strangeJobs.map((job) =>
      job.command ? job : { ...job, name: `${job.name}'"$1?` },
    );
    await app.transact(async (client) => {
      await world.store.in(client).enqueue(inOne);
    });
    await world.store.jobs.enqueue(inOne);
    const listed = await world.store.jobs.list({ limit: 100 });
    const fields = listed.map(({ id: _, createdAt, runAt, ...job }) => ({
      ...job,
      inSeconds: job.state === "scheduled" ? Math.round((runAt - createdAt) / 1_000) : 0,
    }));
    expect(fields).toHaveLength(2 * inOne.length);
    expect(fields.slice(0, inOne.length)).toEqual(fields.slice(inOne.length));
    expect(listed.slice(0, inOne.length).map(({ args }) => args)).toEqual(
      inOne.map(({ args = null }) => args),
    );
    const commands = await world.store.commands.list({});
    const [one, other] = commands.map(({ command }) => command);
    expect(one).toEqual(other);
    const environments = ids(commands).map((id) => world.store.commands.environment(id));
    expect(await Promise.all(environments)).toEqual([0, 1].map(() => someCommand().environment));
  });

  it("starts nothing early: idle workers hear of it soon after the commit", async () => {
    await using app = await Application.start();
    const { world } = app;
    const watched = await world.connect();
    const news: string[] = [];
    const watch = watched.watch((what) => news.push(what), { pollMs: 60_000 });
    await waitFor(() => news.includes("any"));
    const ready = (): number => news.filter((what) => what === "ready").length;
    const client = await app.client();
    for (let n = 1; n <= 3; n += 1) {
      await client.query("BEGIN");
      await world.store.in(client).enqueue([{ name: "job" }]);
      await client.query("SELECT pg_sleep(0.05)");
      if (n === 1) expect(ready()).toBe(0);
      const before = ready();
      await client.query("COMMIT");
      const committed = performance.now();
      await waitFor(() => ready() > before);
      expect(performance.now() - committed).toBeLessThan(within(200));
    }
    watch.close();
  });

  it("tells dispatchers when something is due soon", async () => {
    await using app = await Application.start();
    const { world } = app;
    const watched = await world.connect();
    const news: string[] = [];
    const watch = watched.watch((what) => news.push(what), { pollMs: 60_000 });
    await waitFor(() => news.includes("any"));
    await app.transact(async (client) => {
      await world.store.in(client).enqueue([{ name: "job", delayMs: 3_000 }]);
    });
    await waitFor(() => news.includes("scheduled"));
    watch.close();
  });

  describe("refuses, in one sentence,", () => {
    it.each<[string, (app: Application) => unknown, string]>([
      ["a pool", (app) => app.pool(), "a pool is not one connection"],
      ["kysely itself", (app) => app.kysely(), "it is kysely itself"],
      ["drizzle itself", (app) => app.drizzle(), "it is drizzle itself"],
      ["knex itself", (app) => app.knex(), "it is knex itself"],
      ["the client of prisma", (app) => app.prisma(), "it is the client of prisma"],
      ["nothing", () => undefined, "a client of pg, or a transaction of kysely"],
      ["a text", () => "BEGIN", "a client of pg, or a transaction of kysely"],
      ["an object", () => ({}), "a client of pg, or a transaction of kysely"],
      ["a function", () => () => {}, "a client of pg, or a transaction of kysely"],
    ])("%s", async (_, make, sentence) => {
      await using app = await Application.start();
      const { world } = app;
      const given = await make(app);
      expect(() => world.store.in(given)).toThrow(
        expect.objectContaining({ code: "invalid", message: expect.stringContaining(sentence) }),
      );
    });

    it("a client without a transaction, and one whose transaction has failed", async () => {
      await using app = await Application.start();
      const { world } = app;
      const client = await app.client();
      const enqueue = (): Promise<unknown> => world.store.in(client).enqueue([{ name: "job" }]);
      await expect(enqueue()).rejects.toThrow("no transaction is open on this client");
      await client.query("BEGIN");
      await client.query("SELECT 1 / 0").catch(() => {});
      await expect(enqueue()).rejects.toThrow("it has failed: roll it back");
      await client.query("ROLLBACK");
      // not even answered yet, and good enough
      void client.query("BEGIN");
      await enqueue();
      await client.query("COMMIT");
      expect(await world.store.jobs.list({})).toHaveLength(1);
    });

    it("a transaction on another database, with or without a store of its own", async () => {
      await using other = await temporaryPostgres();
      await using empty = await temporaryDatabase();
      await using app = await Application.start();
      const { world } = app;
      const enqueueOn = (url: string): Promise<void> =>
        app.transact(async (client) => {
          await world.store.in(client).enqueue([{ name: "job" }]);
        }, url);
      await expect(enqueueOn(other.url)).rejects.toThrow(
        "it is on another database than the store",
      );
      expect(await other.store.jobs.list({})).toEqual([]);
      await expect(enqueueOn(empty.url)).rejects.toThrow("has no queue_runtime.enqueue_many");
    });

    it("a job that is none, before anything is written", async () => {
      await using app = await Application.start();
      const { world } = app;
      await app.transact(async (client) => {
        const jobs = [{ name: "job" }, { name: "" }];
        await expect(world.store.in(client).enqueue(jobs)).rejects.toThrow("name must be a string");
      });
      expect(await world.store.jobs.list({})).toEqual([]);
    });

    it("a role that may not enqueue, and says which right it lacks", async () => {
      await using app = await Application.start();
      const { world } = app;
      const url = await app.role();
      const enqueue = (): Promise<void> =>
        app.transact(async (client) => {
          await world.store.in(client).enqueue([{ name: "job" }]);
        }, url);
      await expect(enqueue()).rejects.toMatchObject({
        code: "denied",
        message: expect.stringContaining("EXECUTE on the function queue_runtime.enqueue_many"),
      });
      const role = new URL(url).username;
      await execute(world.url, `GRANT USAGE ON SCHEMA queue_runtime TO ${role}`);
      await execute(world.url, `GRANT EXECUTE ON FUNCTION queue_runtime.enqueue_many TO ${role}`);
      await enqueue();
      expect(await world.store.jobs.list({})).toHaveLength(1);
    });
  });

  it("does not make close wait for a transaction, nor keep a job from it", async () => {
    await using app = await Application.start();
    const { world } = app;
    const store = await world.connect();
    await app.transact(async (client) => {
      await store.in(client).enqueue([{ name: "job" }]);
      const began = performance.now();
      await store.close();
      expect(performance.now() - began).toBeLessThan(within(500));
    });
    expect(await world.store.jobs.list({})).toHaveLength(1);
  });

  it("finds its tables where ?schema= says", async () => {
    await using app = await Application.start();
    const url = new URL(app.world.url);
    url.searchParams.set("schema", "elsewhere");
    const store = await openStore(url.href);
    onTestFinished(() => store.close());
    await store.migrate();
    await app.transact(async (client) => {
      await store.in(client).enqueue([{ name: "job" }]);
    });
    expect(await store.jobs.list({})).toHaveLength(1);
    expect(await app.world.store.jobs.list({})).toEqual([]);
    await store.close();
  });
});

const strangeJobs: readonly NewJob[] = [
  { name: "quotes", args: `it's "so" \\ $1 ? ?? :name {1,2}` },
  { name: "unicode", args: { "ключ 🦔": "ß\u2028\ud83e\udd94\u0001" } },
  { name: "NUL", args: { "\u0000": ["\u0000", "a\u0000b"] } },
  { name: "half of a pair", args: "\ud800" },
  { name: "numbers", args: [1e21, 5e-324, 0.1, 9007199254740991, -0.5] },
  { name: "deep", args: JSON.parse(`${"[".repeat(900)}${"]".repeat(900)}`) },
  { name: "large", args: "x".repeat(1_000_000) },
  { name: "null", args: null },
  { name: "nothing" },
  { name: "held", held: true, priority: -9007199254740991, label: "§ 'label'", queue: "q?$2" },
  { name: "command", kind: "command", command: someCommand({ line: `echo 'é' "$1" ? \\` }) },
  { name: "later", delayMs: 60_000.5, priority: 9007199254740991 },
  { name: "long ago", runAt: 1 },
];
