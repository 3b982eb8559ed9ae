// How fixture jobs and hooks tell a test what they did: a line of JSON each, appended to the file
// that RECORD names. Appending is atomic, so any number of processes and threads may write.

import { appendFileSync } from "node:fs";
import type { JobContext } from "queue-runtime";

export function record(event: string, fields: object = {}): void {
  const at = Number(process.hrtime.bigint() / 1_000n) / 1_000;
  const line = JSON.stringify({ event, pid: process.pid, at, ...fields });
  appendFileSync(process.env.RECORD!, `${line}\n`);
}

type RunFacts = Pick<JobContext, "job" | "attempt" | "fence">;

/** The same, saying which run of which job speaks. */
export function recorder(context: RunFacts): (event: string, fields?: object) => void {
  const { job, attempt, fence } = context;
  const run = { job: job.id, name: job.name, attempt, fence };
  return (event, fields) => record(event, { ...run, ...fields });
}
