// Who may only call the functions that enqueue cannot stop the queue: what nobody could take up is
// refused when it is given, and what came into a table by another way harms nobody else.

import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { slot } from "./contract/flow/words.ts";
import { enqueueAll, enqueueOne, jobOf, newWorker } from "./contract/world.ts";

const open = (batch: unknown, args: unknown = [null, null, null]): string =>
  `SELECT queue_runtime.open_batch('${JSON.stringify(batch)}', NULL, '${JSON.stringify(args)}')`;
const enqueue = (job: object): string =>
  `SELECT queue_runtime.enqueue_linked('${JSON.stringify([{ name: "job", ...job }])}', '[null]')`;
const gate = { kind: "concurrency", key: "k", limit: 1, ms: 1_000, onConflict: "block" };
const unique = { key: "u", states: ["ready"], forMs: null, onConflict: "exists" };

const refused: readonly (readonly [sql: string, sentence: string])[] = [
  [open({ onFinish: { queue: "x" } }), "onFinish: name must have 1 to 200 characters"],
  [open({ onFinish: [1] }), "onFinish must be an object"],
  [open({ onSuccess: { name: "x", after: [99] } }), "onSuccess must not have after"],
  [open({ onFailure: { name: "x", batchId: 1 } }), "onFailure must not have a batchId"],
  [open({ onFinish: { name: "x", gates: [{ ...gate, onConflict: "fail" }] } }), "must not fail"],
  [open({ onFinish: { name: "x", gates: [{ ...gate, limit: 0 }] } }), "the limit of a gate"],
  [open([]), "a batch must be an object"],
  [open({}, []), "callback_args must be an array with 3 entries"],
  [open({ description: "" }), "description must have 1 to 10000 characters"],
  [enqueue({ name: null }), "name must have 1 to 200 characters"],
  [enqueue({ queue: "*" }), 'queue must be one name, without "*"'],
  [enqueue({ priority: 2 ** 53 }), "priority must be from -2^53 + 1 to 2^53 - 1"],
  [enqueue({ at: -1 }), "it must be due between 1970 and 9999"],
  [enqueue({ inMs: "NaN" }), "it must be due between 1970 and 9999"],
  [enqueue({ gates: [{ ...gate, ms: "9223372036854775807" }] }), "ms of a gate"],
  [enqueue({ gates: [{ ...gate, kind: "fancy" }] }), "the kind of a gate must be"],
  [enqueue({ gates: [{ ...gate, key: "" }] }), "the key of a gate must have 1 to 400"],
  [enqueue({ gates: [{ ...gate, onConflict: "wait" }] }), "onConflict of a gate must be"],
  [enqueue({ gates: [{ ...gate, kind: "rate", onConflict: "fail" }] }), 'must be "block"'],
  [enqueue({ gates: Array(9).fill(gate) }), "gates must have at most 8 entries"],
  [enqueue({ uniques: [{ ...unique, states: [] }] }), "states of a unique key"],
  [enqueue({ uniques: [{ ...unique, states: ["asleep"] }] }), "states of a unique key"],
  [enqueue({ uniques: [{ ...unique, forMs: -1 }] }), "forMs of a unique key"],
  [enqueue({ uniques: [{ ...unique, onConflict: "no" }] }), "onConflict of a unique key"],
  [
    enqueue({ uniques: [{ ...unique, onConflict: "replace" }], after: [1] }),
    "a job that may replace another cannot come after others, or belong to a batch",
  ],
  [enqueue({ after: [1], ifDependencyFails: "hope" }), 'ifDependencyFails must be "fail" or "run"'],
];

describeThatNeedsPostgres("a call of an SQL function by hand", () => {
  it("is refused where nobody could do what it asks for, and nothing is stored", async () => {
    await using world = await temporaryPostgres();
    for (const [sql, sentence] of refused)
      await expect(execute(world.url, sql), sql).rejects.toThrow(sentence);
    expect(await world.store.jobs.list({})).toEqual([]);
    expect(await world.store.batches.list()).toEqual([]);
  });

  it("may leave out what has a default", async () => {
    await using world = await temporaryPostgres();
    await execute(world.url, "SELECT queue_runtime.open_batch('{\"onFinish\": null}', NULL, NULL)");
    await execute(world.url, enqueue({ gates: [gate], uniques: null }));
    expect(await world.store.jobs.list({})).toMatchObject([{ name: "job", state: "blocked" }]);
  });
});

describeThatNeedsPostgres("a callback that came into the table of batches by another way", () => {
  it("fails its batch, and no turn of anybody", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const batchId = await store.batches.open({ onFinish: { name: "first" } });
    const member = await enqueueOne(store, { batchId });
    await store.batches.seal(batchId);
    await execute(
      world.url,
      `UPDATE queue_runtime.batches SET on_success = '{"name": "x", "after": [99999]}'`,
    );
    const worker = await newWorker(store);
    const [other, next] = await enqueueAll(store, [{ gates: [slot("k")] }, { gates: [slot("k")] }]);
    for (const run of await worker.claim())
      await worker.settle(run, { outcome: "finished", result: null });
    expect((await jobOf(store, member)).state).toBe("finished");
    expect((await jobOf(store, other!)).state).toBe("finished");
    expect((await jobOf(store, next!)).state).toBe("ready");
    expect(await store.batches.find(batchId)).toMatchObject({ state: "failed" });
    const [row] = await execute<{ message: string }>(
      world.url,
      "SELECT error ->> 'message' AS message FROM queue_runtime.batches",
    );
    expect(row?.message).toContain("there is no job 99999 to come after");
  });
});
