// A job that was enqueued by name alone gets the gates that its definition asks for, when a worker
// that knows the definition has claimed it.

import { StoreError } from "../../errors.ts";
import type { Gate } from "../../flow.ts";
import type { JobError } from "../../job.ts";
import { checkGates } from "../../rules/links.ts";
import type { Driver } from "../driver.ts";
import { writeGates } from "../jobs/insert-linked.ts";

interface Gated {
  readonly id: number;
  readonly fence: number;
  readonly gates: readonly Gate[];
}

const held = `SELECT name, priority FROM jobs
  WHERE id = ? AND fence = ? AND state = 'running'`;
const forget = "DELETE FROM job_gates WHERE job_id = ? AND name <> ''";
const others = "SELECT key FROM job_gates WHERE job_id = ?";
const link = "UPDATE jobs SET linked = 1, concurrency_key = ? WHERE id = ?";

/**
 * What is wrong with the gates, as the error of the job: thrown, it would fail the whole turn, and
 * the next one too. The job is not released here.
 */
export function giveGates(driver: Driver, { id, fence, gates }: Gated): JobError | null {
  const job = driver.sql(held).get(id, fence) as { name: string; priority: number } | undefined;
  if (!job) return null;
  try {
    const checked = checkGates(gates);
    driver.sql(forget).run(id);
    const known = new Set(
      driver
        .sql(others)
        .all(id)
        .map(({ key }) => key),
    );
    const wanted = checked.filter(({ key }) => !known.has(key));
    writeGates(driver, id, {
      gates: wanted.map((gate) => ({ ...gate, name: job.name })),
      priority: job.priority,
      waits: false,
    });
    driver.sql(link).run(checked[0]?.key ?? null, id);
    return null;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "invalid") throw error;
    const { name, message, code, stack = null } = error;
    return { name, message, code, stack, cause: null };
  }
}
