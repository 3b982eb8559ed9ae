// What a person sees who waits: a line per command that got there, and on a terminal a last line
// that changes.

import type { Invocation } from "../../line/command.ts";
import { paint } from "../../terminal/text.ts";

export interface Reached {
  readonly id: number;
  /** Such as `failed (exit 3)`. */
  readonly text: string;
}

export class Progress implements Disposable {
  readonly #invocation: Invocation;
  readonly #answers = new Map<number, object>();
  readonly #talks: boolean;
  #shown = "";

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
    this.#talks = !invocation.flag("quiet");
  }

  /** Somebody looks at a terminal. */
  get isShown(): boolean {
    return this.#talks && process.stderr.isTTY === true;
  }

  /** For scripts: of each command how it stands. */
  get answers(): readonly object[] {
    return [...this.#answers.values()];
  }

  /** Told once per command. */
  reached({ text, ...facts }: Reached): void {
    const { json, output } = this.#invocation;
    if (this.#answers.has(facts.id)) return;
    this.#answers.set(facts.id, facts);
    if (json || !this.#talks) return;
    this.#wipe();
    output.result(`${facts.id} ${text}`);
  }

  show(text: string): void {
    if (!this.isShown || text === this.#shown) return;
    this.#wipe();
    this.#shown = text;
    process.stderr.write(paint("dim", text, process.stderr));
  }

  say(sentence: string): void {
    this.#wipe();
    if (this.#talks) this.#invocation.output.say(sentence);
  }

  /** Also to those who asked for quiet. */
  complain(sentence: string): void {
    this.#wipe();
    this.#invocation.output.say(sentence);
  }

  finish(sentence: string | null): void {
    this.#wipe();
    if (sentence !== null) this.say(sentence);
  }

  [Symbol.dispose](): void {
    this.#wipe();
  }

  #wipe(): void {
    if (this.#shown !== "") process.stderr.write("\r\u001b[K");
    this.#shown = "";
  }
}
