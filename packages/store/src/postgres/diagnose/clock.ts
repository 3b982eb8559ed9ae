// How far the clock of the database is from the one of this machine. All times in the store are the
// database's; a difference confuses people who compare them with their logs.

import { systemClock } from "../../clock.ts";
import type { Driver } from "../driver.ts";
import { type Findings, ok, warning } from "./findings.ts";

/** The quickest look of some tells most. */
const looks = 5;
const muchMs = 1_000;

const now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::double precision";

export async function clock(driver: Driver): Findings {
  let best = { tripMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let n = 0; n < looks; n += 1) {
    const began = performance.now();
    const before = systemClock.now();
    const theirs = (await driver.value(now)) as number;
    const tripMs = performance.now() - began;
    if (tripMs < best.tripMs) best = { tripMs, aheadMs: theirs - before - tripMs / 2 };
  }
  const { tripMs, aheadMs } = best;
  const trip = `a round trip takes ${tripMs.toFixed(1)} ms`;
  // nobody knows where on the way the time was looked at
  if (Math.abs(aheadMs) - tripMs / 2 <= muchMs) return [ok(`the same as here; ${trip}`)];
  const way = aheadMs > 0 ? "ahead of" : "behind";
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  const what = `the database is ${seconds} s ${way} this machine`;
  return [warning(`${what}: let both follow the same time server (NTP)`)];
}
