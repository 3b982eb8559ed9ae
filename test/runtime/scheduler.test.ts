// A scheduler on a real store whose clock the test moves.

import type { NewTask } from "@queue-runtime/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Scheduler } from "../../packages/runtime/src/scheduler.ts";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { within } from "../support/pace.ts";
import { type TemporaryStore, temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { CutLink } from "./support/cut-link.ts";
import { notedLog } from "./support/noted-log.ts";

const hour = 3_600_000;
const noon = Date.parse("2026-05-01T12:00:00Z");

/** Runs as ours does, or faster, from wherever it is set. */
const clock = {
  began: 0,
  from: noon,
  speed: 1,
  now(): number {
    return this.from + Math.floor((performance.now() - this.began) * this.speed);
  },
  set(time: number, speed = 1): void {
    this.from = time;
    this.speed = speed;
    this.began = performance.now();
  },
};

/** For tests that have to see several seconds pass. */
const fast = 8;

let temporary: TemporaryStore;
let link: CutLink;
let log: ReturnType<typeof notedLog>;
const running = new Set<Scheduler>();

beforeEach(async () => {
  clock.set(noon);
  temporary = await temporaryStore({ clock });
  link = new CutLink(temporary.store);
  log = notedLog();
});

afterEach(async () => {
  for (const scheduler of running) await scheduler.stop();
  running.clear();
  await temporary[Symbol.asyncDispose]();
});

const task = (key: string, schedule: string, more: Partial<NewTask> = {}): NewTask => ({
  key,
  schedule,
  timeZone: null,
  job: { name: `${key}.job` },
  description: null,
  catchUp: "none",
  ...more,
});

const define = (...tasks: NewTask[]) => temporary.store.recurring.define("file:test", tasks);
const ticksOf = async (key: string) => {
  const ticks = await temporary.store.recurring.ticks(key, 2_000);
  return ticks.map(({ at }) => new Date(at).toISOString().slice(11, 19)).reverse();
};
const ticked = (count: number) =>
  waitFor(() => log.of("task-ticked").length >= count, {
    what: `${count} ticks`,
    deadlineMs: within(15_000),
  });

async function start(options: { vacantSince?: number | null } = {}): Promise<Scheduler> {
  const scheduler = new Scheduler({
    config: { pollingIntervalMs: 50 },
    store: link.store,
    health: new StoreHealth(log),
    log,
    vacantSince: options.vacantSince ?? null,
    clockMs: 50,
  });
  running.add(scheduler);
  await scheduler.start();
  return scheduler;
}

describe("a scheduler", () => {
  it("enqueues at the tick by the store's clock, not by its own, and not before", async () => {
    clock.set(noon - 300);
    await define(task("hourly", "@hourly"));
    await start();
    await ticked(1);
    const [tick] = await temporary.store.recurring.ticks("hourly", 2);
    expect(tick).toMatchObject({ at: noon, jobId: 1 });
    expect(tick!.recordedAt).toBeGreaterThanOrEqual(noon);
    expect(tick!.recordedAt).toBeLessThan(noon + 250);
    expect(log.of("task-ticked")).toMatchObject([{ task: "hourly", at: noon, jobId: 1 }]);
    expect(await temporary.store.jobs.find(1)).toMatchObject({ name: "hourly.job" });
  });

  it.each([
    ["none", []],
    ["one", ["15:00:00"]],
    ["all", ["13:00:00", "14:00:00", "15:00:00"]],
  ] as const)("that starts after hours makes up for %s of the ticks", async (catchUp, expected) => {
    await define(task("hourly", "@hourly", { catchUp }), task("proof", "* * * * * *"));
    clock.set(noon + 3 * hour + 100);
    await start();
    await waitFor(async () => (await ticksOf("proof")).length > 0);
    expect(await ticksOf("hourly")).toEqual(expected);
  });

  it("that was away with its whole machine makes up for ticks by the same rules", async () => {
    await define(
      task("hourly", "@hourly", { catchUp: "one" }),
      task("minutes", "* * * * *"),
      task("proof", "* * * * * *"),
    );
    await start();
    await ticked(1);
    clock.set(noon + 3 * hour + 100);
    await waitFor(async () => (await ticksOf("hourly")).length > 0);
    expect(await ticksOf("hourly")).toEqual(["15:00:00"]);
    expect(await ticksOf("minutes")).toEqual([]);
  });

  it("loses no tick between the death of its predecessor and its own first look", async () => {
    await define(task("seconds", "* * * * * *"));
    clock.set(noon + 2_500);
    await start({ vacantSince: performance.now() - 2_000 });
    await ticked(2);
    expect((await ticksOf("seconds")).slice(0, 2)).toEqual(["12:00:01", "12:00:02"]);
  });

  it("makes up for at most a thousand ticks of a task, and says so once", async () => {
    await define(task("minutes", "* * * * *", { catchUp: "all" }), task("hourly", "@hourly"));
    clock.set(noon + 48 * hour);
    await start();
    await ticked(1_001);
    expect(await ticksOf("minutes")).toHaveLength(1_000);
    expect(log.of("task-truncated")).toMatchObject([{ task: "minutes", most: 1_000 }]);
    expect(await ticksOf("hourly")).toEqual(["12:00:00"]);
  });

  it("sees a task that somebody adds, changes, pauses or removes", async () => {
    clock.set(noon, fast);
    await start();
    await define(task("seconds", "* * * * * *"));
    await ticked(1);
    await temporary.store.recurring.pause("seconds", true);
    const paused = await ticksOf("seconds");
    clock.set(clock.now() + 10_000, fast);
    await define(task("seconds", "* * * * * *"), task("proof", "* * * * * *"));
    await waitFor(async () => (await ticksOf("proof")).length >= 2);
    expect(await ticksOf("seconds")).toEqual(paused);
    await temporary.store.recurring.pause("seconds", false);
    await waitFor(async () => (await ticksOf("seconds")).length > paused.length);
    // what it did not do while it was paused is not missed
    expect(await ticksOf("seconds")).toHaveLength(paused.length + 1);
    await define(task("other", "* * * * * *"));
    await waitFor(async () => (await ticksOf("other")).length >= 2);
    expect((await temporary.store.recurring.list()).map(({ key }) => key)).toEqual(["other"]);
  });

  it("leaves a tick to whoever was first, and says nothing of it", async () => {
    clock.set(noon - 200);
    await define(task("hourly", "@hourly"));
    for (let count = 0; count < 5; count++) await start();
    await ticked(1);
    clock.set(noon + 60_000, fast);
    await define(task("hourly", "@hourly"), task("proof", "* * * * * *"));
    await waitFor(async () => (await ticksOf("proof")).length >= 3);
    expect(await ticksOf("hourly")).toEqual(["12:00:00"]);
    expect(
      log.of("task-ticked").filter((event: { task?: string }) => event.task === "hourly"),
    ).toHaveLength(1);
    expect(await temporary.store.jobs.list({ name: "hourly.job" })).toHaveLength(1);
  });

  it("goes on when the store is there again, with the ticks of less than a minute", async () => {
    await define(task("seconds", "* * * * * *"));
    await start();
    await ticked(1);
    link.state = "cut";
    await waitFor(() => log.types.includes("store-trouble"));
    const before = await ticksOf("seconds");
    await waitFor(() => clock.now() > noon + 1_000 * (before.length + 2));
    link.state = "whole";
    await ticked(before.length + 3);
    const seconds = (await ticksOf("seconds")).map((time) => Number(time.slice(6)));
    expect(seconds).toEqual(seconds.map((_, index) => seconds[0]! + index));
    expect(log.types).toContain("store-well");
  });

  it("records a tick once, also when it does not hear that it was", async () => {
    clock.set(noon, fast);
    await define(task("seconds", "* * * * * *"));
    await start();
    await ticked(1);
    link.ticks = "deaf";
    await waitFor(async () => (await ticksOf("seconds")).length >= 2);
    await waitFor(() => log.types.includes("store-trouble"));
    link.ticks = "whole";
    await ticked(2);
    const ticks = await temporary.store.recurring.ticks("seconds", 100);
    expect(await temporary.store.jobs.list({ name: "seconds.job" })).toHaveLength(ticks.length);
  });

  it("serves the others while something is in the way of one task, and then that one", async () => {
    clock.set(noon, fast);
    link.inTheWayOf = "a";
    await define(task("a", "* * * * * *"), task("b", "* * * * * *"), task("c", "* * * * * *"));
    await start();
    await waitFor(async () => (await ticksOf("b")).length > 1 && (await ticksOf("c")).length > 1);
    expect(await ticksOf("a")).toEqual([]);
    expect(log.types).toContain("store-trouble");
    link.inTheWayOf = null;
    await waitFor(async () => (await ticksOf("a")).length > 1);
  });

  it("passes over a schedule that it cannot read, once with a word, and serves the others", async () => {
    clock.set(noon, fast);
    await define(task("odd", "when the cows come home"), task("seconds", "* * * * * *"));
    await start();
    await ticked(2);
    expect(log.of("task-unusable")).toMatchObject([{ task: "odd" }]);
  });

  it("records a tick whose job is there already, and enqueues nothing", async () => {
    clock.set(noon, fast);
    const unique = {
      key: "only",
      states: ["ready" as const],
      forMs: null,
      onConflict: "exists" as const,
    };
    await define(task("seconds", "* * * * * *", { job: { name: "one", uniques: [unique] } }));
    await start();
    await waitFor(() => log.of("task-skipped").length > 0);
    expect(log.of("task-ticked")).toHaveLength(1);
    expect(await temporary.store.jobs.list({ name: "one" })).toHaveLength(1);
  });

  it("enqueues nothing while it is quiet, and what came due meanwhile was missed", async () => {
    clock.set(noon, fast);
    await define(task("seconds", "* * * * * *", { catchUp: "none" }));
    const scheduler = await start();
    await ticked(1);
    scheduler.quiet(true);
    const quiet = await ticksOf("seconds");
    await waitFor(() => clock.now() > noon + 3_000);
    expect(await ticksOf("seconds")).toEqual(quiet);
    scheduler.quiet(false);
    await ticked(quiet.length + 1);
    const [newest] = (await ticksOf("seconds")).slice(-1);
    expect(Number(newest!.slice(6))).toBeGreaterThan(3);
  });
});
