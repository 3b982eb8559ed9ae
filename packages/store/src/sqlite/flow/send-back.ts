// Ready jobs of a name whose limit was lowered: those that have a slot too many give back all they
// have, and wait. Runs go on. The last of the line go first: lowest priority, then youngest.

import { setImmediate as breathe } from "node:timers/promises";
import type { Driver } from "../driver.ts";
import { change } from "./change.ts";
import { Room, type StoredGate } from "./slots/room.ts";

/** Jobs in each transaction. */
const size = 200;

export async function sendBack(driver: Driver, jobName: string): Promise<void> {
  const ids = await driver.readTogether(() => tooMany(driver, jobName));
  for (let at = 0; at < ids.length; at += size) {
    const some = ids.slice(at, at + size);
    await change(driver, () => giveBack(driver, some));
    await breathe();
  }
}

const holders = `SELECT jobs.id, gate.kind, gate.key, gate.slots AS "limit", gate.name
  FROM slots CROSS JOIN jobs ON jobs.id = slots.job_id
  CROSS JOIN job_gates AS gate ON gate.job_id = jobs.id AND gate.key = slots.key
  WHERE slots.kind = 'concurrency' AND state = 'ready' AND gate.name = ?
  ORDER BY jobs.priority DESC, jobs.id DESC`;

type Holder = Pick<StoredGate, "kind" | "key" | "limit" | "name"> & { readonly id: number };

/** A look, without the write lock: how many of each key have to go, by what is held now. */
function tooMany(driver: Driver, jobName: string): readonly number[] {
  const room = new Room(driver);
  const left = new Map<string, number>();
  const ids = new Set<number>();
  for (const holder of driver.sql(holders).all(jobName) as unknown as readonly Holder[]) {
    const held = left.get(holder.key) ?? room.held(holder.key);
    if (held <= room.limitOf(holder)) continue;
    left.set(holder.key, held - 1);
    ids.add(holder.id);
  }
  return [...ids];
}

const isReady = "SELECT 1 FROM jobs WHERE id = ? AND state = 'ready'";
const forget = "DELETE FROM slots WHERE job_id = ?";
const block = "UPDATE jobs SET state = 'blocked' WHERE id = ?";

function giveBack(driver: Driver, ids: readonly number[]): void {
  const room = new Room(driver);
  for (const id of ids) {
    if (!driver.sql(isReady).get(id)) continue;
    // Meanwhile others may have ended.
    const own = room.gatesOf(id).filter(({ kind, name }) => kind === "concurrency" && name !== "");
    if (own.every((gate) => room.held(gate.key) <= room.limitOf(gate))) continue;
    driver.sql(forget).run(id);
    driver.sql(block).run(id);
    room.recount();
  }
}
