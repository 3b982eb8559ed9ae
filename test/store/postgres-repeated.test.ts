// A turn whose answer got lost is repeated, and meanwhile the world has gone on: what the first one
// had settled was not refused, however far others have come with the job.

import type { Job } from "@queue-runtime/store";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { type TemporaryPostgres, temporaryPostgres } from "../support/postgres.ts";
import { boom, type Ending, enqueueOne, newWorker, type Worker } from "./contract/world.ts";

/** Settles the run as a turn does that comes after one nobody knows the fate of. */
async function settleAgain(
  { store }: TemporaryPostgres,
  { id: processId }: Worker,
  [{ id, fence }, ending]: [job: Job, ending: Ending],
) {
  const settlements = [{ id, fence, ...ending }];
  const holding = [{ id, fence }];
  return await store.jobs.turn({ processId, settlements, checkpoints: [], claim: null, holding });
}

const handedBack: readonly Ending[] = [
  { outcome: "interrupted", delayMs: 0 },
  { outcome: "interrupted", delayMs: 60_000, cursor: 7 },
  { outcome: "released" },
  { outcome: "crashed" },
];
const again: readonly Ending[] = [
  ...handedBack.filter((ending) => !("delayMs" in ending && ending.delayMs > 0)),
  { outcome: "failed", error: boom, retryDelayMs: 0 },
];
const done: Ending = { outcome: "finished", result: "done" };

describeThatNeedsPostgres("a settlement that is repeated", () => {
  it.each(handedBack)("is not refused where the job waits: %j", async (ending) => {
    await using world = await temporaryPostgres();
    const worker = await newWorker(world.store);
    const id = await enqueueOne(world.store);
    const job = await worker.claimOne();
    await settleAgain(world, worker, [job, ending]);
    const before = await world.store.jobs.find(id);
    const answer = await settleAgain(world, worker, [job, ending]);
    expect(answer).toMatchObject({ refused: [], evicted: false });
    expect(await world.store.jobs.find(id)).toEqual(before);
    expect(before).toMatchObject({ fence: job.fence + 1, processId: null });
  });

  it.each(again)("is not refused where somebody else has the job by now: %j", async (ending) => {
    await using world = await temporaryPostgres();
    const [worker, other] = [await newWorker(world.store), await newWorker(world.store)];
    const id = await enqueueOne(world.store);
    const job = await worker.claimOne();
    await settleAgain(world, worker, [job, ending]);
    const taken = await other.claimOne();
    expect((await settleAgain(world, worker, [job, ending])).refused).toEqual([]);
    expect(await world.store.jobs.find(id)).toMatchObject({
      state: "running",
      fence: taken.fence,
      processId: other.id,
    });
    await other.settle(taken, done);
    expect((await settleAgain(world, worker, [job, ending])).refused).toEqual([]);
    expect(await world.store.jobs.find(id)).toMatchObject({ state: "finished", result: "done" });
  });

  it.each([...again, done])("is refused where the run was recovered: %j", async (ending) => {
    await using world = await temporaryPostgres();
    const [cutOff, other] = [await newWorker(world.store), await newWorker(world.store)];
    const id = await enqueueOne(world.store);
    const job = await cutOff.claimOne();
    await cutOff.dies();
    const refused = { refused: [{ id, fence: job.fence }], evicted: true };
    expect(await settleAgain(world, cutOff, [job, ending])).toMatchObject(refused);
    await other.claimOne();
    expect(await settleAgain(world, cutOff, [job, ending])).toMatchObject(refused);
    expect(await world.store.jobs.find(id)).toMatchObject({ crashes: 1, processId: other.id });
  });
});
