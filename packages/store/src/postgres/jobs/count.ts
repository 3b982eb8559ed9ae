// How many jobs are in each state, each counted in the smallest index that holds them, all as of
// one moment. Those that finished have no index of their own: they are all that ended, less those
// that did not finish.

import type { JobState } from "../../job.ts";
import type { Driver } from "../driver.ts";

const live = "SELECT count(*) FROM queue_runtime.jobs WHERE state =";
const unfinished = "SELECT count(*) FROM queue_runtime.ended_jobs WHERE state =";

const counts = `WITH unfinished AS MATERIALIZED (
  SELECT (${unfinished} 'failed') AS failed, (${unfinished} 'cancelled') AS cancelled
)
SELECT (${live} 'held'), (${live} 'waiting'), (${live} 'scheduled'), (${live} 'blocked'),
  (${live} 'ready' AND crashes_since_checkpoint < 2)
    + (${live} 'ready' AND crashes_since_checkpoint >= 2),
  (${live} 'running'),
  (SELECT count(*) FROM queue_runtime.ended_jobs) - failed - cancelled, failed, cancelled
FROM unfinished`;

type Counts = [
  held: number,
  waiting: number,
  scheduled: number,
  blocked: number,
  ready: number,
  running: number,
  finished: number,
  failed: number,
  cancelled: number,
];

export async function count(driver: Driver): Promise<Readonly<Record<JobState, number>>> {
  const { rows } = await driver.recall(counts);
  const [held, waiting, scheduled, blocked, ready, running, ...ended] = rows[0] as Counts;
  const [finished, failed, cancelled] = ended;
  return { held, waiting, scheduled, blocked, ready, running, finished, failed, cancelled };
}

const any = "EXISTS (SELECT FROM queue_runtime.jobs WHERE state =";

const busy = `SELECT ${any} 'running') OR ${any} 'blocked')
  OR ${any} 'ready' AND crashes_since_checkpoint < 2)
  OR ${any} 'ready' AND crashes_since_checkpoint >= 2)`;

/** Whether anything is ready, running or blocked. */
export async function isBusy(driver: Driver): Promise<boolean> {
  return (await driver.value(busy)) === true;
}
