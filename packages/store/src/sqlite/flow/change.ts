// A write transaction that may touch jobs with links, and what follows from it: in the same
// transaction as far as there is room, and in further ones before it is answered.

import { setImmediate as breathe } from "node:timers/promises";
import type { Driver, Durability } from "../driver.ts";
import { reconcile } from "./reconcile.ts";

export async function change<T>(
  driver: Driver,
  work: () => T,
  durability?: Durability,
): Promise<T> {
  let done = true;
  const answer = await driver.write(() => {
    const made = work();
    done = reconcile(driver);
    return made;
  }, durability);
  while (!done) {
    await breathe();
    done = await driver.write(() => reconcile(driver), durability);
  }
  return answer;
}
