// A store behind a link that can be cut: on the way there, or on the way back, when everything was
// done and nobody hears of it. The store itself is a real one.

import { setTimeout as delay } from "node:timers/promises";
import {
  type News,
  type Store,
  StoreError,
  type Turn,
  type WatchOptions,
} from "@queue-runtime/store";

/** `deaf`: what is asked arrives, the answer does not. */
type LinkState = "whole" | "cut" | "deaf";

export class CutLink {
  state: LinkState = "whole";
  /** What is said where it is cut. */
  error = new StoreError("unreachable", "the link is cut");
  /** Of ticks of recurring tasks alone, while everything else goes through. */
  ticks: LinkState = "whole";
  /** Of turns that claim alone. */
  claims: LinkState = "whole";
  /** Of one question about commands alone, such as `outstanding`. */
  lost: string | null = null;
  /** Ticks of this task get nowhere, as where somebody else's transaction is in their way. */
  inTheWayOf: string | null = null;
  /** How long an answer takes on its way back, in milliseconds. */
  latencyMs = 0;
  /** As hosts share it. */
  readonly store: Store;
  /** Every turn that was tried, whatever became of it. */
  readonly turns: Turn[] = [];
  /** When those went out that claim, by `performance.now()`. */
  readonly claimsAt: number[] = [];
  /** What was asked about commands, in order. */
  readonly asked: string[] = [];
  /** What of that is not answered yet. */
  readonly #unanswered: string[] = [];
  /** Of what was asked while something else was: `first beside second`. */
  readonly beside: Set<string> = new Set();
  /** It is the link of turns alone: what is asked about commands goes through. */
  onlyTurns = false;
  /** Turns that were asked for and not answered. */
  underWay = 0;
  readonly watchers: { readonly tell: (news: News) => void; readonly options: WatchOptions }[] = [];

  constructor(real: Store) {
    const { jobs, processes, recurring, commands } = real;
    this.store = {
      ...real,
      shared: true,
      commands: {
        ...commands,
        groupSettings: () => this.#ask("groupSettings", () => commands.groupSettings()),
        queued: (groups) => this.#ask("queued", () => commands.queued(groups)),
        outstanding: () => this.#ask("outstanding", () => commands.outstanding()),
        began: (runs) => this.#ask("began", () => commands.began(runs)),
        adopt: (from, to) => this.#ask("adopt", () => commands.adopt(from, to)),
      },
      jobs: {
        ...jobs,
        turn: (turn) => {
          this.turns.push(turn);
          this.underWay += 1;
          if (turn.claim) this.claimsAt.push(performance.now());
          const its = turn.claim ? this.claims : "whole";
          return this.#over(() => jobs.turn(turn), its).finally(() => (this.underWay -= 1));
        },
        enqueue: (rows) => this.#over(() => jobs.enqueue(rows)),
      },
      processes: {
        ...processes,
        heartbeat: (beats) => this.#over(() => processes.heartbeat(beats)),
      },
      recurring: {
        ...recurring,
        now: () => this.#over(() => recurring.now()),
        list: () => this.#over(() => recurring.list()),
        tick: (tick) => {
          const its = tick.key === this.inTheWayOf ? "cut" : this.ticks;
          return this.#over(() => recurring.tick(tick), its);
        },
      },
      watch: (tell, options = {}) => {
        const watcher = { tell, options };
        this.watchers.push(watcher);
        return { close: () => void this.watchers.splice(this.watchers.indexOf(watcher), 1) };
      },
    };
  }

  async #ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    this.asked.push(what);
    if (what === this.lost) throw new StoreError("denied", `${what} is not for this role`);
    for (const other of this.#unanswered) this.beside.add(`${what} beside ${other}`);
    this.#unanswered.push(what);
    try {
      return await (this.onlyTurns ? call() : this.#over(call));
    } finally {
      this.#unanswered.splice(this.#unanswered.indexOf(what), 1);
    }
  }

  async #over<T>(call: () => Promise<T>, its: LinkState = "whole"): Promise<T> {
    const began = this.state === "whole" ? its : this.state;
    if (began !== "cut") {
      const answer = await call();
      if (this.latencyMs > 0) await delay(this.latencyMs);
      if (began === "whole") return answer;
    }
    throw this.error;
  }
}
