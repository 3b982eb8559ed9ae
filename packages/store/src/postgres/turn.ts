// A worker's turn; see ../turn.ts for what it means. What it writes and what it wants goes in one
// flight and one transaction. Only when a claim could not be answered at once (a lane that nobody
// here knew, a suspect, a worker that has just run dry) another flight follows for the rest of it.
//
// Claims and settlements are always durable. A server that crashed and forgot a claim would give
// the job to somebody else with the same fence, while its first holder still runs; and a forgotten
// settlement would leave a job running that nobody holds. Only positions may be lazy.

import type { Claim, Turn, TurnAnswer } from "../turn.ts";
import type { Announcer } from "./announce.ts";
import type { Answer, Driver, Statement } from "./driver.ts";
import { releaseOthers } from "./recovery.ts";
import { toJob } from "./rows.ts";
import { type Asked, claimStatement, lookStatement } from "./turn/claim.ts";
import {
  type ClaimRows,
  type Surroundings,
  toClaimRows,
  toSurroundings,
} from "./turn/claim-rows.ts";
import { type Lane, Lanes } from "./turn/lanes.ts";
import { placedLanes } from "./turn/places.ts";
import { Saturation } from "./turn/saturation.ts";
import { claimSuspect } from "./turn/suspects.ts";
import { Writes } from "./turn/writes.ts";

/** What a claim has brought so far. */
interface Catch {
  jobs: TurnAnswer["claimed"][number][];
  around: Surroundings;
  /** Another turn may find more. */
  more: boolean;
}

export class Turns {
  readonly #driver: Driver;
  readonly #announcer: Announcer;
  readonly #lanes = new Lanes();
  readonly #saturation = new Saturation();
  /** To be written with the next turn of the process. */
  readonly #marks = new Map<number, Statement>();
  /** The last claim brought less than it wanted, and did not read from the beginning. */
  #foundTooLittle = false;

  constructor(driver: Driver, announcer: Announcer) {
    this.#driver = driver;
    this.#announcer = announcer;
  }

  async take(turn: Turn): Promise<TurnAnswer> {
    const { processId } = turn;
    const claim = turn.claim && turn.claim.limit > 0 ? turn.claim : null;
    const writes = new Writes(turn);
    const asked = this.#ask(processId, claim ?? nothing, {});
    if (turn.holding) this.#saturation.doubt(processId);
    const before = [...writes.statements, ...this.#mark(processId)];
    const release = turn.holding ? [releaseOthers(processId, turn.holding)] : [];
    const began = performance.now();
    const answers = await this.#send([...before, ...release], {
      last: claim ? claimStatement(asked) : lookStatement(processId),
      beside: claim !== null && writes.isBulk,
      lazy: !claim && turn.settlements.length === 0 && !turn.holding,
    });
    const written = await writes.read(this.#driver, answers);
    const released = turn.holding ? answers[before.length]!.count : 0;
    this.#announce({ ...written, ready: written.ready || released > 0 });
    const { rows } = answers.at(-1)!;
    const around = toSurroundings(rows.at(-1));
    const found: Catch = { jobs: [], around, more: around.more };
    if (claim) await this.#land(found, { ...asked, claim }, { rows, began });
    const { registered, cancelRequested } = found.around;
    return {
      refused: written.refused,
      claimed: found.jobs,
      more: claim !== null && registered && (found.more || found.jobs.length >= claim.limit),
      cancelRequested,
      evicted: !registered,
    };
  }

  /**
   * In one transaction; or, `beside`, the last on a connection of its own, so that two processors
   * of the server work for a worker that has much to write and much to do.
   */
  async #send(
    first: readonly Statement[],
    { last, beside, lazy }: { last: Statement; beside: boolean; lazy: boolean },
  ): Promise<readonly Answer[]> {
    if (!beside) return this.#driver.write([...first, last], { lazy });
    const both = [this.#driver.write(first), this.#driver.write([last])];
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
    found.more = caught.around.more;
    found.jobs.push(...caught.jobs.map(({ job }) => job));
    this.#noteLanes(caught);
    if (asked.full) {
      this.#lanes.looked(performance.now(), performance.now() - began);
      this.#foundTooLittle = false;
    }
    const next = await this.#next(found, asked, caught);
    if (!next) return;
    const again = performance.now();
    const answers = await this.#driver.write([...next.marks, claimStatement(next)]);
    await this.#land(found, next, { rows: answers.at(-1)!.rows, began: again });
  }

  async #next(
    found: Catch,
    asked: Asked,
    caught: ClaimRows,
  ): Promise<(Asked & { readonly marks: readonly Statement[] }) | null> {
    const { processId, claim, passSuspects } = asked;
    if (!found.around.registered) return null;
    const limit = claim.limit - caught.jobs.length;
    const ask = (how: Partial<Asked>, marks: readonly Statement[] = []) => ({
      ...this.#ask(processId, { ...claim, limit }, { passSuspects, ...how }),
      marks,
    });
    if (caught.unknown.length > 0) return ask({ full: asked.full });
    if (limit <= 0) {
      const mark = this.#saturation.full(processId);
      if (mark) this.#marks.set(processId, mark);
      return null;
    }
    if (found.around.suspects && !passSuspects && caught.jobs.length === 0) {
      const suspect = await claimSuspect(this.#driver, asked);
      if (!suspect) return ask({ passSuspects: true });
      found.jobs.push(toJob(suspect));
      return null;
    }
    const mark = this.#saturation.short(processId);
    const full = !asked.full && this.#lanes.isFullLookDue(performance.now(), true);
    if (!mark && !full) return null;
    if (found.jobs.length === 0) return ask({ full }, mark ? [mark] : []);
    // what was found begins first; the next turn looks again
    if (mark) this.#marks.set(processId, mark);
    this.#foundTooLittle = true;
    found.more = true;
    return null;
  }

  #ask(processId: number, claim: Claim, how: Partial<Asked>): Asked {
    const known = this.#lanes.all();
    return {
      processId,
      claim,
      known,
      placed: placedLanes(claim, known),
      full: how.full ?? this.#lanes.isFullLookDue(performance.now(), this.#foundTooLittle),
      passSuspects: how.passSuspects ?? claim.noSuspects ?? false,
    };
  }

  #mark(processId: number): readonly Statement[] {
    const mark = this.#marks.get(processId);
    this.#marks.delete(processId);
    return mark ? [mark] : [];
  }

  #noteLanes({ jobs, unknown, around }: ClaimRows): void {
    const now = performance.now();
    for (const lane of unknown) this.#lanes.add(lane, now);
    const last = new Map<string, { lane: Lane; id: number }>();
    for (const { lane, job } of jobs) {
      const key = `${lane.returned} ${lane.priority} ${lane.queue} ${lane.name}`;
      last.set(key, { lane, id: Math.max(job.id, last.get(key)?.id ?? 0) });
    }
    for (const { lane, id } of last.values()) {
      this.#lanes.add(lane, now);
      this.#lanes.claimed(lane, id, around);
    }
  }

  #announce({ ready, delay }: { readonly ready: boolean; readonly delay: number | null }): void {
    if (ready) this.#announcer.announce("ready");
    if (delay !== null) this.#announcer.announceDue(delay);
  }
}

const nothing: Claim = { queues: [], names: [], limit: 0, idle: true };
