// Jobs that came by name alone and wait in a fair queue: they share one turn, by their name, until
// somebody who knows their keys gives them their own.

import type { Job } from "../../job.ts";
import { soundly } from "../../rules/gated.ts";
import type { Gated, Held } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { links } from "../migrations/2-flow/links.ts";
import { jobColumns, toJob } from "../rows.ts";
import type { Announcer } from "../watch/announce.ts";
import { writeAndReconcile } from "./reconcile.ts";

const waiting = `SELECT ${jobColumns("live")}
FROM queue_runtime.queue_settings AS setting CROSS JOIN unnest($1::text[]) AS wanted (name)
  CROSS JOIN LATERAL queue_runtime.queue_gates(setting.name, wanted.name) AS fair
  CROSS JOIN LATERAL (
    SELECT own.* FROM queue_runtime.job_gates AS gate
      JOIN queue_runtime.jobs AS own ON own.id = gate.job_id
    WHERE gate.key = fair.gate_key AND gate.waits
      AND own.linked & ${links.keyed} = 0 AND own.concurrency_key IS NULL
    ORDER BY gate.priority, gate.job_id LIMIT $2) AS job
WHERE setting.fair AND fair.gate_kind = 'fair'`;

export async function unseen(
  driver: Driver,
  names: readonly string[],
  limit: number,
): Promise<readonly Job[]> {
  const { rows } = await driver.query(waiting, [names, limit]);
  return rows.map(toJob);
}

/** Jobs in each transaction. */
const size = 200;

export async function gateAhead(
  driver: Driver,
  announcer: Announcer,
  jobs: readonly (Held & Gated)[],
): Promise<void> {
  for (let at = 0; at < jobs.length; at += size) {
    // what no store takes fails its job when that is claimed
    const some = jobs.slice(at, at + size).filter((job) => soundly(job).outcome === "gated");
    const statement = [
      "SELECT queue_runtime.gate_waiting($1::json)",
      [JSON.stringify(some)],
    ] as const;
    await writeAndReconcile(driver, announcer, { statements: [statement] });
  }
}
