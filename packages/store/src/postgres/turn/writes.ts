// The writing half of a turn: its statements, in order, and what their answers mean.

import { soundly } from "../../rules/gated.ts";
import type { Checkpoint, Turn } from "../../turn.ts";
import type { Answer, Driver, Statement } from "../driver.ts";
import { type Ended, hasEnd, noteEnds } from "./commands/ends.ts";
import { newest, save } from "./save.ts";
import {
  type EndedRow,
  end,
  type Finished,
  finish,
  type GatedRun,
  gate,
  type Other,
  takenBefore,
} from "./settle.ts";

interface Held {
  readonly id: number;
  readonly fence: number;
}

export interface Written {
  readonly refused: readonly Held[];
  /** Something went back to ready. */
  readonly ready: boolean;
  /** Something failed for good, or was cancelled. */
  readonly inVain: boolean;
  /** The shortest delay of what is to be run again, in milliseconds; null where there is none. */
  readonly delay: number | null;
}

/** From so many ends on, writing them takes about as long as a claim does. */
const bulk = 50;

export class Writes {
  readonly statements: readonly Statement[];
  readonly #asked: readonly Checkpoint[];
  readonly #checkpoints: readonly Checkpoint[];
  readonly #finished: readonly Finished[];
  readonly #others: readonly Other[];
  readonly #gated: readonly GatedRun[];
  readonly #ends: readonly Ended[];
  readonly #processId: number;
  readonly #repeated: boolean;

  constructor(turn: Turn) {
    const settlements = turn.settlements.map(soundly);
    this.#processId = turn.processId;
    this.#repeated = turn.holding !== undefined;
    this.#finished = settlements.filter(isFinished);
    this.#others = settlements.filter((each): each is Other => !isFinished(each));
    this.#gated = settlements.filter((each): each is GatedRun => each.outcome === "gated");
    this.#ends = settlements.filter(hasEnd);
    const moved = settlements.filter(({ cursor, progress }) => cursor !== undefined || progress);
    this.#asked = turn.checkpoints;
    this.#checkpoints = newest([...turn.checkpoints, ...moved]);
    this.statements = [
      ...(this.#checkpoints.length > 0 ? [save(this.#checkpoints)] : []),
      ...(this.#ends.length > 0 ? [noteEnds(this.#ends)] : []),
      ...(this.#finished.length > 0 ? [finish(this.#finished)] : []),
      ...(this.#gated.length > 0 ? [gate(this.#gated)] : []),
      ...(this.#others.length > 0 ? [end(this.#others)] : []),
    ];
  }

  /** Many, and nothing of it can become a job to claim. */
  get isBulk(): boolean {
    return this.#finished.length >= bulk && this.#others.length === 0 && !this.#repeated;
  }

  /** `answers` are those of the statements; asks again only where something was refused. */
  async read(driver: Driver, answers: readonly Answer[]): Promise<Written> {
    const rest = [...answers];
    const saved = this.#checkpoints.length > 0 ? rest.shift()!.rows : [];
    if (this.#ends.length > 0) rest.shift();
    const finished = this.#finished.length > 0 ? rest.shift()!.rows : [];
    if (this.#gated.length > 0) rest.shift();
    const ended = (this.#others.length > 0 ? rest.shift()!.rows : []) as readonly EndedRow[];
    const overtaken = [
      ...without(this.#asked, saved),
      ...without(this.#finished, finished),
      ...without(this.#others, ended),
    ];
    const delays = ended.flatMap(([, state, ms]) => (state === "scheduled" ? [ms ?? 0] : []));
    return {
      refused: (this.#repeated ? await this.#late(driver, overtaken) : overtaken).map(toHeld),
      ready: ended.some(([, state]) => state === "ready"),
      inVain: ended.some(([, state]) => state === "failed" || state === "cancelled"),
      delay: delays.length === 0 ? null : Math.min(...delays),
    };
  }

  /** Without those that had been taken by a turn whose answer got lost. */
  async #late(driver: Driver, refused: readonly Held[]): Promise<readonly Held[]> {
    if (refused.length === 0) return refused;
    const values = [refused.map(({ id }) => id), refused.map(({ fence }) => fence)];
    const { rows } = await driver.query(takenBefore, [...values, this.#processId]);
    const taken = new Set((rows as [number, number][]).map(([id, fence]) => `${id}/${fence}`));
    return refused.filter(({ id, fence }) => !taken.has(`${id}/${fence}`));
  }
}

function isFinished(settlement: Turn["settlements"][number]): settlement is Finished {
  return settlement.outcome === "finished";
}

/** Only one fence of a job can have been taken: its id is enough. */
function without<T extends Held>(held: readonly T[], rows: readonly unknown[]): readonly T[] {
  if (held.length === 0) return [];
  const taken = new Set((rows as readonly [number][]).map(([id]) => id));
  return held.filter(({ id }) => !taken.has(id));
}

function toHeld({ id, fence }: Held): Held {
  return { id, fence };
}
