// Passes news on at once, but not more often than every few milliseconds: what comes in between is
// one more call at the end of the pause.

import type { News } from "../../store/watch.ts";

const pauseMs = 5;

export class Coalesced {
  readonly #listener: (news: News) => void;
  readonly #pauses = new Map<News, NodeJS.Timeout>();
  readonly #owed = new Set<News>();
  #closed = false;

  constructor(listener: (news: News) => void) {
    this.#listener = listener;
  }

  call(news: News): void {
    if (this.#closed) return;
    if (this.#pauses.has(news)) {
      this.#owed.add(news);
      return;
    }
    this.#pauses.set(news, setTimeout(() => this.#over(news), pauseMs).unref());
    this.#listener(news);
  }

  close(): void {
    this.#closed = true;
    for (const pause of this.#pauses.values()) clearTimeout(pause);
  }

  #over(news: News): void {
    this.#pauses.delete(news);
    if (this.#owed.delete(news)) this.call(news);
  }
}
