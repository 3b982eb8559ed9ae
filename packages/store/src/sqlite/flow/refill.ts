// The end of a rest: jobs that wait for a rate become ready when a slot of it is free again.

import type { Maintained } from "../../flow.ts";
import type { Driver } from "../driver.ts";
import { promote } from "./slots/promote.ts";
import { restsOf } from "./slots/rests.ts";
import { Room } from "./slots/room.ts";

/** How many jobs of one key one call makes ready. */
const most = 1_000;

/** A look first: it is called often, and in vain. */
export async function refill(driver: Driver): Promise<Maintained> {
  const { over, nextInMs } = await driver.read(() => restsOf(driver));
  if (over.length === 0) return { freed: 0, promoted: 0, nextInMs };
  return driver.write(() => {
    const room = new Room(driver);
    const promoted = over.reduce((sum, key) => sum + promote(room, key, { most }), 0);
    return { freed: 0, promoted, nextInMs: restsOf(driver).nextInMs };
  });
}
