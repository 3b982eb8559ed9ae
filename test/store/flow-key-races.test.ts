// Thousands of jobs of one key with one slot, enqueued and finished by several processes at once; and
// jobs that are to come after others which end at that very moment. Nothing may be left behind.

import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { atLength, raceTimeoutMs } from "../support/at-length.ts";
import { leftovers } from "../support/flow/tables.ts";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { statesOf } from "./contract/flow/words.ts";
import { boom, enqueueOne, newWorker, type OpenStore } from "./contract/world.ts";
import type { Finished } from "./flow-races/finisher.ts";

const program = new URL("./flow-races/finisher.ts", import.meta.url);

const nothing = {
  "jobs that live": 0,
  "slots that are held": 0,
  "gates of no job": 0,
  "gates that wait": 0,
  "unique keys": 0,
  dependencies: 0,
  "touched jobs": 0,
};

async function finisher(url: string, jobs: number): Promise<Finished> {
  const child = fork(program, [url], { execArgv: ["--conditions=source"], stdio: "inherit" });
  child.send(jobs);
  const [answer] = (await once(child, "message")) as [Finished];
  await once(child, "exit");
  return answer;
}

interface Size {
  readonly jobs: number;
  readonly rounds: number;
}

function races(open: OpenStore, { jobs, rounds }: Size): void {
  it("thousands of enqueues and ends on one key run one by one and leave nothing behind", async () => {
    await using world = await open();
    const children = [1, 2, 3, 4].map(() => finisher(world.url, jobs / 4));
    const answers = await Promise.all(children);
    expect(answers.map(({ error }) => error)).toEqual([null, null, null, null]);
    const runs = answers.flatMap((answer) => answer.runs).sort((a, b) => a.from - b.from);
    expect(runs).toHaveLength(jobs);
    const crowded = runs.filter(({ from }, n) => n > 0 && from < runs[n - 1]!.to);
    expect(crowded).toEqual([]);
    expect((await world.store.jobs.count()).finished).toBe(jobs);
    expect(await leftovers(world.url)).toEqual(nothing);
  });

  it("a job that is to come after one that just ends does not wait for ever", async () => {
    await using world = await open();
    const { store } = world;
    const other = await world.connect();
    const worker = await newWorker(store);
    const settle = async (ids: readonly number[]): Promise<void> => {
      const left = new Set(ids);
      const what = `jobs ${ids} to be ready`;
      await waitFor(
        async () => {
          for (const job of await worker.claim({ limit: 10 })) {
            await worker.settle(job, { outcome: "finished", result: null });
            left.delete(job.id);
          }
          return left.size === 0;
        },
        { what },
      );
    };
    for (let n = 0; n < rounds; n += 1) {
      const first = await enqueueOne(store);
      const second = await enqueueOne(store, { after: [first] });
      const [third] = await Promise.all([enqueueOne(other, { after: [first] }), settle([first])]);
      const [fourth] = await Promise.all([
        enqueueOne(other, { after: [second] }),
        settle([second, third]),
      ]);
      await settle([fourth]);
    }
    expect(await leftovers(world.url)).toEqual(nothing);
  });

  it("a job that is to come after one that fails in vain at that moment fails, too", async () => {
    await using world = await open();
    const { store } = world;
    const other = await world.connect();
    const worker = await newWorker(store);
    const failed: number[] = [];
    for (let n = 0; n < rounds; n += 1) {
      const first = await enqueueOne(store);
      const second = await enqueueOne(store, { after: [first] });
      const job = await worker.claimOne();
      const [third] = await Promise.all([
        enqueueOne(other, { after: [second] }),
        worker.settle(job, { outcome: "failed", error: boom, retryDelayMs: null }),
      ]);
      failed.push(first, second, third);
    }
    const over = async (): Promise<boolean> => {
      await worker.look();
      return (await store.jobs.count()).waiting === 0;
    };
    await waitFor(over, { what: "nobody to wait any more" });
    expect(new Set(await statesOf(store, failed))).toEqual(new Set(["failed"]));
    expect(await leftovers(world.url)).toEqual(nothing);
  });
}

describe("one key on SQLite", { timeout: raceTimeoutMs }, () => {
  races(temporaryStore, { jobs: atLength(10_000, 6_000), rounds: 150 });
});

describeThatNeedsPostgres("one key on PostgreSQL", () => {
  describe("of several processes", { timeout: raceTimeoutMs }, () => {
    races(temporaryPostgres, { jobs: atLength(10_000, 2_400), rounds: atLength(150, 50) });
  });
});
