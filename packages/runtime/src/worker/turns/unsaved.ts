// Positions on their way to the store. Of each run only the newest is kept, however long the store
// is away; who asked to be told when his is stored waits, unless nobody is to be kept waiting.

import type { Checkpoint } from "@queue-runtime/store";

/** Somebody waits until this position is stored. */
export interface Save {
  readonly checkpoint: Checkpoint;
  resolve(): void;
  reject(error: Error): void;
}

/** What one turn writes. `checkpoints` are all of it; `saves` those among them that are waited for. */
export interface Batch {
  readonly checkpoints: readonly Checkpoint[];
  readonly saves: readonly Save[];
}

export class Unsaved {
  readonly #limit: number;
  readonly #newest = new Map<number, Checkpoint>();
  #saves: Save[] = [];
  #underWay: readonly Save[] = [];
  #nobodyWaits = false;

  /** @param limit of either kind in one batch */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#newest.size === 0 && this.#saves.length === 0;
  }

  note(checkpoint: Checkpoint): void {
    const { id, fence } = checkpoint;
    const older = this.#newest.get(id);
    this.#newest.set(id, older?.fence === fence ? { ...older, ...checkpoint } : checkpoint);
  }

  save(checkpoint: Checkpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      const save = { checkpoint, resolve, reject };
      if (this.#nobodyWaits) this.#disappoint(save);
      else this.#saves.push(save);
    });
  }

  keepNobodyWaiting(on: boolean): void {
    this.#nobodyWaits = on;
    if (!on) return;
    for (const save of this.#saves.splice(0)) this.#disappoint(save);
    for (const { reject } of this.#underWay) reject(notStored());
  }

  take(): Batch {
    const saves = this.#saves.splice(0, this.#limit);
    const checkpoints: Checkpoint[] = [];
    for (const [id, checkpoint] of this.#newest) {
      if (checkpoints.length === this.#limit) break;
      checkpoints.push(checkpoint);
      this.#newest.delete(id);
    }
    for (const { checkpoint } of saves) checkpoints.push(checkpoint);
    this.#underWay = saves;
    return { checkpoints, saves };
  }

  /** The batch was not stored, as far as anybody knows. What was noted meanwhile is newer. */
  giveBack({ checkpoints, saves }: Batch): void {
    this.#underWay = [];
    const awaited = new Set(saves.map(({ checkpoint }) => checkpoint));
    for (const checkpoint of checkpoints) {
      if (awaited.has(checkpoint) && !this.#nobodyWaits) continue;
      const newer = this.#newest.get(checkpoint.id);
      this.#newest.set(checkpoint.id, checkpoint);
      if (newer) this.note(newer);
    }
    if (!this.#nobodyWaits) this.#saves.unshift(...saves);
  }

  #disappoint({ checkpoint, reject }: Save): void {
    this.note(checkpoint);
    reject(notStored());
  }
}

function notStored(): Error {
  return new Error("the position is not stored yet: the store does not answer, and the run ends");
}
