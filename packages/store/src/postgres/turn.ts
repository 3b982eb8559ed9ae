// A worker's turn; see ../turn.ts for what it means. What it writes and what it wants goes in one
// flight and one transaction. Only when a claim could not be answered at once (a lane that nobody
// here knew, a suspect, a worker that has just run dry) another flight follows for the rest of it.
//
// Claims and settlements are always durable. A server that crashed and forgot a claim would give
// the job to somebody else with the same fence, while its first holder still runs; and a forgotten
// settlement would leave a job running that nobody holds. Only positions may be lazy.

import type { Job } from "../job.ts";
import type { Claim, Held, Turn, TurnAnswer } from "../turn.ts";
import { runnableStatements, toRunnable } from "./commands/run.ts";
import type { Answer, Driver, Statement } from "./driver.ts";
import { announceReconciled, takeUp } from "./flow/reconcile.ts";
import { beginAnew } from "./processes/recovery.ts";
import { linksOf, toJob } from "./rows.ts";
import { type Asked, claimStatement, lookStatement } from "./turn/claim.ts";
import {
  type Caught,
  type ClaimRows,
  type Surroundings,
  toClaimRows,
  toSurroundings,
} from "./turn/claim-rows.ts";
import { claimIdsStatement, inOrder } from "./turn/commands/claim.ts";
import { Flight, type Landed } from "./turn/flight.ts";
import { type Lane, Lanes } from "./turn/lanes.ts";
import { isFair, isRated, LinkedRuns } from "./turn/linked-runs.ts";
import { placedLanes } from "./turn/places.ts";
import { markStatement, Saturation } from "./turn/saturation.ts";
import { claimSuspect } from "./turn/suspects.ts";
import type { Announcer } from "./watch/announce.ts";

/** What a claim has brought so far. */
interface Catch {
  jobs: TurnAnswer["claimed"][number][];
  /** Of all of them together. */
  links: number;
  around: Surroundings;
  /** Another turn may find more. */
  more: boolean;
}

export class Turns {
  readonly #driver: Driver;
  readonly #announcer: Announcer;
  readonly #lanes = new Lanes();
  readonly #saturation = new Saturation();
  readonly #linked = new LinkedRuns();
  /** Keys take turns in some queue. */
  #fair = false;
  /** To be said with the next turn of the process: that it is saturated, or no longer. */
  readonly #marks = new Map<number, boolean>();
  /**
   * Of each process: raised by a turn that comes after one nobody knows the fate of, because a
   * claim may arrive long after its sender gave up on it.
   */
  readonly #epochs = new Map<number, number>();
  /** The last claim brought less than it wanted, and did not read from the beginning. */
  #foundTooLittle = false;

  constructor(driver: Driver, announcer: Announcer) {
    this.#driver = driver;
    this.#announcer = announcer;
  }

  async take(turn: Turn): Promise<TurnAnswer> {
    const { processId } = turn;
    const claim = turn.claim && turn.claim.limit > 0 ? turn.claim : null;
    const anew = turn.holding ? this.#anew(processId, turn.holding) : null;
    const flight = new Flight(turn, anew, this.#linked.isAmong(turn.settlements));
    const asked = this.#ask(processId, claim ?? nothing, {});
    const mark = await this.#mark(processId);
    const began = performance.now();
    const toRun = claim?.ids ? runnableStatements(claim.ids) : [];
    const answers = await this.#send(flight.statements, {
      last: [...mark, statementFor(claim, asked), ...toRun],
      beside: claim !== null && flight.isBulk,
      lazy: !claim && turn.settlements.length === 0 && !turn.holding,
    });
    const { rows } = answers.at(-1 - toRun.length)!;
    const around = toSurroundings(rows.at(-1));
    const late = this.#isLate(asked, around);
    if (late && anew) return this.take(turn);
    const written = await flight.read(this.#driver, answers);
    this.#linked.settled(turn.settlements);
    this.#announce(written);
    const found: Catch = { jobs: [], links: 0, around, more: around.more || late };
    if (claim?.ids) this.#take(found, inOrder(toClaimRows(rows, claim).jobs, claim));
    else if (claim && !late) await this.#land(found, { ...asked, claim }, { rows, began });
    await this.#follow(found, around.touched || (written.reconciled?.more ?? false));
    const registered = found.around.epoch !== null;
    const madeReady = (written.reconciled?.ready ?? 0) > 0;
    const isFull = !claim?.ids && found.jobs.length >= (claim?.limit ?? Number.POSITIVE_INFINITY);
    return {
      refused: written.refused,
      claimed: found.jobs,
      commands: claim?.ids ? runnableOf(found.jobs, answers.slice(-toRun.length)) : [],
      more: registered && (claim ? found.more || isFull : madeReady),
      cancelRequested: found.around.cancelRequested,
      evicted: !registered,
    };
  }

  /**
   * What was left undone, and what the claim itself has set free. It never fails: the jobs were
   * claimed, and somebody else will take up the rest.
   */
  async #follow(found: Catch, isLeft: boolean): Promise<void> {
    if (isRated(found.links)) this.#announcer.announce("scheduled");
    if (!isLeft && !isFair(found.links)) return;
    // bad news may be among it
    if (isLeft) this.#announcer.announce("ready");
    const ready = await takeUp(this.#driver, this.#announcer).catch(() => 0);
    if (ready > 0) found.more = true;
  }

  #anew(processId: number, known: readonly Held[]): ReturnType<typeof beginAnew> {
    const epoch = (this.#epochs.get(processId) ?? 0) + 1;
    this.#epochs.set(processId, epoch);
    return beginAnew(processId, { epoch, known });
  }

  /** Somebody else speaks for this process, or did: his epoch is taken over. */
  #isLate({ processId, epoch }: Asked, { epoch: written }: Surroundings): boolean {
    if (written === null || written === epoch) return false;
    this.#epochs.set(processId, written);
    return true;
  }

  /**
   * In one transaction; or, `beside`, the last on a connection of its own, so that two processors
   * of the server work for a worker that has much to write and much to do.
   */
  async #send(
    first: readonly Statement[],
    { last, beside, lazy }: { last: readonly Statement[]; beside: boolean; lazy: boolean },
  ): Promise<readonly Answer[]> {
    if (!beside) return this.#driver.write([...first, ...last], { lazy });
    const both = [this.#driver.write(first), this.#driver.write(last)];
    // nobody may go on while one is still under way
    await Promise.allSettled(both);
    return (await Promise.all(both)).flat();
  }

  /** Takes in what a flight brought, and sends the next for as long as one may bring more. */
  async #land(
    found: Catch,
    asked: Asked,
    landed: { readonly rows: Answer["rows"]; readonly began: number },
  ): Promise<void> {
    const { rows, began } = landed;
    const caught = toClaimRows(rows, asked.claim);
    found.around = caught.around;
    this.#fair = caught.around.fair;
    found.more = caught.around.more;
    this.#take(found, caught.jobs);
    const isNew = this.#noteLanes(caught);
    if (asked.full) {
      this.#lanes.looked(performance.now(), performance.now() - began);
      this.#foundTooLittle = false;
    }
    // a lane that stays unknown cannot be claimed from, and must not be asked for without end
    const next =
      caught.unknown.length > 0 && !isNew ? null : await this.#next(found, asked, caught);
    if (!next) return;
    const again = performance.now();
    const answers = await this.#driver.write([claimStatement(next)]);
    await this.#land(found, next, { rows: answers.at(-1)!.rows, began: again });
  }

  #take(found: Catch, caught: readonly Pick<Caught, "job" | "links">[]): void {
    found.jobs.push(...caught.map(({ job }) => job));
    for (const { links } of caught) found.links |= links;
    this.#linked.claimed(caught);
  }

  async #next(found: Catch, asked: Asked, caught: ClaimRows): Promise<Asked | null> {
    const { processId, claim, passSuspects } = asked;
    const { epoch, saturated } = found.around;
    if (epoch === null) return null;
    const limit = claim.limit - caught.jobs.length;
    const ask = (how: Partial<Asked>) =>
      this.#ask(processId, { ...claim, limit }, { passSuspects, ...how });
    if (caught.unknown.length > 0 || (found.around.fair && !asked.fair))
      return ask({ full: asked.full });
    if (limit <= 0) {
      if (this.#saturation.full(processId, saturated)) this.#marks.set(processId, true);
      return null;
    }
    if (found.around.suspects && !passSuspects && caught.jobs.length === 0) {
      const suspect = await claimSuspect(this.#driver, asked);
      if (!suspect) return ask({ passSuspects: true });
      this.#take(found, [{ job: toJob(suspect), links: linksOf(suspect) }]);
      return null;
    }
    const mark = this.#saturation.short(processId, saturated);
    const full = !asked.full && this.#lanes.isFullLookDue(performance.now(), true);
    this.#foundTooLittle = !asked.full;
    if (!mark && !full) return null;
    if (mark) this.#marks.set(processId, false);
    if (found.jobs.length === 0) {
      await this.#mark(processId);
      return ask({ full });
    }
    // what was found begins first; the next turn looks again
    found.more = true;
    return null;
  }

  #ask(processId: number, claim: Claim, how: Partial<Asked>): Asked {
    const known = this.#lanes.all();
    return {
      processId,
      epoch: this.#epochs.get(processId) ?? 0,
      claim,
      known,
      placed: placedLanes(claim, known),
      fair: this.#fair,
      full: how.full ?? this.#lanes.isFullLookDue(performance.now(), this.#foundTooLittle),
      passSuspects: how.passSuspects ?? claim.noSuspects ?? false,
    };
  }

  /** That it wants waking is said at once, and the rest with the statements that are answered. */
  async #mark(processId: number): Promise<readonly Statement[]> {
    const mark = this.#marks.get(processId);
    if (mark === undefined) return [];
    const statement = markStatement(processId, mark);
    if (!mark) await this.#driver.write([statement], { lazy: true });
    this.#marks.delete(processId);
    return mark ? [statement] : [];
  }

  /** Whether there was a lane that nobody here knew. */
  #noteLanes({ jobs, unknown, around }: ClaimRows): boolean {
    const now = performance.now();
    const added = unknown.filter((lane) => this.#lanes.add(lane, now));
    const taken = new Map<string, { lane: Lane; first: number; last: number }>();
    for (const { lane, job } of jobs) {
      const key = `${lane.returned} ${lane.priority} ${lane.queue} ${lane.name}`;
      const { first, last } = taken.get(key) ?? { first: job.id, last: job.id };
      const range = { first: Math.min(first, job.id), last: Math.max(last, job.id) };
      taken.set(key, { lane, ...range });
    }
    for (const { lane, ...range } of taken.values()) {
      this.#lanes.add(lane, now);
      this.#lanes.claimed(lane, range, around);
    }
    return added.length > 0;
  }

  #announce({ ready, inVain, delay, reconciled }: Landed): void {
    // others may have failed for one that ended in vain
    if (ready || (inVain && reconciled)) this.#announcer.announce("ready");
    if (reconciled) announceReconciled(this.#announcer, reconciled);
    if (delay !== null) this.#announcer.announceDue(delay);
  }
}

function statementFor(claim: Claim | null, asked: Asked): Statement {
  if (claim?.ids) return claimIdsStatement(asked);
  return claim ? claimStatement(asked) : lookStatement(asked.processId);
}

/** Of those that were asked for, those that were claimed. */
function runnableOf(jobs: readonly Job[], answers: readonly Answer[]): TurnAnswer["commands"] {
  const claimed = new Set(jobs.map(({ id }) => id));
  return toRunnable(answers).filter(({ id }) => claimed.has(id));
}

const nothing: Claim = { queues: [], names: [], limit: 0, idle: true };
