// Whether a notification arrives, and how soon. Behind a pooler that hands out a session for one
// transaction only, it never does, and workers hear of new jobs when they next look.

import { setTimeout as sleep } from "node:timers/promises";
import type { Driver } from "../driver.ts";
import { type Findings, ok, warning } from "./findings.ts";

const patienceMs = 2_000;

export async function notifications(driver: Driver): Findings {
  const channel = `runtime_doctor_${crypto.randomUUID().replaceAll("-", "")}`;
  const client = await driver.connect();
  try {
    await client.query(`LISTEN ${channel}`);
    const arrival = new Promise<number>((resolve) => {
      client.on("notification", () => resolve(performance.now()));
    });
    const began = performance.now();
    await driver.query("SELECT pg_notify($1, '')", [channel]);
    const arrived = await Promise.race([arrival, sleep(patienceMs, null, { ref: false })]);
    if (arrived !== null) return [ok(`one arrives within ${(arrived - began).toFixed(1)} ms`)];
    const why = "a pooler in transaction mode, most likely";
    return [
      warning(`none arrives (${why}): jobs start at the next poll; connect around the pooler`),
    ];
  } finally {
    await client.end().catch(() => {});
  }
}
