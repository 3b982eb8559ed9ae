// What only the child that runs commands can do for people: asked over its channel, and answered by
// number. Requests that come before it is ready wait for it; what it leaves unanswered when it dies
// is answered here.

import type { LiveAnswer } from "../../control/live-commands.ts";
import type { FromCommands, ToCommands } from "../../process/command-messages.ts";
import type { Child } from "../family/child.ts";

type Message = Extract<ToCommands, { readonly request: number }>;

interface Pending {
  readonly message: Message;
  readonly ids: readonly number[];
  sent: boolean;
  resolve(answers: readonly LiveAnswer[]): void;
}

export class Requests {
  readonly #ready: () => Child | null;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(ready: () => Child | null) {
    this.#ready = ready;
  }

  start(ids: readonly number[]): Promise<readonly LiveAnswer[]> {
    return this.#ask(ids, (request) => ({ say: "start", request, ids }));
  }

  async send(id: number, bytes: Buffer, eof: boolean): Promise<LiveAnswer> {
    const text = bytes.toString("base64");
    const [answer] = await this.#ask([id], (request) => {
      return { say: "send", request, id, bytes: text, eof };
    });
    return answer!;
  }

  #ask(
    ids: readonly number[],
    message: (request: number) => Message,
  ): Promise<readonly LiveAnswer[]> {
    this.#last++;
    const request = this.#last;
    return new Promise((resolve) => {
      this.#pending.set(request, { message: message(request), ids, sent: false, resolve });
      this.sendAll();
    });
  }

  /** The child may be ready by now. */
  sendAll(): void {
    const child = this.#ready();
    for (const pending of child ? this.#pending.values() : []) {
      if (!pending.sent) child?.say(pending.message);
      pending.sent = true;
    }
  }

  answered({ request, answers }: Extract<FromCommands, { said: "answered" }>): void {
    this.#pending.get(request)?.resolve(answers);
    this.#pending.delete(request);
  }

  /** The child has ended. */
  giveUp(): void {
    for (const [request, { ids, resolve }] of this.#pending) {
      this.#pending.delete(request);
      const error = "the process that runs commands has just died; look at `runtime status`";
      resolve(ids.map((id) => ({ id, outcome: "refused", error })));
    }
  }
}
