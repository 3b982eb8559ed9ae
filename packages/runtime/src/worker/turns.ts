// The worker's dealings with the store: one turn at a time, each a single transaction that settles
// what ended, saves checkpoints and claims what fits. While a turn is under way the next one fills,
// so batches grow with the load and a lone job never waits for company.

import { setTimeout as delay } from "node:timers/promises";
import {
  type Checkpoint,
  type Claim,
  type Job,
  type Settlement,
  type Store,
  StoreError,
  type TurnAnswer,
} from "@queue-runtime/store";
import { monotonic } from "../process/monotonic.ts";

/** At most this many settlements and checkpoints in one transaction, to keep it short. */
const batchLimit = 500;
/** After a failed turn, in milliseconds; doubled up to the second. */
const retryDelays = [100, 1_000] as const;

export interface TurnsOwner {
  readonly processId: number;
  /** What to claim now, or null for nothing; asked once per turn. */
  wanted(): Claim | null;
  claimed(jobs: readonly Job[], claim: Claim): void;
  refused(id: number, fence: number): void;
  cancelRequested(id: number, fence: number): void;
  evicted(): void;
  trouble(message: string): void;
  wellAgain(ms: number): void;
}

interface Waiting {
  readonly checkpoint: Checkpoint;
  resolve(): void;
  reject(error: Error): void;
}

export class Turns {
  readonly #store: Store;
  readonly #owner: TurnsOwner;
  #settlements: Settlement[] = [];
  #checkpoints: Checkpoint[] = [];
  #saves: Waiting[] = [];
  #look = false;
  #scheduled = false;
  #underWay: Promise<void> | null = null;
  #troubleSince: number | null = null;
  #closed = false;

  constructor(store: Store, owner: TurnsOwner) {
    this.#store = store;
    this.#owner = owner;
  }

  settle(settlement: Settlement): void {
    this.#settlements.push(settlement);
    this.request();
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.#checkpoints.push(checkpoint);
    this.request();
  }

  /** Resolves when the position is stored; rejects when the fence is old. */
  save(checkpoint: Checkpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#saves.push({ checkpoint, resolve, reject });
      this.request();
    });
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
      this.#underWay ??= this.#turn().finally(() => {
        this.#underWay = null;
        if (this.#hasWork || this.#look) this.request();
      });
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
  }

  get #hasWork(): boolean {
    return this.#settlements.length + this.#checkpoints.length + this.#saves.length > 0;
  }

  async #turn(): Promise<void> {
    const claim = this.#owner.wanted();
    if (!claim && !this.#hasWork && !this.#look) return;
    this.#look = false;
    const settlements = this.#settlements.splice(0, batchLimit);
    const checkpoints = this.#checkpoints.splice(0, batchLimit);
    const saves = this.#saves.splice(0, batchLimit);
    try {
      const answer = await this.#store.jobs.turn({
        processId: this.#owner.processId,
        settlements,
        checkpoints: checkpoints.concat(saves.map((save) => save.checkpoint)),
        claim,
      });
      this.#well();
      this.#distribute(answer, claim, saves);
    } catch (error) {
      this.#settlements.unshift(...settlements);
      this.#checkpoints.unshift(...checkpoints);
      this.#saves.unshift(...saves);
      await this.#trouble(error);
    }
  }

  #distribute(answer: TurnAnswer, claim: Claim | null, saves: readonly Waiting[]): void {
    const refused = new Set(answer.refused.map(({ id, fence }) => `${id}/${fence}`));
    for (const { checkpoint, resolve, reject } of saves) {
      if (!refused.has(`${checkpoint.id}/${checkpoint.fence}`)) resolve();
      else reject(new Error(`job ${checkpoint.id} is held by somebody else by now`));
    }
    for (const { id, fence } of answer.refused) this.#owner.refused(id, fence);
    for (const { id, fence } of answer.cancelRequested) this.#owner.cancelRequested(id, fence);
    if (answer.evicted) this.#owner.evicted();
    if (claim) this.#owner.claimed(answer.claimed, claim);
  }

  /** Says so once, not once per try; then waits a little, so that a dead store costs nothing. */
  async #trouble(error: unknown): Promise<void> {
    const first = this.#troubleSince === null;
    this.#troubleSince ??= monotonic();
    if (first) this.#owner.trouble(error instanceof Error ? error.message : String(error));
    if (!(error instanceof StoreError)) throw error;
    await delay(first ? retryDelays[0] : retryDelays[1]);
    this.request();
  }

  #well(): void {
    if (this.#troubleSince === null) return;
    this.#owner.wellAgain(monotonic() - this.#troubleSince);
    this.#troubleSince = null;
  }
}
