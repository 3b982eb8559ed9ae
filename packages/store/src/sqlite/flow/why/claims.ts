// Whether the next claim of some worker takes a ready job, and how many come before it if none
// does: by the claim's own choice, at the cost of a claim of a thousand for each kind of worker.

import type { Reason } from "../../../flow.ts";
import type { Job } from "../../../job.ts";
import { type Ask, asksOf, full, type Known, mostAhead } from "../../../rules/why.ts";
import type { Driver } from "../../driver.ts";
import { choose } from "../../turn/claim.ts";
import { ready, suspects } from "../../turn/lanes.ts";
import { comesBefore, pick } from "../../turn/pick.ts";

/** `able`: those that could take it. */
export function fullReasons(driver: Driver, job: Job, able: readonly Known[]): readonly Reason[] {
  const asks = asksOf(able);
  const now = driver.now();
  if (asks.some((ask) => ask.claims && choose(driver, ask, now).includes(job.id))) return [];
  return [
    full(
      able,
      asks.map((ask) => aheadOf(driver, job, ask)),
    ),
  ];
}

function aheadOf(driver: Driver, job: Job, ask: Ask): number {
  const many = { ...ask, limit: mostAhead + 1 };
  const all = [...pick(driver, ready, many), ...pick(driver, suspects, many)];
  const own = all.find(({ id }) => id === job.id);
  return own ? all.filter((other) => comesBefore(other, own)).length : mostAhead;
}
