// The register of living processes. Times are the database's, never those of the one who beats.

import { StoreError } from "../errors.ts";
import type { Beat, NewProcess, Process } from "../process.ts";
import type { Processes, PrunedProcess } from "../store.ts";
import type { Driver, Run } from "./driver.ts";
import { announceRecovered, type Recovered, recoverIn, releaseAll } from "./processes/recovery.ts";
import { processColumns, toProcess } from "./rows.ts";
import type { Announcer } from "./watch/announce.ts";

export function postgresProcesses(driver: Driver, announcer: Announcer): Processes {
  return {
    register: (process) => register(driver, process),
    ready: (id, names) => ready(driver, id, names),
    heartbeat: (beats) => heartbeat(driver, beats),
    deregister: (ids) => deregister(driver, announcer, ids),
    list: () => list(driver),
    silent: (thresholdMs) => silent(driver, thresholdMs),
    prune: (thresholdMs, among) => prune(driver, announcer, { thresholdMs, among }),
  };
}

const insert = `INSERT INTO queue_runtime.processes
  (kind, name, supervisor_id, pid, host, boot_id, start_ticks, queues, heartbeat_at, created_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, now, now FROM queue_runtime.now_ms() AS now
RETURNING id`;

async function register(driver: Driver, process: NewProcess): Promise<number> {
  const { kind, name, supervisorId, pid, host, bootId, startTicks } = process;
  const queues = JSON.stringify(process.queues);
  const values = [kind, name, supervisorId, pid, host, bootId, startTicks, queues];
  const [answer] = await driver.write([[insert, values]]);
  return (answer!.rows as [number][])[0]![0];
}

const know = "UPDATE queue_runtime.processes SET names = $2, state = 'running' WHERE id = $1";

async function ready(driver: Driver, id: number, names: readonly string[]): Promise<void> {
  const [answer] = await driver.write([[know, [id, JSON.stringify(names)]]]);
  if (answer!.count === 1) return;
  throw new StoreError("invalid", `process ${id} is not registered: it was pruned or never was`);
}

const beatAll = `UPDATE queue_runtime.processes AS process
SET heartbeat_at = queue_runtime.now_ms(), state = beat.state, rss_bytes = beat.rss
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS beat (id, state, rss)
WHERE process.id = beat.id RETURNING process.id`;

/**
 * Slots of the jobs that these processes run, when less than half of their time is left. Whoever
 * has one locked is about to take it away.
 */
const keepSlots = `WITH old AS MATERIALIZED (
  SELECT slot.id, gate.ms FROM queue_runtime.jobs AS job
    JOIN queue_runtime.slots AS slot ON slot.job_id = job.id
    JOIN queue_runtime.job_gates AS gate ON gate.job_id = job.id AND gate.key = slot.key
  WHERE job.process_id = ANY ($1::bigint[]) AND job.state = 'running' AND job.linked <> 0
    AND slot.kind = 'concurrency' AND slot.expires_at < queue_runtime.now_ms() + gate.ms / 2
  FOR UPDATE OF slot SKIP LOCKED
)
UPDATE queue_runtime.slots AS slot SET expires_at = queue_runtime.now_ms() + old.ms
FROM old WHERE slot.id = old.id`;

async function heartbeat(driver: Driver, beats: readonly Beat[]): Promise<readonly number[]> {
  if (beats.length === 0) return [];
  const ids = beats.map(({ id }) => id);
  const values = [ids, beats.map(({ state }) => state), beats.map(({ rssBytes }) => rssBytes)];
  const statements = [
    [beatAll, values],
    [keepSlots, [ids]],
  ] as const;
  const [answer] = await driver.write(statements, { lazy: true });
  const alive = new Set((answer!.rows as [number][]).map(([id]) => id));
  return ids.filter((id) => !alive.has(id));
}

async function deregister(
  driver: Driver,
  announcer: Announcer,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return;
  const released = await driver.transaction(async (run) => {
    let jobs = 0;
    for (const id of ids) jobs += await releaseAll(run, id);
    return jobs;
  });
  if (released > 0) announcer.announce("ready");
}

const from = `SELECT ${processColumns} FROM queue_runtime.processes AS process`;
const quiet = "process.heartbeat_at < queue_runtime.now_ms() - $1::bigint";

async function list(driver: Driver): Promise<readonly Process[]> {
  return (await driver.query(`${from} ORDER BY process.id`)).rows.map(toProcess);
}

const look = `${from} WHERE ${quiet} ORDER BY process.id`;
/** Waits for those whose beat is just being written; claims go on meanwhile. */
const lookAgain = `${look} FOR NO KEY UPDATE OF process`;

/** The second look writes, so it takes as long as the database cannot: then nobody can beat. */
async function silent(driver: Driver, thresholdMs: number): Promise<readonly Process[]> {
  const values = [Math.ceil(thresholdMs)];
  const suspects = await driver.query(look, values);
  if (suspects.rows.length === 0) return [];
  const [answer] = await driver.write([[lookAgain, values]]);
  return answer!.rows.map(toProcess);
}

interface Pruning {
  readonly thresholdMs: number;
  readonly among: readonly number[] | undefined;
}

async function prune(
  driver: Driver,
  announcer: Announcer,
  { thresholdMs, among }: Pruning,
): Promise<readonly PrunedProcess[]> {
  const threshold = Math.ceil(thresholdMs);
  const ids = among ?? (await driver.query(look, [threshold])).rows.map((row) => toProcess(row).id);
  const pruned: PrunedProcess[] = [];
  for (const id of ids) {
    const one = await driver.transaction((run) => pruneOne(run, threshold, id));
    if (!one) continue;
    const { process, silentMs, recovered } = one;
    pruned.push({ process, silentMs, jobs: recovered.jobs });
    await announceRecovered(driver, announcer, recovered);
  }
  return pruned;
}

const lock = `SELECT queue_runtime.now_ms() FROM queue_runtime.processes AS process
  WHERE ${quiet} AND process.id = $2 FOR UPDATE`;
const one = `${from} WHERE process.id = $1`;

interface PrunedOne extends Pick<PrunedProcess, "process" | "silentMs"> {
  readonly recovered: Recovered;
}

/** Another pruner may have been here, or the process may have beaten, since somebody looked. */
async function pruneOne(run: Run, threshold: number, id: number): Promise<PrunedOne | null> {
  const [locked] = (await run(lock, [threshold, id])).rows as [number][];
  if (!locked) return null;
  const { rows } = await run(one, [id]);
  const process = toProcess(rows[0]);
  const silentMs = locked[0] - process.heartbeatAt;
  const recovered = await recoverIn(run, id, { end: { how: "silent", silentMs }, started: null });
  return { process, silentMs, recovered };
}
