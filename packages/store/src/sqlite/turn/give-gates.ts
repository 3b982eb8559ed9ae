// A job that was enqueued by name alone gets the gates that its definition asks for, when a worker
// that knows the definition has claimed it. Those of its queue are made anew: whose share it has
// where keys take turns follows from its own.

import { StoreError } from "../../errors.ts";
import type { Gate } from "../../flow.ts";
import type { JobError } from "../../job.ts";
import { checkGates } from "../../rules/links.ts";
import type { Driver } from "../driver.ts";
import { allSettings } from "../flow/queue-settings.ts";
import { gatesOfQueue } from "../flow/regate.ts";
import { writeGates } from "../flow/slots/gates.ts";

interface Gated {
  readonly id: number;
  readonly fence: number;
  readonly gates: readonly Gate[];
}

const held = `SELECT name, queue, priority, unique_key AS uniqueKey FROM jobs
  WHERE id = ? AND fence = ? AND state = 'running'`;

interface JobRow {
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  readonly uniqueKey: string | null;
}

const forget = "DELETE FROM job_gates WHERE job_id = ?";
const link = "UPDATE jobs SET linked = 1, concurrency_key = ? WHERE id = ?";

/**
 * What is wrong with the gates, as the error of the job: thrown, it would fail the whole turn, and
 * the next one too. The job is not released here.
 */
export function giveGates(driver: Driver, { id, fence, gates }: Gated): JobError | null {
  const job = driver.sql(held).get(id, fence) as JobRow | undefined;
  if (!job) return null;
  try {
    const own = checkGates(gates).map((gate) => ({ ...gate, name: job.name }));
    const settings = allSettings(driver).get(job.queue) ?? null;
    const others = gatesOfQueue({ queue: job.queue, settings }, job, own);
    driver.sql(forget).run(id);
    writeGates(driver, id, { gates: [...own, ...others], priority: job.priority, waits: false });
    driver.sql(link).run(own[0]?.key ?? null, id);
    return null;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "invalid") throw error;
    const { name, message, code, stack = null } = error;
    return { name, message, code, stack, cause: null };
  }
}
