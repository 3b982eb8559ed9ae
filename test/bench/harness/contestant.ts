// The parent's side of a contender's process (programs/contender.ts): one order after the other.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Answer, ContenderProgram, Order, Progress } from "../programs/contender.ts";
import { startProgram } from "./program.ts";

export class Contestant {
  progress: Progress = { performed: 0, firstAt: 0, at: 0 };
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;
  #onAnswer: ((answer: Answer) => void) | null = null;

  private constructor(program: ContenderProgram) {
    this.#process = startProgram("contender", program);
    this.#ended = once(this.#process, "exit").then(([code, signal]) => {
      throw new Error(`${program.module} ended with ${signal ?? `exit code ${code}`}`);
    });
    this.#ended.catch(() => undefined);
    this.#process.on("message", (answer: Answer) => {
      if ("progress" in answer) this.progress = answer.progress;
      else this.#onAnswer?.(answer);
    });
  }

  /** Resolves when its modules are loaded and it listens. */
  static async start(program: ContenderProgram): Promise<Contestant> {
    const contestant = new Contestant(program);
    await contestant.#answer();
    return contestant;
  }

  async tell<Result = void>(order: Order): Promise<Result> {
    const answer = this.#answer();
    this.#process.send(order);
    return (await answer) as Result;
  }

  /** Rejects when the process ends. */
  alive(): Promise<never> {
    return this.#ended;
  }

  /** Its database is thrown away: nothing needs to be handed back. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }

  async #answer(): Promise<unknown> {
    const answered = new Promise<Answer>((resolve) => {
      this.#onAnswer = resolve;
    });
    const answer = await Promise.race([answered, this.#ended]);
    if ("error" in answer) throw new Error(answer.error);
    return "answer" in answer ? answer.answer : undefined;
  }
}
