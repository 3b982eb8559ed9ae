// The register of living processes. Times are the store's, never those of the one who beats.

import { StoreError } from "../errors.ts";
import type { Beat, NewProcess, Process } from "../process.ts";
import type { Processes, PrunedProcess } from "../store.ts";
import type { Driver } from "./driver.ts";
import { change } from "./flow/change.ts";
import { refreshSlots } from "./flow/slots/refresh.ts";
import { recover, release } from "./processes/recovery.ts";
import { type Row, toProcess } from "./rows.ts";

export function sqliteProcesses(driver: Driver): Processes {
  return {
    register: (process) => driver.write(() => register(driver, process)),
    ready: (id, names) => driver.write(() => ready(driver, id, names)),
    heartbeat: (beats) => heartbeat(driver, beats),
    deregister: (ids) => change(driver, () => deregister(driver, ids)),
    list: () => driver.read(() => list(driver)),
    silent: (thresholdMs) => silent(driver, thresholdMs),
    prune: (thresholdMs, among) => prune(driver, thresholdMs, among),
  };
}

const insert = `INSERT INTO processes
  (kind, name, supervisor_id, pid, host, boot_id, start_ticks, queues, heartbeat_at, created_at)
  VALUES (:kind, :name, :supervisorId, :pid, :host, :bootId, :startTicks, :queues, :now, :now)`;

function register(driver: Driver, process: NewProcess): number {
  const { kind, name, supervisorId, pid, host, bootId, startTicks } = process;
  const queues = JSON.stringify(process.queues);
  const now = driver.now();
  const values = { kind, name, supervisorId, pid, host, bootId, startTicks, queues, now };
  return Number(driver.sql(insert).run(values).lastInsertRowid);
}

const know = "UPDATE processes SET names = ?, state = 'running' WHERE id = ?";

function ready(driver: Driver, id: number, names: readonly string[]): void {
  if (driver.sql(know).run(JSON.stringify(names), id).changes === 1) return;
  throw new StoreError("invalid", `process ${id} is not registered: it was pruned or never was`);
}

const beat = `UPDATE processes
  SET heartbeat_at = ?, state = beat.value ->> 'state', rss_bytes = beat.value ->> 'rssBytes'
  FROM json_each(?) AS beat
  WHERE processes.id = beat.value ->> 'id'
  RETURNING processes.id`;

async function heartbeat(driver: Driver, beats: readonly Beat[]): Promise<readonly number[]> {
  if (beats.length === 0) return [];
  const gone = await driver.write(() => {
    const rows = driver.tuples(beat).all(driver.now(), JSON.stringify(beats));
    const alive = new Set((rows as unknown as [number][]).map(([id]) => id));
    refreshSlots(driver, [...alive]);
    return beats.map(({ id }) => id).filter((id) => !alive.has(id));
  });
  driver.checkPlace();
  return gone;
}

function deregister(driver: Driver, ids: readonly number[]): void {
  for (const id of ids) release(driver, id);
}

const all = `SELECT processes.*,
    (SELECT count(*) FROM jobs INDEXED BY jobs_running WHERE process_id = processes.id) AS jobs
  FROM processes`;

function list(driver: Driver): readonly Process[] {
  return driver.sql(`${all} ORDER BY id`).all().map(toProcess);
}

const quietOnes = `${all} WHERE heartbeat_at < ? ORDER BY id`;
const quietStill = `${all} WHERE id = ? AND heartbeat_at < ?`;

async function silent(driver: Driver, thresholdMs: number): Promise<readonly Process[]> {
  const look = (): Row[] => driver.sql(quietOnes).all(driver.now() - thresholdMs);
  const suspects = await driver.read(look);
  return suspects.length === 0 ? [] : (await driver.write(look)).map(toProcess);
}

async function prune(
  driver: Driver,
  thresholdMs: number,
  among?: readonly number[],
): Promise<readonly PrunedProcess[]> {
  const since = (): number => driver.now() - thresholdMs;
  const ids = among ?? (await driver.read(() => driver.sql(quietOnes).all(since()))).map(idOf);
  const pruned: PrunedProcess[] = [];
  for (const id of ids) {
    const one = await change(driver, () => {
      // Another pruner may have been here, or the process may have beaten, since we looked.
      const row = driver.sql(quietStill).get(id, since());
      return row && pruneOne(driver, row);
    });
    if (one) pruned.push(one);
  }
  return pruned;
}

function idOf(row: Row): number {
  return row.id as number;
}

function pruneOne(driver: Driver, row: Row): PrunedProcess {
  const process = toProcess(row);
  const silentMs = driver.now() - process.heartbeatAt;
  const jobs = recover(driver, process.id, { end: { how: "silent", silentMs }, started: null });
  return { process, silentMs, jobs };
}
