// When claims may go out again after one has failed. They have a back-off of their own: a claim can
// fail each time while everything that is written beside it succeeds, and those successes say
// nothing of the next claim.

import type { StoreUser } from "../../service/store-health.ts";

/** Nobody claims any more when nobody did for so long after the pause: milliseconds. */
const noMoreMs = 1_000;

export class ClaimPause {
  readonly #user: StoreUser;
  readonly #over: () => void;
  #on = false;
  #timer: NodeJS.Timeout | undefined;

  /** `over` is called at the end of each pause. */
  constructor(user: StoreUser, over: () => void) {
    this.#user = user;
    this.#over = over;
  }

  /** None is to go out now. */
  get isOn(): boolean {
    return this.#on;
  }

  /** One goes out; it fails or succeeds. */
  asked(): void {
    clearTimeout(this.#timer);
  }

  failed(error: unknown): void {
    this.#on = true;
    this.#wait(this.#user.failed(error), () => {
      this.#on = false;
      this.#wait(noMoreMs, () => this.#user.succeeded());
      this.#over();
    });
  }

  succeeded(): void {
    this.#user.succeeded();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms).unref();
  }
}
