// The upkeep of slots and rates, and limits by job name. What follows from a job's own life is in
// flow/reconcile.ts.

import { checkTaken } from "../rules/limits.ts";
import type { Flow } from "../store/flow.ts";
import type { Driver } from "./driver.ts";
import { gateAhead, unseen } from "./flow/gate-ahead.ts";
import { defineLimits, limits, setLimit } from "./flow/limits.ts";
import { type Cursor, maintain, refill } from "./flow/maintain.ts";
import { why } from "./flow/why.ts";
import type { Announcer } from "./watch/announce.ts";

export function postgresFlow(driver: Driver, announcer: Announcer): Flow {
  const cursor: Cursor = { key: "" };
  return {
    maintain: (limit) => maintain(driver, announcer, { limit, cursor }),
    refill: () => refill(driver, announcer),
    limit: (jobName, limit) => setLimit(driver, announcer, { jobName, limit, source: null }),
    define: (source, wanted) => defineLimits(driver, announcer, { source, wanted }),
    limits: () => limits(driver),
    take: (key, rate) => take(driver, key, rate),
    unseen: (names, limit) => unseen(driver, names, limit),
    gate: (jobs) => gateAhead(driver, announcer, jobs),
    why: (id) => why(driver, id),
  };
}

const takeSlot = "SELECT queue_runtime.take_slot($1, $2::bigint, $3::bigint)";

async function take(
  driver: Driver,
  key: string,
  rate: { readonly limit: number; readonly perMs: number },
): Promise<number> {
  const { key: wanted, limit, ms } = checkTaken(key, rate);
  return (await driver.value(takeSlot, [wanted, limit, ms])) as number;
}
