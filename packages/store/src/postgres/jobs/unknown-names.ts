// Ready jobs that nobody has code for: they wait, and somebody should be told. Commands need none.
// An index begins with queue and name, and stepping from one pair to the next skips all the jobs
// that share it.

import type { Driver } from "../driver.ts";

const inReady = "state = 'ready' AND crashes_since_checkpoint < 2";
const inSuspect = "state = 'ready' AND crashes_since_checkpoint >= 2";

const step = (beyond: string): string => `SELECT returned, queue, name FROM queue_runtime.jobs
    WHERE ${inReady} ${beyond} ORDER BY returned, queue, name LIMIT 1`;

const unknown = `WITH RECURSIVE pair AS (
  (${step("")})
  UNION ALL
  SELECT next.* FROM pair CROSS JOIN LATERAL (
    ${step("AND (returned, queue, name) > (pair.returned, pair.queue, pair.name)")}
  ) AS next
), known AS MATERIALIZED (
  SELECT DISTINCT known.name FROM queue_runtime.processes AS process
    CROSS JOIN LATERAL json_array_elements_text(process.names) AS known (name)
  WHERE process.kind = 'worker'
  UNION SELECT 'command'
), counted AS (
  SELECT pair.name, job.ready FROM pair CROSS JOIN LATERAL (
    SELECT count(*) AS ready FROM queue_runtime.jobs WHERE ${inReady}
      AND returned = pair.returned AND queue = pair.queue AND name = pair.name
  ) AS job WHERE pair.name NOT IN (SELECT name FROM known)
  UNION ALL
  SELECT name, 1 FROM queue_runtime.jobs
  WHERE ${inSuspect} AND name NOT IN (SELECT name FROM known)
)
SELECT name, sum(ready)::bigint FROM counted GROUP BY name`;

/** By name. */
export async function unknownNames(
  driver: Driver,
): Promise<readonly { readonly name: string; readonly ready: number }[]> {
  const { rows } = await driver.query(unknown);
  return (rows as [string, number][])
    .map(([name, ready]) => ({ name, ready }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
