// A worker's turn inside its transaction; see ../turn.ts for what it means.

import type { Turn, TurnAnswer } from "../turn.ts";
import type { Driver } from "./driver.ts";
import { claim } from "./turn/claim.ts";
import { save, settleAll } from "./turn/settle.ts";

const registered = "SELECT 1 FROM processes WHERE id = ?";

const requests = `SELECT id, fence FROM jobs INDEXED BY jobs_running
  WHERE process_id = ? AND cancel_requested_at IS NOT NULL ORDER BY id`;

export function takeTurn(driver: Driver, turn: Turn): TurnAnswer {
  const now = driver.now();
  const overtaken = [
    ...turn.checkpoints.filter((checkpoint) => !save(driver, checkpoint)),
    ...settleAll(driver, turn.settlements, now),
  ];
  const refused = overtaken.map(({ id, fence }) => ({ id, fence }));
  // Looked up in the same transaction: no claim is ever committed for a pruned process.
  const evicted = driver.value(registered, turn.processId) === undefined;
  const claimed =
    turn.claim && !evicted ? claim(driver, turn.claim, { processId: turn.processId, now }) : [];
  const asked = driver.tuples(requests).all(turn.processId) as unknown as [number, number][];
  const cancelRequested = asked.map(([id, fence]) => ({ id, fence }));
  return { refused, claimed, cancelRequested, evicted };
}
