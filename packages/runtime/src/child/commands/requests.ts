// What people ask of runs that only this process can do: to start one by force, and to write to its
// input. Each request is answered once, with an answer per id.

import { setTimeout as delay } from "node:timers/promises";
import type { Settlement } from "@queue-runtime/store";
import type { LiveAnswer } from "../../control/live-commands.ts";
import type { FromCommands, ToCommands } from "../../process/command-messages.ts";
import type { CommandClaims } from "./claims.ts";
import type { Runs } from "./runs.ts";

type Request = Extract<ToCommands, { readonly request: number }>;

/**
 * So long an answer waits for the pid to be stored, in milliseconds: it runs whatever the store
 * does.
 */
const storedMs = 100;

const mostRecent = 1_000;

export interface RequestsOptions {
  readonly claims: () => CommandClaims;
  readonly runs: Runs;
  readonly mayBegin: () => boolean;
  readonly tell: (message: FromCommands) => void;
}

export class Requests {
  readonly #options: RequestsOptions;
  /** What became of the last ones, whoever started them. */
  readonly #recent = new Map<number, LiveAnswer>();
  readonly #starting = new Map<number, ((answer: LiveAnswer) => void)[]>();

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  async take(message: Request): Promise<void> {
    const answers =
      message.say === "send"
        ? [this.#send(message)]
        : await Promise.all(message.ids.map((id) => this.#start(id)));
    this.#options.tell({ said: "answered", request: message.request, answers });
  }

  /** It has a process. */
  began(id: number, stored: Promise<void>): void {
    this.#remember({ id, outcome: "done" });
    if (!this.#starting.has(id)) return;
    const late = delay(storedMs, undefined, { ref: false });
    void Promise.race([stored, late]).then(() => this.#answer({ id, outcome: "done" }));
  }

  /** It ended, and never had one. */
  neverBegan(id: number, settlement: Settlement): void {
    const { outcome } = settlement;
    const why = outcome === "failed" ? settlement.error.message : `it is ${outcome}`;
    const error = `command ${id} could not be started: ${why}`;
    this.#remember({ id, outcome: "refused", error });
    this.#answer({ id, outcome: "refused", error });
  }

  #start(id: number): Promise<LiveAnswer> {
    return new Promise((resolve) => {
      const others = this.#starting.get(id);
      if (others) return others.push(resolve);
      this.#starting.set(id, [resolve]);
      const refuse = (why: string) => {
        // it had its turn in its group, a moment before or just now
        if (this.#options.runs.at(id) && !this.#recent.has(id)) return;
        const error = `command ${id} cannot be started: ${why}`;
        this.#answer(this.#recent.get(id) ?? { id, outcome: "refused", error });
      };
      if (this.#options.mayBegin()) this.#options.claims().force(id, refuse);
      else refuse("the runtime begins nothing now");
      return undefined;
    });
  }

  #remember(answer: LiveAnswer): void {
    this.#recent.delete(answer.id);
    this.#recent.set(answer.id, answer);
    for (const id of this.#recent.keys()) {
      if (this.#recent.size <= mostRecent) return;
      this.#recent.delete(id);
    }
  }

  #answer(answer: LiveAnswer): void {
    const waiting = this.#starting.get(answer.id) ?? [];
    this.#starting.delete(answer.id);
    for (const resolve of waiting) resolve(answer);
  }

  #send({ id, bytes, eof }: Extract<Request, { readonly say: "send" }>): LiveAnswer {
    const run = this.#options.runs.at(id);
    if (run?.over) return { id, outcome: "refused", error: `command ${id} has just ended` };
    if (!run?.process) return { id, outcome: "unknown", error: `command ${id} does not run` };
    const why = run.stdin
      ? run.stdin.send(Buffer.from(bytes, "base64"), eof)
      : "its input was lost with the process that began it";
    if (why === null) return { id, outcome: "done" };
    return { id, outcome: "refused", error: `command ${id} takes no input: ${why}` };
  }
}
