// Batches: groups of jobs and what follows when all of them have ended. When that is, is decided in
// links/batch-end.ts.

import { StoreError } from "../../errors.ts";
import { endStates } from "../../job.ts";
import { prepareBatch } from "../../rules/new-batch.ts";
import type { Batch, BatchState, NewBatch } from "../../store/batch.ts";
import type { Batches } from "../../store.ts";
import type { Driver } from "../driver.ts";
import { fromColumn } from "../rows.ts";
import { change } from "./change.ts";
import { closeIfOver } from "./links/batch-end.ts";

export function sqliteBatches(driver: Driver): Batches {
  return {
    open: (batch) => open(driver, batch),
    seal: (id) => change(driver, () => seal(driver, id), "full"),
    find: (id) => driver.readTogether(() => find(driver, id)),
    list: (filter) => driver.readTogether(() => list(driver, filter)),
  };
}

const insert = `INSERT INTO batches
  (description, metadata, on_finish, on_success, on_failure, created_at) VALUES (?, ?, ?, ?, ?, ?)`;

async function open(driver: Driver, batch: NewBatch): Promise<number> {
  const { description, metadata, onFinish, onSuccess, onFailure } = prepareBatch(batch);
  const callbacks = [onFinish, onSuccess, onFailure].map((job) => job && JSON.stringify(job));
  return driver.write(() => {
    const values = [description, metadata, ...callbacks, driver.now()];
    return Number(driver.sql(insert).run(...values).lastInsertRowid);
  }, "full");
}

const stateOf = "SELECT state FROM batches WHERE id = ?";
const close = "UPDATE batches SET state = 'sealed' WHERE id = ? AND state = 'open'";

function seal(driver: Driver, id: number): void {
  const state = Number.isSafeInteger(id) ? driver.value(stateOf, id) : undefined;
  if (state === undefined) throw new StoreError("invalid", `there is no batch ${id} to seal`);
  driver.sql(close).run(id);
  closeIfOver(driver, id);
}

const columns = `id, description, metadata, state, created_at, finished_at,
  cleared_finished, cleared_failed, cleared_cancelled`;
const one = `SELECT ${columns} FROM batches WHERE id = ?`;

function find(driver: Driver, id: number): Batch | null {
  const row = Number.isSafeInteger(id) ? driver.sql(one).get(id) : undefined;
  return row ? toBatch(driver, row) : null;
}

const newest = (states: readonly BatchState[] | undefined): string =>
  `SELECT ${columns} FROM batches
  ${states ? `WHERE state IN (${states.map(() => "?").join(", ")})` : ""}
  ORDER BY id DESC LIMIT ?`;

function list(
  driver: Driver,
  { states, limit = 50 }: NonNullable<Parameters<Batches["list"]>[0]> = {},
): readonly Batch[] {
  const rows = driver.sql(newest(states)).all(...(states ?? []), limit);
  return rows.map((row) => toBatch(driver, row));
}

const counts = `SELECT state, count(*) FROM jobs INDEXED BY jobs_by_batch
  WHERE batch_id = ? GROUP BY state`;

function toBatch(driver: Driver, row: Record<string, unknown>): Batch {
  const id = row.id as number;
  const by = new Map(driver.tuples(counts).all(id) as unknown as [string, number][]);
  const stored = [...by.values()].reduce((sum, some) => sum + some, 0);
  const ended = endStates.map((state) => by.get(state) ?? 0);
  const pending = ended.reduce((rest, some) => rest - some, stored);
  const [finished, failed, cancelled] = endStates.map(
    (state, n) => ended[n]! + (row[`cleared_${state}`] as number),
  ) as [number, number, number];
  const total = pending + finished + failed + cancelled;
  return {
    id,
    description: row.description as string | null,
    metadata: fromColumn(row.metadata),
    state: row.state as BatchState,
    jobs: { total, pending, finished, failed, cancelled },
    createdAt: row.created_at as number,
    finishedAt: row.finished_at as number | null,
  };
}
