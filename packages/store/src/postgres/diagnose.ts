// Facts about the database for `runtime doctor`. Each is found by itself, so that one which cannot
// be had (a missing right, a managed server that hides things) does not hide the others.

import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnosis } from "../store.ts";
import { clock } from "./diagnose/clock.ts";
import { type Findings, warning } from "./diagnose/findings.ts";
import { notifications } from "./diagnose/notifications.ts";
import { privileges } from "./diagnose/privileges.ts";
import { connections, pooler, server, settings } from "./diagnose/server.ts";
import { snapshots } from "./diagnose/snapshots.ts";
import { deadRows, indexes } from "./diagnose/tables.ts";
import type { Driver } from "./driver.ts";

const checks: Readonly<Record<string, (driver: Driver) => Findings>> = {
  server,
  pooler,
  privileges,
  settings,
  connections,
  snapshots,
  "dead rows": deadRows,
  indexes,
  clock,
  notifications,
};

/** Milliseconds for all checks, which run at once. */
const patienceMs = 8_000;

export async function diagnose(driver: Driver): Promise<readonly Diagnosis[]> {
  const patience = new AbortController();
  const late = sleep(patienceMs, null, { ref: false, signal: patience.signal });
  const found = Object.entries(checks).map(async ([check, look]) => {
    try {
      const found = await Promise.race([look(driver), late]);
      if (found !== null) return found.map((finding) => ({ check, ...finding }));
      return [{ check, ...warning(`there was no answer within ${patienceMs / 1_000} s`) }];
    } catch (error) {
      return [{ check, ...warning(`this cannot be seen: ${(error as Error).message}`) }];
    }
  });
  const all = (await Promise.all(found)).flat();
  late.catch(() => {});
  patience.abort();
  return all;
}
