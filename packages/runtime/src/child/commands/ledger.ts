// What is written of runs, in an order that is always true: who runs a command is stored before its
// end, and an end is told to others once it is stored. Turns call it as their store.

import type {
  CommandProcess,
  Held,
  Settlement,
  Store,
  Turn,
  TurnAnswer,
} from "@queue-runtime/store";

export interface Began extends Held {
  readonly process: CommandProcess;
  readonly slot: number;
}

export interface LedgerOptions {
  readonly store: Store;
  /** Somebody else holds it by now. */
  readonly lost: (run: Held) => void;
  /** These ends are stored, or were refused, which ends the run here as well. */
  readonly settled: (settlements: readonly Settlement[]) => void;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #began = new Map<Began, () => void>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Resolves when it is stored; a turn has to be asked for. */
  began(run: Began): Promise<void> {
    return new Promise((resolve) => this.#began.set(run, resolve));
  }

  readonly jobs = {
    turn: async (turn: Turn): Promise<TurnAnswer> => {
      await this.#writeBegan();
      const answer = await this.#options.store.jobs.turn(turn);
      if (turn.settlements.length > 0) this.#options.settled(turn.settlements);
      return answer;
    },
  };

  async #writeBegan(): Promise<void> {
    const batch = [...this.#began];
    if (batch.length === 0) return;
    const lost = await this.#options.store.commands.began(batch.map(([run]) => run));
    for (const [run, written] of batch) {
      this.#began.delete(run);
      written();
    }
    for (const run of lost) this.#options.lost(run);
  }
}
