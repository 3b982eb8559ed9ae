// Changes whose consequences for others follow in the same transaction: whatever the statements
// touch is taken up by `reconcile` behind them, in the same flight. What it left undone (there is a
// bound to what one transaction does) is taken up in further ones. See migrations/2-flow.

import type { Answer, Driver, Run, Statement, WriteOptions } from "../driver.ts";
import type { Announcer } from "../watch/announce.ts";

/** Before the statements whose consequences `reconcile` is to find. */
export const willReconcile: Statement = ["SELECT set_config('queue_runtime.touched', '0', true)"];

const text = "SELECT ready, more, rests FROM queue_runtime.reconcile($1)";
/** What others left is taken up so much at a time, and at most so often in a row. */
const part = 500;
const times = 1_000;

export const reconcile: Statement = [text, [part]];

export interface Reconciled {
  /** How many jobs became ready. */
  readonly ready: number;
  /** Something is left to take up. */
  readonly more: boolean;
  /** Somebody waits for a slot that rests: a dispatcher has to know. */
  readonly rests: boolean;
}

export function toReconciled({ rows }: Answer): Reconciled {
  const [ready, more, rests] = rows[0] as [number, boolean, boolean];
  return { ready, more, rests };
}

/** Whoever may have something to do now hears of it. */
export function announceReconciled(announcer: Announcer, { ready, rests }: Reconciled): void {
  if (ready > 0) announcer.announce("ready");
  if (rests) announcer.announce("scheduled");
}

export interface Changes extends WriteOptions {
  readonly statements: readonly Statement[];
  /** So much to do that each statement needs a time limit of its own. */
  readonly apart?: boolean;
}

/** In one transaction, and one round trip unless `apart`; answers for the statements alone. */
export async function writeAndReconcile(
  driver: Driver,
  announcer: Announcer,
  { statements, apart = false, ...how }: Changes,
): Promise<readonly Answer[]> {
  const all = [willReconcile, ...statements, reconcile];
  const answers = apart ? await oneByOne(driver, all) : await driver.write(all, how);
  const done = toReconciled(answers.at(-1)!);
  announceReconciled(announcer, done);
  if (done.more) await takeUp(driver, announcer);
  return answers.slice(1, -1);
}

function oneByOne(driver: Driver, statements: readonly Statement[]): Promise<readonly Answer[]> {
  return driver.transaction(async (run) => {
    const answers: Answer[] = [];
    for (const [text, values = []] of statements) answers.push(await run(text, values));
    return answers;
  }, true);
}

/**
 * The same as a part of a transaction; the caller announces, and takes up what is left, when that
 * is over. `also`: how much of others it takes up.
 */
export async function reconcileIn(
  run: Run,
  work: () => Promise<void>,
  also: number = part,
): Promise<Reconciled> {
  await run(willReconcile[0], []);
  await work();
  return toReconciled(await run(text, [also]));
}

/**
 * A transaction, all that follows from it, and who hears of that. It may lock very many rows, so it
 * leaves to others what is theirs: they may have locked rows of it.
 */
export async function change<T>(
  { driver, announcer }: { readonly driver: Driver; readonly announcer: Announcer },
  work: (run: Run) => Promise<T>,
  long = false,
): Promise<T> {
  const { value, followed } = await driver.transaction(async (run) => {
    const values: T[] = [];
    const followed = await reconcileIn(run, async () => void values.push(await work(run)), 0);
    return { value: values[0] as T, followed };
  }, long);
  announceReconciled(announcer, followed);
  if (followed.more) await takeUp(driver, announcer);
  return value;
}

/** Takes up what anybody left; answers how many jobs became ready. */
export async function takeUp(driver: Driver, announcer: Announcer): Promise<number> {
  let ready = 0;
  for (let n = 0; n < times; n += 1) {
    const [answer] = await driver.write([[text, [part]]]);
    const done = toReconciled(answer!);
    announceReconciled(announcer, done);
    ready += done.ready;
    if (!done.more) break;
  }
  return ready;
}
