// Queues exist by having jobs or being paused; there is no table of them.

import { checkQueue } from "../rules/new-job.ts";
import type { Queue } from "../store/queue.ts";
import type { Queues } from "../store.ts";
import type { Driver } from "./driver.ts";
import { takeUp } from "./flow/reconcile.ts";
import { allSettings, defineQueues, setQueue } from "./flow/settings.ts";
import { clearAll, clearReady } from "./queues/clear.ts";
import type { Announcer } from "./watch/announce.ts";

export function postgresQueues(driver: Driver, announcer: Announcer): Queues {
  return {
    list: () => list(driver),
    pause: (name) => pause(driver, name),
    resume: (name) => resume(driver, announcer, name),
    set: (queue, settings) => setQueue(driver, announcer, { queue, settings, source: null }),
    define: (source, wanted) => defineQueues(driver, announcer, { source, wanted }),
    clear: (name, { all }) => (all ? clearAll : clearReady)({ driver, announcer }, name),
  };
}

const stop = `INSERT INTO queue_runtime.paused_queues (name, paused_at)
  VALUES ($1, queue_runtime.now_ms()) ON CONFLICT DO NOTHING`;
const goOn = "DELETE FROM queue_runtime.paused_queues WHERE name = $1";

async function pause(driver: Driver, name: string): Promise<void> {
  await driver.write([[stop, [checkQueue(name)]]]);
}

async function resume(driver: Driver, announcer: Announcer, name: string): Promise<void> {
  const [answer] = await driver.write([[goOn, [name]]]);
  if (answer!.count === 0) return;
  announcer.announce("ready");
  // commands may have waited with bad news for that
  await takeUp(driver, announcer);
}

/** One index of ready jobs: where it begins, and how its rows are told from those of the other. */
interface Source {
  readonly key: readonly string[];
  readonly where: string;
}

const sources: Readonly<Record<"ready" | "suspects", Source>> = {
  ready: {
    key: ["returned", "queue"],
    where: "state = 'ready' AND crashes_since_checkpoint < 2",
  },
  suspects: { key: ["queue"], where: "state = 'ready' AND crashes_since_checkpoint >= 2" },
};

/** From one queue to the next: skips all the jobs in each. */
const queuesOf = ({ key, where }: Source): string => {
  const columns = key.join(", ");
  const step = (beyond: string): string =>
    `SELECT ${columns} FROM queue_runtime.jobs WHERE ${where} ${beyond}
      ORDER BY ${columns} LIMIT 1`;
  const last = key.map((column) => `known.${column}`).join(", ");
  return `(${step("")})
  UNION ALL
  SELECT next.* FROM known CROSS JOIN LATERAL (${step(`AND (${columns}) > (${last})`)}) AS next`;
};

/** And in each, how many there are and since when the oldest is due: read from the index alone. */
const waiting = (source: Source): string => `
  SELECT known.queue, job.ready, 0 AS running, job.due, false AS paused, 0 AS blocked,
    0 AS waiting
  FROM (WITH RECURSIVE known AS (${queuesOf(source)}) SELECT * FROM known) AS known
  CROSS JOIN LATERAL (
    SELECT count(*) AS ready, min(run_at) AS due FROM queue_runtime.jobs
    WHERE ${source.where}
      AND ${source.key.map((column) => `${column} = known.${column}`).join(" AND ")}
  ) AS job`;

const all = `SELECT queue, sum(ready)::bigint, sum(running)::bigint, bool_or(paused),
  min(due), sum(blocked)::bigint,
  sum(waiting)::bigint
  FROM (${waiting(sources.ready)}
  UNION ALL ${waiting(sources.suspects)}
  UNION ALL SELECT queue, 0, count(*), NULL, false, 0, 0 FROM queue_runtime.jobs
    WHERE state = 'running' GROUP BY queue
  UNION ALL SELECT queue, 0, 0, NULL, false, count(*), 0 FROM queue_runtime.jobs
    WHERE state = 'blocked' GROUP BY queue
  UNION ALL SELECT queue, 0, 0, NULL, false, 0, count(*) FROM queue_runtime.jobs
    WHERE state = 'scheduled' GROUP BY queue
  UNION ALL SELECT queue, 0, 0, NULL, false, 0, count(*) FROM queue_runtime.jobs
    WHERE state IN ('held', 'waiting') GROUP BY queue
  UNION ALL SELECT name, 0, 0, NULL, true, 0, 0 FROM queue_runtime.paused_queues
  UNION ALL SELECT name, 0, 0, NULL, false, 0, 0 FROM queue_runtime.queue_settings
    WHERE slots IS NOT NULL OR rate_limit IS NOT NULL OR fair
) AS part GROUP BY queue`;

type QueueRow = [
  name: string,
  ready: number,
  running: number,
  paused: boolean,
  due: number | null,
  blocked: number,
  waiting: number,
];

async function list(driver: Driver): Promise<readonly Queue[]> {
  const { rows, now } = await driver.recall(all);
  const settings = await allSettings(driver);
  return (rows as QueueRow[])
    .map(([name, ready, running, paused, due, blocked, waiting]) => ({
      ...{ name, paused, ready, waiting, blocked, running },
      latencyMs: due === null ? 0 : Math.max(0, now - due),
      settings: settings.get(name) ?? null,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
