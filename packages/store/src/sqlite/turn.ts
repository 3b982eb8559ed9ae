// A worker's turn inside its transaction; see ../turn.ts for what it means.

import type { Turn, TurnAnswer } from "../turn.ts";
import { runnable } from "./commands/run.ts";
import type { Driver } from "./driver.ts";
import { isTouched, reconcile } from "./flow/reconcile.ts";
import { releaseOthers } from "./processes/recovery.ts";
import { canClaim, claim } from "./turn/claim.ts";
import { save, settleAll } from "./turn/settle.ts";

const registered = "SELECT 1 FROM processes WHERE id = ?";

const requests = `SELECT id, fence FROM jobs INDEXED BY jobs_running
  WHERE process_id = ? AND cancel_requested_at IS NOT NULL ORDER BY id`;

/**
 * What a turn with nothing to write would answer, without the write lock; null when there is
 * something to claim. Idle workers are woken by every commit: they must not hold up its author.
 */
export function lookFirst(driver: Driver, turn: Turn): TurnAnswer | null {
  if (turn.settlements.length + turn.checkpoints.length > 0 || turn.holding) return null;
  if (turn.claim && canClaim(driver, turn.claim, driver.now())) return null;
  if (isTouched(driver)) return null;
  return {
    refused: [],
    claimed: [],
    commands: [],
    more: false,
    cancelRequested: requested(driver, turn.processId),
    evicted: !isRegistered(driver, turn.processId),
  };
}

export function takeTurn(driver: Driver, turn: Turn): TurnAnswer {
  const now = driver.now();
  const overtaken = [
    ...turn.checkpoints.filter((checkpoint) => !save(driver, checkpoint)),
    ...settleAll(driver, turn.settlements, now),
  ];
  const late = turn.holding ? overtaken.filter((each) => !wasTaken(driver, each)) : overtaken;
  const refused = late.map(({ id, fence }) => ({ id, fence }));
  if (turn.holding) releaseOthers(driver, turn.processId, turn.holding);
  const touched = isTouched(driver);
  // Before the claim: it may take at once what this frees.
  if (touched) reconcile(driver);
  // Looked up in the same transaction: no claim is ever committed for a pruned process.
  const evicted = !isRegistered(driver, turn.processId);
  const claimed = turn.claim && !evicted ? claim(driver, turn.claim, holderOf(driver, turn)) : [];
  // A run that begins ends its turn among fair keys.
  const followed = claimed.length > 0 && isTouched(driver);
  if (followed) reconcile(driver);
  const cancelRequested = requested(driver, turn.processId);
  const limit = turn.claim?.limit ?? 0;
  const more = claimed.length > 0 ? followed || claimed.length >= limit : touched && limit === 0;
  const commands = turn.claim?.ids
    ? runnable(
        driver,
        claimed.map(({ id }) => id),
      )
    : [];
  return { refused, claimed, commands, more, cancelRequested, evicted };
}

/** Later than whatever gave a slot away in this turn: a rate counts from there. */
function holderOf(driver: Driver, { processId }: Turn): { processId: number; now: number } {
  return { processId, now: driver.now() };
}

/** Only settling leaves the fence of a run as it is: this one came through the first time. */
const settled = "SELECT 1 FROM jobs WHERE id = ? AND fence = ? AND state <> 'running'";

function wasTaken(driver: Driver, { id, fence }: { id: number; fence: number }): boolean {
  return driver.value(settled, id, fence) !== undefined;
}

function isRegistered(driver: Driver, processId: number): boolean {
  return driver.value(registered, processId) !== undefined;
}

function requested(driver: Driver, processId: number): TurnAnswer["cancelRequested"] {
  const asked = driver.tuples(requests).all(processId) as unknown as [number, number][];
  return asked.map(([id, fence]) => ({ id, fence }));
}
