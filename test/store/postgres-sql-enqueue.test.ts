// Enqueueing in SQL: by hand, from a trigger, from any language.

import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueAll, newWorker } from "./contract/world.ts";

const second = 1_000;

describeThatNeedsPostgres("queue_runtime.enqueue()", () => {
  it("needs a name only, and answers the id of a job that is ready at once", async () => {
    await using world = await temporaryPostgres();
    const [row] = await execute(world.url, "SELECT queue_runtime.enqueue('job') AS id");
    const { id } = row as { id: string };
    expect(await world.store.jobs.find(Number(id))).toMatchObject({
      name: "job",
      kind: "module",
      queue: "default",
      args: null,
      priority: 0,
      label: null,
      state: "ready",
      attempts: 0,
    });
    const worker = await newWorker(world.store);
    expect(await worker.claim()).toMatchObject([{ id: Number(id) }]);
  });

  it("takes everything that another way to enqueue takes", async () => {
    await using world = await temporaryPostgres();
    await execute(
      world.url,
      `SELECT queue_runtime.enqueue('job', '{"n": 1e3, "nul": "\\u0000"}', queue => 'mail',
        priority => -5, label => 'order 7', delay => '1 hour')`,
    );
    const [job] = await world.store.jobs.list({});
    expect(job).toMatchObject({ queue: "mail", priority: -5, label: "order 7" });
    expect(job).toMatchObject({ args: { n: 1_000, nul: "\0" }, state: "scheduled" });
    expect(job!.runAt - job!.createdAt).toBeGreaterThanOrEqual(3_600 * second);
    expect(job!.runAt - job!.createdAt).toBeLessThan(3_601 * second);
  });

  it.each([
    ["run_at => now()", "ready"],
    ["run_at => '1999-12-31'", "ready"],
    ["delay => '0'", "ready"],
    ["delay => '-1 day'", "ready"],
    ["run_at => now() + interval '1 s'", "scheduled"],
    ["delay => '1 ms'", "scheduled"],
    ["run_at => '2999-12-31', delay => '0'", "scheduled"],
  ])("with %s makes a job that is %s", async (when, state) => {
    await using world = await temporaryPostgres();
    await execute(world.url, `SELECT queue_runtime.enqueue('job', ${when})`);
    expect(await world.store.jobs.list({})).toMatchObject([{ state }]);
  });

  it.each([
    ["''", "name must have 1 to 200 characters"],
    ["NULL", "name must have 1 to 200 characters"],
    ["repeat('x', 201)", "name must have 1 to 200 characters"],
    ["'job', queue => ''", 'queue must be one name, without "*"'],
    ["'job', queue => 'mail*'", 'queue must be one name, without "*"'],
    ["'job', queue => NULL", 'queue must be one name, without "*"'],
    ["'job', to_json(repeat('x', 1048576))", "args must be at most 1048576 bytes of JSON"],
    ["'job', '{'", "invalid input syntax for type json"],
    ["'job', priority => 9007199254740992", "priority must be from -2^53 + 1 to 2^53 - 1"],
    ["'job', label => ''", "label must have 1 to 10000 characters"],
    ["'job', label => repeat('x', 10001)", "label must have 1 to 10000 characters"],
    ["'job', run_at => 'infinity'", "it must be due between 1970 and 9999"],
    ["'job', run_at => '-infinity'", "it must be due between 1970 and 9999"],
    ["'job', delay => '9000 years'", "it must be due between 1970 and 9999"],
  ])("refuses %s, saying: %s", async (values, sentence) => {
    await using world = await temporaryPostgres();
    const call = execute(world.url, `SELECT queue_runtime.enqueue(${values})`);
    await expect(call).rejects.toThrow(sentence);
    expect(await world.store.jobs.list({})).toEqual([]);
  });

  it("works in a trigger: the job lives and dies with the row that caused it", async () => {
    await using world = await temporaryPostgres();
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await client.query(`
      CREATE TABLE orders (id int PRIMARY KEY, customer text);
      CREATE FUNCTION order_came() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM queue_runtime.enqueue('order.confirm', to_json(NEW), label => NEW.customer);
        RETURN NULL;
      END $$;
      CREATE TRIGGER order_came AFTER INSERT ON orders
        FOR EACH ROW EXECUTE FUNCTION order_came();`);
    await client.query("INSERT INTO orders VALUES (1, 'Ada'), (2, 'Grace')");
    await client.query("BEGIN; INSERT INTO orders VALUES (3, 'nobody'); ROLLBACK");
    await client.end();
    const jobs = await world.store.jobs.list({});
    expect(jobs.map(({ args, label }) => ({ args, label }))).toEqual([
      { args: { id: 1, customer: "Ada" }, label: "Ada" },
      { args: { id: 2, customer: "Grace" }, label: "Grace" },
    ]);
  });

  it("is found by the poll of an idle host, though nobody was notified", async () => {
    await using world = await temporaryPostgres();
    const news: string[] = [];
    const watch = world.store.watch((what) => news.push(what), { pollMs: 100 });
    await execute(world.url, "SELECT queue_runtime.enqueue('job')");
    await waitFor(() => news.includes("ready"));
    await execute(world.url, "SELECT queue_runtime.enqueue('job', delay => '2 s')");
    await waitFor(() => news.includes("scheduled"));
    watch.close();
  });

  describe("queue_runtime.enqueue_many()", () => {
    it("enqueues many in one statement, in order, with args in an array of their own", async () => {
      await using world = await temporaryPostgres();
      const jobs = JSON.stringify([
        { name: "a" },
        { name: "b", queue: "mail", priority: 1, inMs: 60_000 },
        { name: "c", held: true },
      ]);
      const args = '[{"text": "\\u0000"}, null]';
      const rows = await execute<{ id: string; state: string }>(
        world.url,
        `SELECT id, state FROM queue_runtime.enqueue_many('${jobs}', '${args}')`,
      );
      expect(rows.map(({ state }) => state)).toEqual(["ready", "scheduled", "held"]);
      const listed = await world.store.jobs.list({});
      expect(listed.map(({ id }) => id)).toEqual(rows.map(({ id }) => Number(id)));
      expect(listed.map((job) => job.args)).toEqual([{ text: "\0" }, null, null]);
    });

    it("gives ids that go on where other ways to enqueue left off", async () => {
      await using world = await temporaryPostgres();
      const [first] = await enqueueAll(world.store, [{}]);
      await execute(world.url, "SELECT queue_runtime.enqueue('job')");
      const [third] = await enqueueAll(world.store, [{}]);
      const ids = (await world.store.jobs.list({})).map(({ id }) => id);
      expect(ids).toEqual([first, first! + 1, third]);
    });
  });
});
