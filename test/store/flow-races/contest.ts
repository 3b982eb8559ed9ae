// Several contenders on one store, and what has to be true of it afterwards.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setImmediate as breathe } from "node:timers/promises";
import { expect } from "vitest";
import { slot, statesOf } from "../contract/flow/words.ts";
import { enqueueAll, type OpenedStore } from "../contract/world.ts";
import type { Interval, Orders, Report } from "./contender.ts";

const program = new URL("./contender.ts", import.meta.url);

function start(url: string, orders: Orders): ChildProcess {
  const child = fork(program, [url], { execArgv: ["--conditions=source"], stdio: "inherit" });
  child.send(orders);
  return child;
}

async function reportOf(child: ChildProcess): Promise<Report> {
  const [report] = (await once(child, "message")) as [Report];
  await once(child, "exit");
  return report;
}

/** Runs them to their end, with `meanwhile` again and again beside them. */
export async function contest(
  world: OpenedStore,
  orders: Omit<Orders, "seed">,
  meanwhile?: (n: number) => Promise<void>,
): Promise<readonly Interval[]> {
  const children = [1, 2, 3].map((seed) => start(world.url, { ...orders, seed }));
  let over = false;
  const reports = Promise.all(children.map(reportOf)).finally(() => {
    over = true;
  });
  // SQLite answers without a turn of the event loop, which their reports need.
  for (let n = 0; meanwhile && !over; n += 1) await Promise.all([meanwhile(n), breathe()]);
  const all = await reports;
  expect(all.map(({ error }) => error)).toEqual([null, null, null]);
  return all.flatMap(({ intervals }) => intervals);
}

/** How many runs of the key there were at once, at most. */
export function mostAtOnce(intervals: readonly Interval[], wanted: string): number {
  const edges = intervals
    .filter(({ key }) => key === wanted)
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of edges) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** No job waits or runs any more, and every key has all its slots. */
export async function expectNothingLeft(
  { store }: OpenedStore,
  keys: Readonly<Record<string, number>>,
): Promise<void> {
  const { finished, failed, cancelled, ...alive } = await store.jobs.count();
  const none = { held: 0, waiting: 0, scheduled: 0, blocked: 0, ready: 0, running: 0 };
  expect(alive).toEqual(none);
  expect(finished + failed + cancelled).toBeGreaterThan(0);
  expect(await store.flow.maintain(100)).toMatchObject({ freed: 0, promoted: 0 });
  for (const [key, limit] of Object.entries(keys)) {
    const gates = [slot(key, { limit })];
    const ids = await enqueueAll(store, Array(limit + 1).fill({ gates }));
    const expected = [...Array(limit).fill("ready"), "blocked"];
    expect([key, await statesOf(store, ids)]).toEqual([key, expected]);
  }
}
