// When a host may no longer count on its jobs. Time is a number here.

import { describe, expect, it } from "vitest";
import { Lease } from "../../packages/runtime/src/supervisor/heart/lease.ts";

const thresholdMs = 30_000;

/** A lease taken at 0, and what it said. */
function newLease() {
  const said: string[] = [];
  const lease = new Lease({
    thresholdMs,
    now: 0,
    lost: (ms) => said.push(`lost after ${ms}`),
    over: (ms) => said.push(`over after ${ms}`),
    regained: (ms) => said.push(`regained after ${ms}`),
  });
  /** Checks when it said it wants to be checked, until this time. */
  const pass = (from: number, to: number): void => {
    for (let now = from; now <= to; now += lease.check(now));
  };
  return { lease, said, pass };
}

describe("the lease of a host", () => {
  it("is kept as long as beats are answered", () => {
    const { lease, said, pass } = newLease();
    for (let at = 0; at <= 300_000; at += 5_000) {
      lease.renew(at);
      pass(at, at + 4_999);
    }
    expect(said).toEqual([]);
  });

  it.each([1_000, 15_000, 19_999])("stops nothing while the store is away for %i ms", (away) => {
    const { lease, said, pass } = newLease();
    lease.renew(5_000);
    pass(5_000, 5_000 + away);
    lease.renew(5_000 + away);
    pass(5_000 + away, 5_000 + away + 10_000);
    expect(said).toEqual([]);
  });

  it("is lost at 2/3 of the threshold and over at 85 %, from the start of the last beat", () => {
    const { lease, said, pass } = newLease();
    lease.renew(4_000);
    pass(4_000, 4_000 + thresholdMs - 1);
    expect(said.slice(0, 2)).toEqual(["lost after 20000", "over after 25500"]);
    // again and again: whatever begins to run late is ended as well, all before others take over
    expect(said.slice(2)).toEqual([
      "over after 26500",
      "over after 27500",
      "over after 28500",
      "over after 29500",
    ]);
    expect(lease.isLost).toBe(true);
  });

  it("is regained by a beat, however late its answer comes", () => {
    const { lease, said, pass } = newLease();
    pass(0, 26_000);
    // the answer to an old beat proves too little
    lease.renew(3_000);
    expect(lease.check(26_000)).toBeGreaterThan(0);
    expect(lease.isLost).toBe(true);
    lease.renew(26_100);
    pass(26_200, 30_000);
    expect(lease.isLost).toBe(false);
    expect(said.at(-1)).toBe("regained after 6200");
    expect(said.filter((line) => line.startsWith("lost"))).toHaveLength(1);
  });

  it("does not shrink when answers overtake each other", () => {
    const { lease, said, pass } = newLease();
    lease.renew(10_000);
    lease.renew(5_000);
    pass(10_000, 29_999);
    expect(said).toEqual([]);
  });

  it("is not judged right after a sleep: the answer to a beat may lie there unread", () => {
    const { lease, said } = newLease();
    expect(lease.check(0)).toBe(20_000);
    const graceMs = lease.check(120_000);
    expect(graceMs).toBeLessThanOrEqual(1_000);
    expect(said).toEqual([]);
    lease.renew(119_000);
    lease.check(120_000 + graceMs);
    expect(said).toEqual([]);
  });

  it("is judged after the sleep all the same when no beat gets through", () => {
    const { lease, said } = newLease();
    lease.check(0);
    const graceMs = lease.check(120_000);
    lease.check(120_000 + graceMs);
    expect(said).toEqual(["lost after 121000", "over after 121000"]);
  });
});
