// Several services in one process, as one. A store that only this host uses is watched here, once
// for all of them; a store that hosts share is watched by the supervisor.

import type { News, Store, Watch } from "@queue-runtime/store";
import type { Timetable } from "../process/deadline.ts";
import type { Service } from "../service.ts";

export interface TogetherOptions {
  readonly store: Store;
  readonly services: readonly Service[];
  /** How often to look where changes cannot be watched, in milliseconds. */
  readonly pollMs: number;
}

export class Together implements Service {
  readonly #options: TogetherOptions;
  #watch: Watch | undefined;

  constructor(options: TogetherOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store, services, pollMs } = this.#options;
    if (!store.shared) this.#watch = store.watch((news) => this.hear(news), { pollMs });
    for (const service of services) await service.start();
  }

  quiet(on: boolean): void {
    for (const service of this.#options.services) service.quiet(on);
  }

  hear(news: News): void {
    for (const service of this.#options.services) service.hear(news);
  }

  leaseLost(lost: boolean): void {
    for (const service of this.#options.services) service.leaseLost(lost);
  }

  async stop(times: Timetable, cause: string): Promise<boolean> {
    this.#watch?.close();
    const stopped = this.#options.services.map((service) => service.stop(times, cause));
    return (await Promise.all(stopped)).every(Boolean);
  }
}
