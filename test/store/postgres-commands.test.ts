// Commands where several connections want something of them at once, and what jobs of modules pay
// for them: nothing. What every store does with commands is in contract/commands.

import type { Store } from "@queue-runtime/store";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { execute } from "../support/postgres/databases.ts";
import { type TemporaryPostgres, temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import {
  add,
  addAll,
  commandOf,
  done,
  failure,
  newRunner,
  someCommand,
  stateOf,
  success,
} from "./contract/commands/words.ts";
import { ids } from "./contract/world.ts";

const now = { held: false } as const;

/** Closed before its database is dropped. */
async function connect(url: string): Promise<AsyncDisposable & Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

async function count({ url }: TemporaryPostgres, table: string): Promise<number> {
  return (await execute(url, `SELECT FROM queue_runtime.${table}`)).length;
}

async function several(world: TemporaryPostgres, amount: number): Promise<readonly Store[]> {
  return Promise.all(Array.from({ length: amount }, () => world.connect()));
}

/** What a version does that knows nothing of commands, when a job ends and when it is retried. */
const columns = `id, priority, run_at, created_at, started_at, progress_done, progress_total,
  attempts, interruptions, crashes, crashes_since_checkpoint, fence, name, kind, queue,
  concurrency_key, unique_key, label, args, cursor, error, batch_id, linked`;
const endAs = (state: string): string => `WITH gone AS (
    DELETE FROM queue_runtime.jobs WHERE id = $1 RETURNING ${columns}, state AS was
  ) INSERT INTO queue_runtime.ended_jobs (${columns}, ended_from, state, finished_at)
  SELECT gone.*, '${state}', 0 FROM gone`;
const retry = `WITH gone AS (
    DELETE FROM queue_runtime.ended_jobs WHERE id = $1 RETURNING ${columns}
  ) INSERT INTO queue_runtime.jobs (${columns}, state, returned)
  SELECT gone.*, 'ready', true FROM gone`;

describeThatNeedsPostgres("commands on a server", () => {
  describe("two who claim the same commands at once", () => {
    it("get each of them once", async () => {
      await using world = await temporaryPostgres();
      const all = await addAll(
        world.store,
        Array.from({ length: 60 }, () => ({})),
      );
      const stores = await several(world, 4);
      const claimed = await Promise.all(
        stores.map(async (store) => (await newRunner(store)).claim(all)),
      );
      expect(ids(claimed.flat()).toSorted((a, b) => a - b)).toEqual(all);
    });

    it("get none that an editor has locked, not even while he is about to", async () => {
      await using world = await temporaryPostgres();
      const [locked, free] = (await addAll(world.store, [{}, {}])) as [number, number];
      await using editor = await connect(world.url);
      await editor.query("BEGIN");
      await editor.query(
        "UPDATE queue_runtime.commands SET locked_until = 9e15, lock_owner = 'x' WHERE job_id = $1",
        [locked],
      );
      const runner = await newRunner(world.store);
      expect(ids(await runner.claim([locked, free]))).toEqual([free]);
      await editor.query("COMMIT");
      expect(await runner.claim([locked])).toEqual([]);
      expect(await world.store.commands.force([locked])).toMatchObject([{ outcome: "refused" }]);
    });

    it("never begin one that somebody locks at the same time", async () => {
      await using world = await temporaryPostgres();
      const [editor, ...stores] = await several(world, 3);
      const runners = await Promise.all(stores.map(newRunner));
      for (let n = 0; n < 40; n += 1) {
        const id = await add(world.store);
        const [[answer], ...claims] = await Promise.all([
          editor!.commands.lock([id], { owner: "me", forMs: 60_000 }),
          ...runners.map((runner) => runner.claim([id])),
        ]);
        const isLocked = answer?.outcome === "done";
        expect(claims.flat()).toHaveLength(isLocked ? 0 : 1);
      }
    });
  });

  describe("many who act on the same commands at once", () => {
    it("are all answered, and what is said of each of them stays true", async () => {
      await using world = await temporaryPostgres();
      const { store } = world;
      await store.commands.setGroup("default", { pauseOnFailure: true });
      const first = await addAll(
        store,
        Array.from({ length: 6 }, () => ({})),
      );
      const then = await addAll(
        store,
        first.map((id) => ({ after: [id, first[0]!].filter((each, n) => n === 0 || each !== id) })),
      );
      const all = [...first, ...then];
      const back = all.toReversed();
      const [a, b, c, d, e] = (await several(world, 5)) as [Store, Store, Store, Store, Store];
      const runner = await newRunner(e);
      const times = async (work: () => Promise<unknown>): Promise<void> => {
        for (let n = 0; n < 12; n += 1) await work();
      };
      await Promise.all([
        times(() => a.commands.stash(all, { delayMs: null })),
        times(() => b.commands.letGo(back, { delayMs: null })),
        times(() => c.commands.restart(back, now)),
        times(() => d.commands.force(all)),
        times(() => d.queues.resume("default")),
        times(async () => {
          for (const run of await runner.claim(back, { evenPaused: true }))
            await runner.settle(run, run.id % 2 === 0 ? success : failure(1));
        }),
      ]);
      expect(await store.commands.list({})).toHaveLength(all.length);
      const copies =
        "SELECT FROM queue_runtime.commands JOIN queue_runtime.all_jobs ON id = job_id";
      const wrong = await execute(world.url, `${copies} WHERE job_state <> state`);
      expect(wrong).toEqual([]);
    });

    it("may fail at once in a group that pauses then, and it is paused once", async () => {
      await using world = await temporaryPostgres();
      await world.store.commands.setGroup("default", { pauseOnFailure: true });
      const all = await addAll(world.store, [{}, {}, {}, {}]);
      const stores = await several(world, 4);
      const runs = await Promise.all(
        stores.map(async (store, n) => {
          const runner = await newRunner(store);
          return { runner, run: await runner.start(all[n]!) };
        }),
      );
      await Promise.all(runs.map(({ runner, run }) => runner.settle(run, failure(1))));
      expect(await count(world, "paused_queues")).toBe(1);
    });
  });

  describe("the environment of commands", () => {
    it("is stored once, however many add it at once", async () => {
      await using world = await temporaryPostgres();
      const stores = await several(world, 4);
      await Promise.all(stores.map((store) => addAll(store, [{}, {}, {}])));
      expect(await count(world, "environments")).toBe(1);
      expect(await count(world, "commands")).toBe(12);
    });

    it("is never taken from somebody who adds a command while the last one is removed", async () => {
      await using world = await temporaryPostgres();
      const [one, other] = (await several(world, 2)) as [Store, Store];
      let last = await add(one);
      for (let n = 0; n < 40; n += 1) {
        const [next] = await Promise.all([add(one), other.commands.remove([last])]);
        expect(await one.commands.environment(next)).toEqual(someCommand().environment);
        last = next;
      }
      await one.commands.remove([last]);
      // whoever was in the way is cleared away with what is old
      await one.jobs.clear({ finishedMs: 1e9, cancelledMs: 1e9, failedMs: 1e9 }, 100);
      expect(await count(world, "environments")).toBe(0);
    });

    it("of a transaction that stays open holds nobody up who has the same one", async () => {
      await using world = await temporaryPostgres();
      await using application = await connect(world.url);
      await application.query("BEGIN");
      const job = { name: "command", kind: "command", command: someCommand() } as const;
      const [early] = await world.store.in(application).enqueue([job]);
      const began = performance.now();
      const id = await add(world.store);
      await world.store.commands.setVariable(id, "MORE", "1");
      expect(performance.now() - began).toBeLessThan(within(1_000));
      await application.query("COMMIT");
      expect(await world.store.commands.environment(early!.id)).toEqual(someCommand().environment);
      await waitFor(async () => (await stateOf(world.store, early!.id)) === "ready");
    });
  });

  describe("a command that an older version ends, retries and deletes", () => {
    it("keeps its row for as long as its job is there, and knows its state", async () => {
      await using world = await temporaryPostgres();
      const { store, url } = world;
      const id = await add(store, { after: [await add(store)] });
      await using old = await connect(url);
      await old.query("UPDATE queue_runtime.jobs SET state = 'held' WHERE id = $1", [id]);
      expect(await store.commands.list({ states: ["held"] })).toMatchObject([{ id }]);
      await old.query(endAs("cancelled"), [id]);
      expect(await store.commands.list({ states: ["cancelled"] })).toMatchObject([{ id }]);
      await old.query(retry, [id]);
      expect(ids(await store.commands.list({ states: ["ready"] }))).toContain(id);
      await old.query("DELETE FROM queue_runtime.jobs WHERE id = $1", [id]);
      expect(await store.commands.find(id)).toBeNull();
      expect(await count(world, "command_after")).toBe(0);
    });

    it("is resumed with its group: those who waited for that hear of it", async () => {
      await using world = await temporaryPostgres();
      const { store, url } = world;
      const runner = await newRunner(store);
      const id = await add(store);
      const last = await add(store, { after: [id] });
      await store.queues.pause("default");
      await runner.settle((await runner.claim([id], { evenPaused: true }))[0]!, failure(1));
      expect(await stateOf(store, last)).toBe("waiting");
      await execute(url, "DELETE FROM queue_runtime.paused_queues");
      await store.jobs.turn({
        processId: runner.id,
        settlements: [],
        checkpoints: [],
        claim: { queues: [], names: ["command"], limit: 1, idle: true, ids: [last] },
      });
      await waitFor(async () => (await stateOf(store, last)) === "failed");
      expect((await commandOf(store, last)).command.endedBy).toBe("dependency");
    });
  });

  it("is enqueued with very many others, and they have one environment", async () => {
    await using world = await temporaryPostgres();
    const all = await addAll(
      world.store,
      Array.from({ length: 6_000 }, (_, n) => ({ command: { line: `echo ${n}` } })),
    );
    expect(await count(world, "environments")).toBe(1);
    const last = await world.store.commands.list({ last: 1 });
    expect(last).toMatchObject([{ id: all.at(-1), command: { line: "echo 5999" } }]);
    expect(await world.store.commands.remove(all)).toEqual(done(...all));
    expect([await count(world, "commands"), await count(world, "environments")]).toEqual([0, 0]);
  });

  describe("jobs of modules", () => {
    it("have no trigger of commands: each looks at what ties a job to others first", async () => {
      await using world = await temporaryPostgres();
      const triggers = await execute<{ definition: string }>(
        world.url,
        `SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE NOT tgisinternal
          AND tgrelid IN ('queue_runtime.jobs'::regclass, 'queue_runtime.ended_jobs'::regclass)`,
      );
      const open = triggers.filter(({ definition }) => !definition.includes(" WHEN "));
      expect(open).toEqual([]);
      expect(triggers.filter(({ definition }) => definition.includes("command"))).toEqual([]);
      const indexes = await execute<{ indexdef: string }>(
        world.url,
        `SELECT indexdef FROM pg_indexes WHERE schemaname = 'queue_runtime'
          AND tablename IN ('jobs', 'ended_jobs') AND indexdef LIKE '%kind%'`,
      );
      expect(indexes).toEqual([]);
    });
  });
});
