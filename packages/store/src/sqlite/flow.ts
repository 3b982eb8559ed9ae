// The upkeep of slots and rates. What follows from a job's own life is in flow/reconcile.ts.

import type { Flow } from "../store/flow.ts";
import type { Driver } from "./driver.ts";
import { gateAhead, unseen } from "./flow/gate-ahead.ts";
import { defineLimits, limits, setLimit } from "./flow/limits.ts";
import { type Cursor, maintain } from "./flow/maintain.ts";
import { refill } from "./flow/refill.ts";
import { takeSlot } from "./flow/slots/take.ts";
import { why } from "./flow/why.ts";

export function sqliteFlow(driver: Driver): Flow {
  const cursor: Cursor = { key: "" };
  return {
    maintain: (limit) => maintain(driver, limit, cursor),
    refill: () => refill(driver),
    limit: (jobName, limit) => setLimit(driver, jobName, limit),
    define: (source, wanted) => defineLimits(driver, source, wanted),
    limits: () => driver.read(() => limits(driver)),
    take: (key, rate) => takeSlot(driver, key, rate),
    unseen: (names, limit) => driver.readTogether(() => unseen(driver, names, limit)),
    gate: (jobs) => gateAhead(driver, jobs),
    why: (id) => driver.readTogether(() => why(driver, id)),
  };
}
