// What the triggers of SQLite promise to those who know nothing of slots and keys: an older version
// of this program, a person at a SQL prompt, and a file that was written before there were any.

import { DatabaseSync } from "node:sqlite";
import { openStore } from "@queue-runtime/store";
import { expect, it } from "vitest";
import { applicationId } from "../../packages/store/src/sqlite/driver/inspect.ts";
import { jobs as firstSchema } from "../../packages/store/src/sqlite/migrations/1-jobs.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { finish, slot, statesOf } from "./contract/flow/words.ts";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker } from "./contract/world.ts";

function byHand(path: string, sql: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

it("whoever makes a job ready by hand cannot make it ready without its slots", async () => {
  await using world = await temporaryStore();
  const { store } = world;
  const gates = [slot("key")];
  const [first, due] = await enqueueAll(store, [{ gates }, { gates, delayMs: 3_600_000 }]);
  byHand(world.path, `UPDATE jobs SET state = 'ready' WHERE id = ${due}`);
  expect(await statesOf(store, [first!, due!])).toEqual(["ready", "blocked"]);
  const worker = await newWorker(store);
  await finish(worker, await worker.claimOne());
  expect(await statesOf(store, [first!, due!])).toEqual(["finished", "ready"]);
});

it("whoever ends a job by hand frees its slot and its key for those to come", async () => {
  await using world = await temporaryStore();
  const { store } = world;
  const gates = [slot("key")];
  const [first, second] = await enqueueAll(store, [{ gates }, { gates }]);
  const after = await enqueueOne(store, { after: [first!], ifDependencyFails: "run" });
  const worker = await newWorker(store);
  await worker.claimOne();
  const end = "state = 'failed', finished_at = 1, process_id = NULL";
  byHand(world.path, `UPDATE jobs SET ${end} WHERE id = ${first}`);
  await worker.look();
  expect(await statesOf(store, [second!, after])).toEqual(["ready", "ready"]);
});

it("more than one transaction has room for is taken up by the next turns that want nothing", async () => {
  await using world = await temporaryStore();
  const { store } = world;
  const targets = await enqueueAll(store, Array(2_500).fill({}));
  const waiting = await enqueueAll(
    store,
    targets.map((id) => ({ after: [id] })),
  );
  byHand(world.path, `DELETE FROM jobs WHERE id <= ${targets.at(-1)}`);
  const worker = await newWorker(store);
  for (let turn = 0; turn < 10; turn += 1) await worker.look();
  expect(await store.jobs.count()).toMatchObject({ waiting: 0, failed: waiting.length });
  expect((await jobOf(store, waiting.at(-1)!)).error).toMatchObject({ name: "DependencyError" });
});

it("a connection with recursive triggers changes nothing about that", async () => {
  await using world = await temporaryStore();
  const { store } = world;
  const gates = [slot("key")];
  const [first, due] = await enqueueAll(store, [{ gates }, { gates, delayMs: 3_600_000 }]);
  const move = `UPDATE jobs SET state = 'ready' WHERE id = ${due}`;
  byHand(world.path, `PRAGMA recursive_triggers = ON; ${move}`);
  expect(await statesOf(store, [first!, due!])).toEqual(["ready", "blocked"]);
  byHand(world.path, `PRAGMA recursive_triggers = ON; DELETE FROM jobs WHERE id = ${first}`);
  const worker = await newWorker(store);
  expect(ids([await worker.claimOne()])).toEqual([due]);
});

it("a file of the first schema keeps its jobs, their order and their states", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/old.sqlite`;
  const row = "('job', 'module', 'default', 'ready', 0, 0, 0)";
  const insert = `INSERT INTO jobs (name, kind, queue, state, priority, run_at, created_at)
    VALUES ${Array(50).fill(row).join(", ")}`;
  const mark = `PRAGMA user_version = 1; PRAGMA application_id = ${applicationId};`;
  byHand(path, `${firstSchema} ${insert}; UPDATE jobs SET priority = -1 WHERE id = 9; ${mark}`);
  const store = await openStore(`sqlite:${path}`);
  try {
    expect(await store.migrate()).toMatchObject({ from: 1 });
    const gated = await enqueueOne(store, { gates: [slot("key")] });
    const worker = await newWorker(store);
    const claimed = await worker.claim({ limit: 100 });
    const rest = Array.from({ length: 50 }, (_, n) => n + 1).filter((id) => id !== 9);
    expect(ids(claimed)).toEqual([9, ...rest, gated]);
    await finish(worker, ...claimed);
    expect(await store.jobs.count()).toMatchObject({ finished: 51, running: 0 });
  } finally {
    await store.close();
  }
});
