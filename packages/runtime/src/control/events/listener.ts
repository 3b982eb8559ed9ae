// One client that listens: its wishes, and a buffer with a bound between it and everybody else.

import { hash } from "node:crypto";
import type { CommandRow } from "../desk.ts";
import type { LiveEvent } from "../live-commands.ts";

export type EventType = "command" | "counts" | "processes";

export interface ListenerOptions {
  readonly types: ReadonlySet<EventType>;
  /** Only these commands, and all that happens to them; null: every one that runs here. */
  readonly ids: ReadonlySet<number> | null;
  /** Only commands of these groups; null: of all. */
  readonly groups: ReadonlySet<string> | null;
  /** Commands whose output it wants. */
  readonly output: readonly number[];
  /** What it heard last, before it lost its connection. */
  readonly lastEventId: string | null;
  /** Breaks its connection off. */
  readonly hangUp: () => void;
}

/** What may wait for a client, in bytes. */
export const mostBuffered = 1_000_000;

export class Listener {
  readonly options: ListenerOptions;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #left: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** By id, what it was told last, as a digest: rows are long, and it may ask for many. */
  readonly #told = new Map<number, string>();
  readonly #waiting = new Map<number, Set<(type: LiveEvent["type"] | null) => void>>();
  #room: PromiseWithResolvers<void> | undefined;
  #next = 1;

  constructor(options: ListenerOptions, left: () => void) {
    this.options = options;
    this.#left = left;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#room?.resolve(),
        cancel: () => this.#leave(),
      },
      { highWaterMark: mostBuffered, size: ({ byteLength }) => byteLength },
    );
    this.#write("retry: 1000\n\n");
    if (options.lastEventId === null) return;
    const detail = "events are not kept: what happened meanwhile is in the state that follows";
    this.send("missed", { last_event_id: options.lastEventId, detail });
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  wants(type: EventType): boolean {
    return this.options.types.has(type);
  }

  concerns({ id, queue }: Pick<CommandRow, "id" | "queue">): boolean {
    const { ids, groups } = this.options;
    return (ids?.has(id) ?? true) && (groups?.has(queue) ?? true);
  }

  /** Of a command that it asks for by id; once for each state. */
  isNews(id: number, state: string): boolean {
    const digest = hash("sha1", state, "base64");
    if (this.#told.get(id) === digest) return false;
    this.#told.set(id, digest);
    return true;
  }

  send(event: string, data: object): void {
    this.#write(`event: ${event}\nid: ${this.#next++}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A comment, which clients do not see. */
  signOfLife(): void {
    this.#write(": alive\n\n");
  }

  /** Resolves when half of the buffer is free, or nobody listens any more. */
  async room(): Promise<void> {
    while (this.#controller && (this.#controller.desiredSize ?? 0) < mostBuffered / 2) {
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
  }

  /** Resolves at the next event of a command, or with null when nobody listens any more. */
  nextOf(id: number, heard: (type: LiveEvent["type"] | null) => void): () => void {
    const all = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, all.add(heard));
    return () => all.delete(heard);
  }

  wakeOutput(id: number, type: LiveEvent["type"]): void {
    for (const heard of this.#waiting.get(id) ?? []) heard(type);
  }

  close(): void {
    const controller = this.#controller;
    this.#leave();
    controller?.close();
  }

  /** Its connection is broken off: what it has not read is lost, and it can tell. */
  cut(): void {
    this.#leave();
    this.options.hangUp();
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    if (!this.#controller) return;
    if ((this.#controller.desiredSize ?? 0) < bytes.length) return this.cut();
    this.#controller.enqueue(bytes);
  }

  #leave(): void {
    this.#controller = undefined;
    this.#room?.resolve();
    for (const all of this.#waiting.values()) for (const heard of all) heard(null);
    this.#left();
  }
}
