// Poll, wait as long as the poll said, repeat. `wake` and `stop` cut the wait short.

export class Loop {
  readonly #poll: () => Promise<number>;
  readonly #failed: (error: unknown) => number;
  #wake: (() => void) | null = null;
  #awake = false;
  #stopped = false;
  #done: Promise<void> | null = null;

  /**
   * @param poll one piece of work; answers how many milliseconds to wait before the next
   * @param failed told when a poll rejects; answers how long to wait before the next try
   */
  constructor(poll: () => Promise<number>, failed: (error: unknown) => number) {
    this.#poll = poll;
    this.#failed = failed;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Remembered when nobody waits just now. */
  wake(): void {
    this.#awake = true;
    this.#wake?.();
  }

  /** Resolves when the poll under way, if any, has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#awake = false;
      const ms = await this.#poll().catch(this.#failed);
      if (!this.#stopped && !this.#awake) await this.#wait(ms);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(end, Math.min(ms, 2 ** 31 - 1));
      this.#wake = end;
    });
  }
}
