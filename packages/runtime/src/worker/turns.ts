// The worker's dealings with the store: one turn at a time, each a single transaction that settles
// what ended, saves checkpoints and claims what fits. While a turn is under way the next one fills,
// so batches grow with the load and a lone job never waits for company. A second turn beside the
// first was tried, for a store on a server: it brought nothing that the store cannot do better, by
// writing and claiming on two connections (postgres/turn.ts).
//
// When the store does not answer, everything stays in memory and is tried again. Nobody knows then
// whether the turn was committed, so the next one says what this worker holds, and claims nothing:
// what the lost turn may have claimed is released by it, what it settled is not refused. Memory
// stays bounded, because a worker that cannot settle claims no more, and of a run's positions only
// the newest is kept.

import { setTimeout as delay } from "node:timers/promises";
import {
  type Checkpoint,
  type Claim,
  type Held,
  type Settlement,
  type Store,
  StoreError,
  type Turn,
  type TurnAnswer,
} from "@queue-runtime/store";
import { monotonic } from "../process/monotonic.ts";
import type { StoreHealth, StoreUser } from "../service/store-health.ts";
import { ClaimPause } from "./turns/claim-pause.ts";
import { type Save, Unsaved } from "./turns/unsaved.ts";

/** At most this many settlements and checkpoints in one transaction, to keep it short. */
const batchLimit = 500;

export interface TurnsOwner {
  readonly processId: number;
  /** What to claim now, or null for nothing; asked once per turn. */
  wanted(): Claim | null;
  /** A claim goes out: it may miss whatever is said from now on. */
  asked(): void;
  /** The runs that have not ended, and the jobs that wait for one. */
  held(): readonly Held[];
  claimed(answer: TurnAnswer, claim: Claim): void;
  refused(id: number, fence: number): void;
  cancelRequested(id: number, fence: number): void;
  evicted(): void;
  /** What was written made other jobs ready, and nothing was claimed. */
  madeReady(): void;
  /** The store answers again, and may have changed meanwhile. */
  wellAgain(): void;
}

/** As much of a store as turns need. */
export interface TurnStore {
  readonly jobs: Pick<Store["jobs"], "turn">;
}

export class Turns {
  readonly #store: TurnStore;
  readonly #owner: TurnsOwner;
  readonly #health: StoreUser;
  readonly #claimPause: ClaimPause;
  readonly #unsaved = new Unsaved(batchLimit);
  #settlements: Settlement[] = [];
  #look = false;
  #scheduled = false;
  #underWay: Promise<void> | null = null;
  /** A turn may have been committed or not. */
  #inDoubt = false;
  /** So many settlements, the first ones, may have been taken. */
  #doubtful = 0;
  #closed = false;

  constructor(store: TurnStore, health: StoreHealth, owner: TurnsOwner) {
    this.#store = store;
    this.#owner = owner;
    this.#health = health.user();
    this.#claimPause = new ClaimPause(health.user(), () => this.request({ look: true }));
  }

  settle(settlement: Settlement): void {
    this.#settlements.push(settlement);
    this.request();
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.#unsaved.note(checkpoint);
    this.request();
  }

  /** Resolves when the position is stored; rejects when the fence is old. */
  save(checkpoint: Checkpoint): Promise<void> {
    const saved = this.#unsaved.save(checkpoint);
    this.request();
    return saved;
  }

  /** While on, nobody is kept waiting for a position to be stored: it is saved when it can be. */
  keepNobodyWaiting(on: boolean): void {
    this.#unsaved.keepNobodyWaiting(on);
  }

  /**
   * A turn soon: once everything that happens in this round of the event loop has happened. With
   * `look` also when there is nothing to write or claim: somebody may want a job cancelled.
   */
  request(options: { readonly look?: boolean } = {}): void {
    if (options.look) this.#look = true;
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#underWay) this.#begin();
    });
  }

  #begin(): void {
    this.#underWay = this.#turn().finally(() => {
      this.#underWay = null;
      if (this.#hasWork || this.#look) this.request();
    });
  }

  /** Resolves true when everything written so far is stored, false once `until()` has passed. */
  async flush(until: () => number): Promise<boolean> {
    while (this.#hasWork || this.#underWay) {
      if (monotonic() >= until()) return false;
      this.request();
      await delay(2);
    }
    return true;
  }

  /** No turn begins any more. */
  close(): void {
    this.#closed = true;
    this.#claimPause.close();
  }

  get #hasWork(): boolean {
    return this.#settlements.length > 0 || !this.#unsaved.isEmpty;
  }

  async #turn(): Promise<void> {
    const claim = this.#inDoubt || this.#claimPause.isOn ? null : this.#owner.wanted();
    if (!claim && !this.#hasWork && !this.#look) return;
    this.#look = false;
    const holding = this.#inDoubt ? this.#holding() : null;
    const settlements = this.#settlements.splice(0, batchLimit);
    const { checkpoints, saves } = this.#unsaved.take();
    const { processId } = this.#owner;
    const turn: Turn = { processId, settlements, checkpoints, claim };
    let answer: TurnAnswer;
    if (claim) this.#asked();
    try {
      answer = await this.#store.jobs.turn(holding ? { ...turn, holding } : turn);
      if (claim) this.#claimPause.succeeded();
    } catch (error) {
      if (claim) this.#claimPause.failed(error);
      this.#settlements.unshift(...settlements);
      // a turn after trouble repeats the doubtful ones first, and may have taken others with them
      if (holding) this.#doubtful = Math.max(this.#doubtful, settlements.length);
      else this.#doubtful += settlements.length;
      this.#unsaved.giveBack({ checkpoints, saves });
      return await this.#trouble(error);
    }
    if (holding) this.#doubtful -= settlements.length;
    if (holding && this.#doubtful <= 0) this.#well();
    this.#distribute(answer, claim, saves);
  }

  #asked(): void {
    this.#owner.asked();
    this.#claimPause.asked();
  }

  /** What ended is held as long as its end is not stored. */
  #holding(): readonly Held[] {
    const ended = this.#settlements.map(({ id, fence }) => ({ id, fence }));
    return [...ended, ...this.#owner.held()];
  }

  #distribute(answer: TurnAnswer, claim: Claim | null, saves: readonly Save[]): void {
    const refused = new Set(answer.refused.map(({ id, fence }) => `${id}/${fence}`));
    for (const { checkpoint, resolve, reject } of saves) {
      if (!refused.has(`${checkpoint.id}/${checkpoint.fence}`)) resolve();
      else reject(new Error(`job ${checkpoint.id} is held by somebody else by now`));
    }
    for (const { id, fence } of answer.refused) this.#owner.refused(id, fence);
    for (const { id, fence } of answer.cancelRequested) this.#owner.cancelRequested(id, fence);
    if (answer.evicted) this.#owner.evicted();
    if (claim) this.#owner.claimed(answer, claim);
    else if (answer.more) this.#owner.madeReady();
  }

  /** Waits a little, so that a dead store costs nothing. */
  async #trouble(error: unknown): Promise<void> {
    const pauseMs = this.#health.failed(error);
    if (!(error instanceof StoreError)) throw error;
    this.#inDoubt = true;
    await delay(pauseMs);
    this.request({ look: true });
  }

  #well(): void {
    this.#inDoubt = false;
    this.#doubtful = 0;
    this.#health.succeeded();
    this.#owner.wellAgain();
  }
}
