// Those who listen at `GET /events`, and what they are told. Nothing is done while nobody listens.
//
// Starts, ends and pauses of our own commands are told as they happen. What else happens to
// commands that somebody asked for by id is seen when the store has news, and told when it differs
// from what was told before. Counts cost a look at the store: they are taken once a second at most.
//
// Everybody gets a buffer of their own with a bound, and who does not read is cut: to wait for one
// would be to hold the others.

import type { Watch } from "@queue-runtime/store";
import { Census } from "./events/census.ts";
import { CommandNews } from "./events/command-news.ts";
import { Listener, type ListenerOptions } from "./events/listener.ts";
import { tellOutput } from "./events/output-news.ts";
import type { LiveEvent } from "./live-commands.ts";
import { Problem } from "./problem.ts";
import type { ControlTarget } from "./target.ts";

const mostListeners = 100;
/** How long news are gathered, in milliseconds. */
const gatherMs = 20;
const secondMs = 1_000;
/** Seconds between signs of life: a proxy would close a silent connection. */
const signOfLife = 15;

export class Events {
  readonly #target: ControlTarget;
  readonly #listeners = new Set<Listener>();
  readonly #commands: CommandNews;
  readonly #census: Census;
  #watch: Watch | undefined;
  #unsubscribe: (() => void) | undefined;
  #second: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #seconds = 0;

  constructor(target: ControlTarget) {
    this.#target = target;
    this.#commands = new CommandNews(target, this.#listeners);
    this.#census = new Census(target, this.#listeners);
  }

  /** @throws Problem 503 when too many listen */
  open(options: ListenerOptions): Listener {
    if (this.#listeners.size >= mostListeners) {
      throw new Problem(503, `${mostListeners} clients listen already; try again later`);
    }
    const listener = new Listener(options, () => this.#leave(listener));
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    void this.#welcome(listener);
    return listener;
  }

  /** Something was written through our own connection, of which a watch tells nothing. */
  touch(): void {
    if (this.#listeners.size === 0) return;
    this.#commands.look();
    this.#census.look();
    this.#gather();
  }

  close(): void {
    for (const listener of [...this.#listeners]) listener.close();
  }

  async #welcome(listener: Listener): Promise<void> {
    try {
      await this.#commands.welcome(listener);
      await this.#census.welcome(listener);
      for (const id of listener.options.output) void tellOutput(this.#target, listener, id);
    } catch {
      // the store is away: without a first state it would believe that nothing happens
      listener.cut();
    }
  }

  #begin(): void {
    const { store, commands } = this.#target;
    this.#watch = store.watch(() => this.touch(), { pollMs: secondMs });
    this.#unsubscribe = commands?.subscribe((event) => this.#hear(event));
    this.#second = setInterval(() => this.#everySecond(), secondMs);
    this.#second.unref();
  }

  #leave(listener: Listener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.#watch?.close();
    this.#unsubscribe?.();
    clearInterval(this.#second);
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#commands.forget();
  }

  #hear({ command, type }: LiveEvent): void {
    this.#commands.note(command.id);
    // those that come after it may have failed with it, or go on
    if (type === "ended") this.#commands.look();
    this.#census.look();
    for (const listener of this.#listeners) listener.wakeOutput(command.id, type);
    this.#gather();
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      void this.#commands.tell().finally(() => {
        this.#gathering = undefined;
        if (this.#commands.hasMore && this.#listeners.size > 0) this.#gather();
      });
    }, gatherMs);
  }

  #everySecond(): void {
    this.#seconds++;
    if (this.#seconds % signOfLife === 0) {
      for (const listener of this.#listeners) listener.signOfLife();
    }
    // a server announces what workers need to know, and not all that people do
    if (this.#target.store.shared) this.touch();
    void this.#census.tell();
  }
}
