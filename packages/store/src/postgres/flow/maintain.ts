// The second path, for what the first missed, and the rates that have rested.

import type { Maintained } from "../../flow.ts";
import type { Driver } from "../driver.ts";
import { pruneLedger } from "../recurring/prune.ts";
import type { Announcer } from "../watch/announce.ts";
import { takeUp, writeAndReconcile } from "./reconcile.ts";
import { finishSettings } from "./settings.ts";

/** Where the next call goes on, when there are more keys than one call looks at. */
export interface Cursor {
  key: string;
}

type Upkept = [freed: number, promoted: number, nextMs: number | null, last: string];

const maintainAll = "SELECT freed, promoted, next_ms, last FROM queue_runtime.maintain($1, $2)";
const regateMissed = "SELECT queue_runtime.regate_missed(1000)";

export async function maintain(
  driver: Driver,
  announcer: Announcer,
  { limit, cursor }: { readonly limit: number; readonly cursor: Cursor },
): Promise<Maintained> {
  await takeUp(driver, announcer);
  await finishSettings(driver, announcer);
  const most = Math.max(0, Math.min(limit, 2 ** 31 - 1));
  const statements = [[maintainAll, [most, cursor.key]], [regateMissed], pruneLedger] as const;
  const [answer] = await writeAndReconcile(driver, announcer, { statements, long: true });
  const [freed, promoted, nextInMs, last] = answer!.rows[0] as Upkept;
  cursor.key = last;
  if (promoted > 0) announcer.announce("ready");
  return { freed, promoted, nextInMs };
}

const refillAll = "SELECT freed, promoted, next_ms, more FROM queue_runtime.refill()";
/** As many times in a row: each takes up so many slots. */
const refills = 100;

type Refilled = [freed: number, promoted: number, nextMs: number | null, more: boolean];

export async function refill(driver: Driver, announcer: Announcer): Promise<Maintained> {
  const sum = { freed: 0, promoted: 0 };
  for (let n = 1; ; n += 1) {
    const { rows } = await driver.query(refillAll);
    const [freed, promoted, nextInMs, more] = rows[0] as Refilled;
    sum.freed += freed;
    sum.promoted += promoted;
    if (promoted > 0) announcer.announce("ready");
    if (!more || n === refills) return { ...sum, nextInMs };
  }
}
