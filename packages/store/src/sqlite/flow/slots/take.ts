// One slot of a rate for work that is no job of its own: an item of an iteration, say.

import { rateGate } from "../../../flow.ts";
import { checkTaken } from "../../../rules/limits.ts";
import type { Driver } from "../../driver.ts";
import { promote } from "./promote.ts";
import { Room, type StoredGate } from "./room.ts";

/** Jobs that wait for the key come first, as many as have slots. */
const most = 1_000;
const rest = `INSERT INTO slots (key, kind, job_id, since, expires_at)
  VALUES (?, 'rate', NULL, ?, ?)`;

export async function takeSlot(
  driver: Driver,
  wanted: string,
  rate: { readonly limit: number; readonly perMs: number },
): Promise<number> {
  const { key, limit, ms } = checkTaken(wanted, rate);
  const gate = { ...rateGate(key, { limit, perMs: ms, burst: limit }), name: "" };
  // A look first: those who would be told to wait never take the write lock.
  const waitMs = await driver.read(() => waitFor(new Room(driver), gate));
  if (waitMs > 0) return waitMs;
  return driver.write(() => {
    const room = new Room(driver);
    if (room.isAwaited(key)) promote(room, key, { most });
    const waitMs = waitFor(room, gate);
    if (waitMs > 0) return waitMs;
    room.forgetRested(key);
    room.sql(rest).run(key, room.now, room.now + ms);
    return 0;
  });
}

const restEnds = `SELECT expires_at AS endsAt FROM slots
  WHERE key = ? AND job_id IS NULL AND expires_at > ? ORDER BY expires_at LIMIT 1 OFFSET ?`;

/** 0 when a slot is free. */
function waitFor(room: Room, { key, limit, ms }: StoredGate): number {
  const excess = room.held(key) - limit;
  if (excess < 0) return 0;
  const ends = room.sql(restEnds).get(key, room.now, excess)?.endsAt as number | undefined;
  // Held by jobs that have not begun: nobody knows when they do.
  return ends === undefined ? ms : ends - room.now;
}
