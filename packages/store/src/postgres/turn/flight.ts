// What a turn sends before its claim, in order, and which answer belongs to what.

import type { Turn } from "../../turn.ts";
import type { Answer, Driver, Statement } from "../driver.ts";
import { type Reconciled, reconcile, toReconciled, willReconcile } from "../flow/reconcile.ts";
import { Writes, type Written } from "./writes.ts";

/** See `beginAnew` in ../processes/recovery.ts. */
interface Anew {
  readonly first: readonly Statement[];
  readonly last: Statement;
}

export interface Landed extends Written {
  /** null: nothing of it was tied to other jobs, as far as was known. */
  readonly reconciled: Reconciled | null;
}

export class Flight {
  readonly statements: readonly Statement[];
  /** Much to write, of which nothing can become a job to claim. */
  readonly isBulk: boolean;
  readonly #writes: Writes;
  readonly #before: number;
  readonly #anew: boolean;
  readonly #linked: boolean;

  /** `linked`: how its runs end concerns other jobs. */
  constructor(turn: Turn, anew: Anew | null, linked: boolean) {
    this.#writes = new Writes(turn);
    this.#anew = anew !== null;
    // runs that nobody here knows of may be released
    this.#linked = linked || this.#anew;
    this.isBulk = this.#writes.isBulk && !this.#linked;
    const before = [...(anew?.first ?? []), ...(this.#linked ? [willReconcile] : [])];
    this.#before = before.length;
    this.statements = [
      ...before,
      ...this.#writes.statements,
      ...(anew ? [anew.last] : []),
      ...(this.#linked ? [reconcile] : []),
    ];
  }

  /** `answers` begin with those of the statements. */
  async read(driver: Driver, answers: readonly Answer[]): Promise<Landed> {
    const own = answers.slice(this.#before);
    const written = await this.#writes.read(driver, own);
    const { length } = this.#writes.statements;
    const released = this.#anew && own[length]!.count > 0;
    const reconciled = this.#linked ? toReconciled(answers[this.statements.length - 1]!) : null;
    return { ...written, ready: written.ready || released, reconciled };
  }
}
