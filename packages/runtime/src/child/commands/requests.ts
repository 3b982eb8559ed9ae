// What people ask of runs that only this process can do: to start one by force, and to write to its
// input. Each request is answered once, with an answer per id.

import { setTimeout as delay } from "node:timers/promises";
import type { Settlement } from "@queue-runtime/store";
import type { LiveAnswer } from "../../control/live-commands.ts";
import type { FromCommands, ToCommands } from "../../process/command-messages.ts";
import type { CommandClaims } from "./claims.ts";
import type { Runs } from "./runs.ts";

type Request = Extract<ToCommands, { readonly request: number }>;

/** So long an answer waits for the pid to be stored, in milliseconds: it runs whatever the store does. */
const storedMs = 100;

export interface RequestsOptions {
  readonly claims: () => CommandClaims;
  readonly runs: Runs;
  readonly mayBegin: () => boolean;
  readonly tell: (message: FromCommands) => void;
}

export class Requests {
  readonly #options: RequestsOptions;
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
    if (!this.#starting.has(id)) return;
    const late = delay(storedMs, undefined, { ref: false });
    void Promise.race([stored, late]).then(() => this.#answer({ id, outcome: "done" }));
  }

  /** It may have ended without one. */
  ended(id: number, settlement: Settlement): void {
    if (!this.#starting.has(id) || settlement.commandEnd?.signal) return;
    const { outcome } = settlement;
    if (outcome === "finished") return;
    const why = outcome === "failed" ? settlement.error.message : `it is ${outcome}`;
    this.#answer({ id, outcome: "refused", error: `command ${id} could not be started: ${why}` });
  }

  #start(id: number): Promise<LiveAnswer> {
    return new Promise((resolve) => {
      const others = this.#starting.get(id);
      if (others) return others.push(resolve);
      this.#starting.set(id, [resolve]);
      const refuse = (why: string) => {
        this.#answer({ id, outcome: "refused", error: `command ${id} cannot be started: ${why}` });
      };
      if (this.#options.mayBegin()) this.#options.claims().force(id, refuse);
      else refuse("the runtime begins nothing now");
      return undefined;
    });
  }

  #answer(answer: LiveAnswer): void {
    const waiting = this.#starting.get(answer.id) ?? [];
    this.#starting.delete(answer.id);
    for (const resolve of waiting) resolve(answer);
  }

  #send({ id, bytes, eof }: Extract<Request, { readonly say: "send" }>): LiveAnswer {
    const run = this.#options.runs.at(id);
    if (!run?.process || run.over) {
      return { id, outcome: "unknown", error: `command ${id} does not run` };
    }
    const why = run.stdin
      ? run.stdin.send(Buffer.from(bytes, "base64"), eof)
      : "its input was lost with the process that began it";
    if (why === null) return { id, outcome: "done" };
    return { id, outcome: "refused", error: `command ${id} takes no input: ${why}` };
  }
}
