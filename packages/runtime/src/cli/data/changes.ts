// When to look at the store again, for a command that waits: soon after each commit, at most so
// often. A file tells of every commit. A server tells of new work only, not of ends: there the
// runtime of this host is listened to as well, and what other hosts do is looked for each second.

import type { ClientRequest } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Store, Watch } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import { kernelPath } from "../../control/socket/kernel-path.ts";

/**
 * Not by an import, which would look at everything that the module has: at `WebSocket`, too, and
 * with that Node loads all of fetch.
 */
const http: typeof import("node:http") = process.getBuiltinModule("node:http");

/** Between two looks, in milliseconds: a busy store commits a thousand times a second. */
const restMs = 20;
const otherHostsMs = 1_000;
/** The longest that a timer counts. */
const neverMs = 2_147_483_647;

export class Changes implements Disposable {
  readonly #watch: Watch;
  readonly #events: ClientRequest | null;
  /** Also what keeps the process alive: a watch does not. */
  readonly #timer: NodeJS.Timeout;
  /** Also before the first look. */
  #pending = true;
  #wake: (() => void) | null = null;
  #looked = 0;

  constructor(store: Store, { control }: Config) {
    const tell = (): void => this.tell();
    this.#watch = store.watch(tell);
    this.#events = store.shared ? listen(control.socket, tell) : null;
    this.#timer = setInterval(tell, store.shared ? otherHostsMs : neverMs);
  }

  /** Something happened; `next` resolves. */
  tell(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Resolves when something happened since it resolved last; at once the first time. */
  async next(): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = null;
    const rest = this.#looked + restMs - performance.now();
    if (this.#looked > 0 && rest > 0) await wait(rest);
    this.#pending = false;
    this.#looked = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#watch.close();
    this.#events?.destroy();
  }
}

/** Calls `tell` when the runtime has started, ended or paused a command; never where none listens. */
function listen(socket: string, tell: () => void): ClientRequest {
  const path = "/events?types=command";
  const asked = http.request({ socketPath: kernelPath(socket), path, agent: false }, (response) => {
    response.on("data", tell);
    response.on("error", () => undefined);
  });
  asked.on("error", () => undefined);
  asked.setHeader("host", "localhost");
  asked.end();
  return asked;
}
