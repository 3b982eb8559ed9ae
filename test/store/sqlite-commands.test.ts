// Commands in a SQLite file: what somebody at a SQL prompt can do to them, how an older file gets
// them, several connections that want the same ones, and what a hundred thousand cost.

import { DatabaseSync } from "node:sqlite";
import { type CommandQuery, openStore, type Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { applicationId } from "../../packages/store/src/sqlite/driver/inspect.ts";
import { jobs as firstSchema } from "../../packages/store/src/sqlite/migrations/1-jobs.ts";
import { flow as secondSchema } from "../../packages/store/src/sqlite/migrations/2-flow.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import {
  add,
  addAll,
  commandOf,
  newRunner,
  queuedIn,
  someCommand,
  stateOf,
} from "./contract/commands/words.ts";
import { slot } from "./contract/flow/words.ts";
import { ids } from "./contract/world.ts";

function byHand(path: string, sql: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec(sql);
  database.close();
}

describe("somebody at a SQL prompt", () => {
  it.each(["OFF", "ON"])(
    "moves a command, and the list knows: recursive_triggers = %s",
    async (on) => {
      await using world = await temporaryStore();
      const { store } = world;
      const gates = [slot("key")];
      const [a, b] = (await addAll(store, [{ gates }, { gates, held: true }])) as [number, number];
      const pragma = `PRAGMA recursive_triggers = ${on}`;
      byHand(world.path, `${pragma}; UPDATE jobs SET state = 'ready' WHERE id = ${b}`);
      expect(ids(await store.commands.list({ states: ["blocked"] }))).toEqual([b]);
      byHand(world.path, `${pragma}; DELETE FROM jobs WHERE id = ${a}`);
      await store.flow.maintain(10);
      expect(ids(await store.commands.list({ states: ["ready"] }))).toEqual([b]);
      expect(await store.commands.list({})).toHaveLength(1);
    },
  );

  it("ends a pause, and those who waited for that hear the bad news", async () => {
    await using world = await temporaryStore();
    const { store } = world;
    const first = await add(store);
    const id = await add(store, { after: [first] });
    await store.queues.pause("default");
    await store.jobs.cancel([first]);
    expect(await stateOf(store, id)).toBe("waiting");
    byHand(world.path, "DELETE FROM paused_queues");
    await store.flow.maintain(10);
    expect(await stateOf(store, id)).toBe("failed");
  });
});

describe("a file of the second schema", () => {
  it("keeps what it has, and has a place for commands", async () => {
    using folder = temporaryFolder();
    const path = `${folder.path}/old.sqlite`;
    const insert = `INSERT INTO jobs (name, kind, queue, state, priority, run_at, created_at, linked)
      VALUES ('job', 'module', 'default', 'ready', 0, 0, 0, 1)`;
    const mark = `PRAGMA user_version = 2; PRAGMA application_id = ${applicationId};`;
    byHand(path, `${firstSchema} ${secondSchema} ${insert}; ${mark}`);
    const store = await openStore(`sqlite:${path}`);
    try {
      expect(await store.migrate()).toMatchObject({ from: 2, to: 3 });
      const id = await add(store, { after: [1] });
      const runner = await newRunner(store);
      const [job] = await runner.claim([1], { names: ["job"] });
      await runner.settle(job!, { outcome: "finished", result: null });
      expect(await queuedIn(store)).toEqual([id]);
    } finally {
      await store.close();
    }
  });
});

describe("a command in a transaction of the application", () => {
  it("is there when that commits, and nothing of it when it does not", async () => {
    await using world = await temporaryStore();
    const database = new DatabaseSync(world.path);
    const jobs = [{ name: "x", kind: "command" as const, command: someCommand() }];
    for (const end of ["ROLLBACK", "COMMIT"]) {
      database.exec("BEGIN IMMEDIATE");
      const id = (await world.store.in(database).enqueue(jobs))[0]!.id;
      const nowhere = jobs.map((job) => ({ ...job, queue: "nowhere" }));
      await expect(world.store.in(database).enqueue(nowhere)).rejects.toThrow(/no group/);
      database.exec(end);
      expect(await stateOf(world.store, id)).toBe(end === "COMMIT" ? "ready" : "gone");
    }
    const rows = database.prepare("SELECT count(*) AS count FROM environments").get();
    expect(rows).toEqual({ count: 1 });
    database.close();
  });
});

describe("several connections", () => {
  it("that claim, stash and force the same commands begin each at most once", async () => {
    await using world = await temporaryStore();
    const { store } = world;
    const all = await addAll(store, Array(60).fill({}));
    const stores = [store, await world.connect(), await world.connect()];
    const begun: number[] = [];
    const act = async (own: Store, n: number): Promise<void> => {
      const runner = await newRunner(own);
      for (let at = 0; at < all.length; at += 3) {
        const some = all.slice(at, at + 3);
        if (n === 1) await own.commands.stash(some, { delayMs: null });
        await own.commands.force(some);
        begun.push(...ids(await runner.claim(some)));
      }
    };
    await Promise.all(stores.map(act));
    expect([...begun].sort((a, b) => a - b)).toEqual(all);
  });
});

const many = 100_000;
const page = 1_000;

/** The median of several, in milliseconds. */
async function cost(act: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    const began = performance.now();
    await act();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[4]!;
}

describe("a hundred thousand commands", () => {
  it("are listed and queued without a walk over all of them, and have one environment", async () => {
    await using world = await temporaryStore({ durability: "normal" });
    const { store } = world;
    const some = Array.from({ length: page }, (_, n) => ({ label: `label ${n}` }));
    for (let n = 0; n < many; n += page) await addAll(store, some);
    const queries: CommandQuery[] = [
      { first: 20 },
      { last: 20 },
      { states: ["failed"] },
      { states: ["ready", "running"], last: 20 },
      { groups: ["default"], last: 20 },
      { orderBy: { field: "label", descending: true }, first: 20 },
      { orderBy: { field: "end", descending: false }, last: 20 },
      { where: [{ field: "command", operator: "contains", value: "nothing" }], first: 20 },
    ];
    const database = new DatabaseSync(world.path);
    const everything = database.prepare("SELECT sum(length(line || directory)) FROM commands");
    // by the pace of the machine: to sort or to search takes several walks, all else far below one
    const walk = await cost(() => everything.get());
    for (const query of queries)
      expect([query, await cost(() => store.commands.list(query))]).toEqual([
        query,
        expect.toSatisfy((ms: number) => ms < 20 * walk),
      ]);
    const { commands } = store;
    expect(await cost(() => commands.queued([{ name: "default", limit: 4 }]))).toBeLessThan(walk);
    expect(await cost(() => commands.outstanding())).toBeLessThan(walk);
    expect(await cost(() => commands.groupSettings())).toBeLessThan(walk);
    expect(await cost(() => commands.groups())).toBeLessThan(5 * walk);
    const rows = database.prepare("SELECT count(*) AS count FROM environments").get();
    expect(rows).toEqual({ count: 1 });
    database.close();
    expect(await commandOf(store, many)).toMatchObject({ label: `label ${page - 1}` });
  });
});
