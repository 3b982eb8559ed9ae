// The second path, for what the first missed. Everything here is looked for without the write lock
// first: when all is well, which is nearly always, maintenance writes nothing.

import type { Maintained } from "../../flow.ts";
import type { Driver } from "../driver.ts";
import { isLedgerOld, pruneLedger } from "../recurring/prune.ts";
import { isTouched, reconcile } from "./reconcile.ts";
import { promote } from "./slots/promote.ts";
import { forgetRested, restsOf } from "./slots/rests.ts";
import { Room } from "./slots/room.ts";

/** Where the next call goes on, when there are more keys than one call looks at. */
export interface Cursor {
  key: string;
}

interface Trouble {
  readonly expired: boolean;
  readonly keys: readonly string[];
}

export async function maintain(driver: Driver, limit: number, cursor: Cursor): Promise<Maintained> {
  const { expired, keys } = await driver.readTogether(() => look(driver, limit, cursor));
  let freed: readonly string[] = [];
  let promoted = 0;
  if (expired || keys.length > 0)
    await driver.write(() => {
      freed = repairSlots(driver);
      reconcile(driver);
      const room = new Room(driver);
      promoted = 0;
      for (const key of new Set([...keys, ...freed])) promoted += promote(room, key, { most: 1 });
      tidy(driver);
    });
  const { nextInMs } = await driver.read(() => restsOf(driver));
  return { freed: freed.length, promoted, nextInMs };
}

const holderIsAlive = `EXISTS (SELECT 1 FROM jobs WHERE jobs.id = slots.job_id AND (
  state = 'ready' OR state = 'running' OR state = 'blocked' OR state = 'scheduled'))`;
/** Slots of rates and of fairness that are held say no time: they are held until the run begins. */
const isOver = "job_id IS NOT NULL AND (expires_at <= ?1 OR expires_at IS NULL)";
const anyExpired = `SELECT 1 FROM slots WHERE ${isOver}
  AND (expires_at IS NOT NULL OR NOT ${holderIsAlive}) LIMIT 1`;
const anyKeyOver = `SELECT 1 FROM unique_keys INDEXED BY unique_keys_expiring
  WHERE until IS NOT NULL AND until <= ? LIMIT 1`;
const anyRested = `SELECT 1 FROM slots INDEXED BY slots_resting
  WHERE job_id IS NULL AND expires_at <= ? LIMIT 1`;

function look(driver: Driver, limit: number, cursor: Cursor): Trouble {
  const now = driver.now();
  const found = [anyExpired, anyKeyOver, anyRested].some((sql) => driver.value(sql, now) === 1);
  const expired = found || isTouched(driver) || isLedgerOld(driver);
  return { expired, keys: keysWithRoom(driver, limit, cursor) };
}

const nextKey = `SELECT key FROM job_gates INDEXED BY job_gates_waiting
  WHERE waits = 1 AND key > ? ORDER BY key LIMIT 1`;

/** Of the next keys that somebody waits for, those that have a free slot for one of them. */
function keysWithRoom(driver: Driver, limit: number, cursor: Cursor): readonly string[] {
  const room = new Room(driver);
  const keys: string[] = [];
  for (let seen = 0; seen < limit; seen += 1) {
    const next = driver.value(nextKey, cursor.key) as string | undefined;
    cursor.key = next ?? "";
    if (next === undefined) break;
    if (room.hasRoom(next)) keys.push(next);
  }
  return keys;
}

const free = `DELETE FROM slots WHERE ${isOver} AND NOT ${holderIsAlive} RETURNING key`;
const refresh = `UPDATE slots SET expires_at = ?1 + coalesce((SELECT ms FROM job_gates AS gate
    WHERE gate.job_id = slots.job_id AND gate.key = slots.key), 0)
  WHERE job_id IS NOT NULL AND expires_at <= ?1`;

/** Frees what nobody holds any more; whoever is left lives. Answers the key of each. */
function repairSlots(driver: Driver): readonly string[] {
  const freed = driver.sql(free).all(driver.now()) as unknown as readonly { key: string }[];
  driver.sql(refresh).run(driver.now());
  return freed.map(({ key }) => key);
}

const forgetKeys = `DELETE FROM unique_keys WHERE (job_id, key) IN (
  SELECT job_id, key FROM unique_keys INDEXED BY unique_keys_expiring
  WHERE until IS NOT NULL AND until <= ? ORDER BY until LIMIT 1000)`;

function tidy(driver: Driver): void {
  driver.sql(forgetKeys).run(driver.now());
  forgetRested(driver);
  pruneLedger(driver);
}
