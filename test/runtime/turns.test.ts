// A worker's turns over a link that breaks: nothing is lost, nothing is done twice, and memory stays
// bounded meanwhile.

import type { Claim, Held, Job, Settlement } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { Turns, type TurnsOwner } from "../../packages/runtime/src/worker/turns.ts";
import { someProcess } from "../store/contract/world.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { CutLink } from "./support/cut-link.ts";
import { notedLog } from "./support/noted-log.ts";

/** A worker that takes up to `limit` jobs when told to, and never runs them. */
class Owner implements TurnsOwner {
  readonly processId: number;
  readonly jobs = new Map<number, Job>();
  readonly lost: Held[] = [];
  limit = 0;
  recovered = 0;

  constructor(processId: number) {
    this.processId = processId;
  }

  wanted(): Claim | null {
    const limit = this.limit - this.jobs.size;
    return limit > 0 ? { queues: ["*"], names: ["job"], limit, idle: true } : null;
  }

  held(): readonly Held[] {
    return [...this.jobs.values()].map(({ id, fence }) => ({ id, fence }));
  }

  claimed({ claimed }: { claimed: readonly Job[] }): void {
    for (const job of claimed) this.jobs.set(job.id, job);
  }

  refused(id: number, fence: number): void {
    this.lost.push({ id, fence });
  }

  cancelRequested(): void {}

  evicted(): void {}

  madeReady(): void {}

  asked(): void {}

  wellAgain(): void {
    this.recovered += 1;
  }
}

async function newWorld(jobs: number) {
  const { store, [Symbol.asyncDispose]: dispose } = await temporaryStore();
  const link = new CutLink(store);
  const log = notedLog();
  const owner = new Owner(await store.processes.register(someProcess()));
  const health = new StoreHealth(log, () => 0);
  const turns = new Turns(link.store, health, owner);
  await store.jobs.enqueue(Array(jobs).fill({ name: "job" }));
  const finish = ({ id, fence }: Held): void => {
    owner.jobs.delete(id);
    turns.settle({ id, fence, outcome: "finished", result: id });
  };
  const flushed = (): Promise<boolean> => {
    const until = performance.now() + 5_000;
    return turns.flush(() => (performance.now() < until ? Number.POSITIVE_INFINITY : 0));
  };
  const claim = async (limit: number): Promise<readonly Job[]> => {
    owner.limit = limit;
    turns.request();
    await waitFor(() => owner.jobs.size === limit);
    return [...owner.jobs.values()];
  };
  return {
    ...{ store, link, log, owner, turns, finish, flushed, claim },
    [Symbol.asyncDispose]: dispose,
  };
}

const finishedIn = async (world: Awaited<ReturnType<typeof newWorld>>): Promise<number> =>
  (await world.store.jobs.count()).finished;

describe("turns over a link that breaks", () => {
  it("keep what ended until it is stored, claim nothing meanwhile, and say so once", async () => {
    await using world = await newWorld(10);
    const { link, log, owner, turns } = world;
    const jobs = await world.claim(3);
    link.state = "cut";
    const before = link.turns.length;
    jobs.forEach(world.finish);
    await waitFor(() => link.turns.length >= before + 4);
    expect(owner.jobs.size).toBe(0);
    const tries = link.turns.slice(before + 1);
    expect(tries.every(({ claim, holding }) => claim === null && holding !== undefined)).toBe(true);
    expect(await world.store.jobs.count()).toMatchObject({ ready: 7, running: 3, finished: 0 });

    link.state = "whole";
    expect(await world.flushed()).toBe(true);
    await waitFor(() => owner.recovered === 1);
    expect(await finishedIn(world)).toBe(3);
    turns.request();
    await waitFor(() => owner.jobs.size === 3);
    expect(log.types).toEqual(["store-trouble", "store-well"]);
    expect(link.turns.at(-1)!.holding).toBeUndefined();
    expect(owner.lost).toEqual([]);
  });

  it("claim less and less often where claims alone fail, say so once, and store ends at once", async () => {
    await using world = await newWorld(4);
    const { link, log, owner, turns } = world;
    const [job] = await world.claim(1);
    link.claims = "cut";
    owner.wellAgain = () => turns.request({ look: true });
    owner.limit = 2;
    turns.request();
    await waitFor(() => link.claimsAt.length >= 7);
    const gaps = link.claimsAt.slice(2).map((at, n) => at - link.claimsAt[n + 1]!);
    for (const [n, least] of [25, 50, 100, 250, 500].entries()) {
      expect(gaps[n]).toBeGreaterThanOrEqual(least - 2);
    }
    world.finish(job!);
    expect(await world.flushed()).toBe(true);
    expect(log.types).toEqual(["store-trouble"]);
    link.claims = "whole";
    await waitFor(() => owner.jobs.size === 2);
    expect(log.types).toEqual(["store-trouble", "store-well"]);
  });

  it("say that all is well, too, when what could not be claimed is wanted no more", async () => {
    await using world = await newWorld(1);
    const { link, log, owner, turns } = world;
    link.claims = "cut";
    owner.limit = 1;
    turns.request();
    await waitFor(() => owner.recovered === 1);
    owner.limit = 0;
    await waitFor(() => log.types.includes("store-well"));
    expect(log.types).toEqual(["store-trouble", "store-well"]);
  });

  it("release what was claimed unheard, and the next claim gets it", async () => {
    await using world = await newWorld(3);
    const { link, owner, store, turns } = world;
    const [kept] = await world.claim(1);
    link.state = "deaf";
    owner.limit = 3;
    turns.request();
    await waitFor(async () => (await store.jobs.count()).running === 3);
    link.state = "whole";
    await waitFor(() => owner.recovered === 1);
    expect(owner.held()).toEqual([{ id: kept!.id, fence: kept!.fence }]);
    expect(await store.jobs.count()).toMatchObject({ running: 1, ready: 2 });
    for (const job of await world.claim(3)) expect(job).toMatchObject({ attempts: 1, crashes: 0 });
  });

  it("repeat an end that was taken unheard, and nobody is told that it came too late", async () => {
    await using world = await newWorld(2);
    const { link, owner } = world;
    const jobs = await world.claim(2);
    link.state = "deaf";
    owner.limit = 0;
    jobs.forEach(world.finish);
    await waitFor(async () => (await finishedIn(world)) === 2);
    link.state = "whole";
    expect(await world.flushed()).toBe(true);
    expect(owner.lost).toEqual([]);
    expect(await world.store.jobs.list({})).toMatchObject([
      { state: "finished", attempts: 1, fence: 1 },
      { state: "finished", attempts: 1, fence: 1 },
    ]);
  });

  it("hand a job back once that they handed back and claimed again unheard", async () => {
    await using world = await newWorld(1);
    const { link, owner, store, turns } = world;
    const [job] = await world.claim(1);
    const { id, fence } = job!;
    link.state = "deaf";
    owner.jobs.delete(id);
    turns.settle({ id, fence, outcome: "interrupted", delayMs: 0, cursor: 7 });
    await waitFor(async () => (await store.jobs.find(id))!.fence > fence);
    owner.limit = 0;
    link.state = "whole";
    expect(await world.flushed()).toBe(true);
    const expected = { state: "ready", cursor: 7, interruptions: 1, attempts: 0, crashes: 0 };
    expect(await store.jobs.find(id)).toMatchObject(expected);
  });

  it("keep of each run only the newest position, however long it lasts", async () => {
    await using world = await newWorld(2);
    const { link, turns, store } = world;
    const jobs = await world.claim(2);
    link.state = "cut";
    for (let item = 1; item <= 100; item += 1) {
      for (const { id, fence } of jobs) {
        turns.checkpoint({ id, fence, cursor: item });
        if (item % 10 === 0) turns.checkpoint({ id, fence, progress: { done: item, total: 100 } });
      }
      if (item === 50) await waitFor(() => link.turns.at(-1)!.checkpoints.length > 0);
    }
    const before = link.turns.length;
    await waitFor(() => link.turns.length > before + 1);
    expect(link.turns.at(-1)!.checkpoints).toHaveLength(2);
    link.state = "whole";
    expect(await world.flushed()).toBe(true);
    for (const { id } of jobs) {
      const saved = { state: "running", cursor: 100, progress: { done: 100, total: 100 } };
      expect(await store.jobs.find(id)).toMatchObject(saved);
    }
  });

  it("let who asked for a save wait for it, unless nobody is to be kept waiting", async () => {
    await using world = await newWorld(1);
    const { link, turns, store } = world;
    const [job] = await world.claim(1);
    const { id, fence } = job!;
    link.state = "cut";
    const patient = turns.save({ id, fence, cursor: 1 });
    const before = link.turns.length;
    await waitFor(() => link.turns.length > before + 1);
    link.state = "whole";
    await patient;
    expect((await store.jobs.find(id))!.cursor).toBe(1);

    link.state = "cut";
    const queued = link.turns.length;
    const told = expect(turns.save({ id, fence, cursor: 2 })).rejects.toThrow(/not stored yet/);
    await waitFor(() => link.turns.length > queued);
    turns.keepNobodyWaiting(true);
    await told;
    await expect(turns.save({ id, fence, cursor: 3 })).rejects.toThrow(/not stored yet/);
    link.state = "whole";
    expect(await world.flushed()).toBe(true);
    expect((await store.jobs.find(id))!.cursor).toBe(3);
  });

  it("end the wait for a stop in time, and say that not everything is stored", async () => {
    await using world = await newWorld(1);
    const [job] = await world.claim(1);
    world.link.state = "cut";
    world.finish(job!);
    expect(await world.turns.flush(() => 0)).toBe(false);
    world.turns.close();
  });

  it("send many ends in turns of bounded size, each with all that is held", async () => {
    await using world = await newWorld(1_200);
    const { link, owner } = world;
    const jobs = await world.claim(1_200);
    link.state = "cut";
    owner.limit = 0;
    jobs.forEach(world.finish);
    await waitFor(() => link.turns.at(-1)!.holding !== undefined);
    const sizes = (settlements: readonly Settlement[]): number => settlements.length;
    expect(sizes(link.turns.at(-1)!.settlements)).toBe(500);
    expect(link.turns.at(-1)!.holding).toHaveLength(1_200);
    link.state = "whole";
    expect(await world.flushed()).toBe(true);
    expect(await finishedIn(world)).toBe(1_200);
    expect(owner.lost).toEqual([]);
  });
});
