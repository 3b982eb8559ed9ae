// One connection while it is lent, and whether it may be lent again: a work that fails says nothing
// of its connection, and one that succeeds may leave a broken one behind.

import type pg from "pg";
import { isAnswer } from "./failure.ts";

export class Connection {
  readonly #client: pg.PoolClient;
  readonly #break = (): void => {
    this.#isBroken = true;
  };
  #isBroken = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // between two statements of ours as well, a broken connection must not end the process
    client.on("error", this.#break);
  }

  /** It went silent or was lost: nothing that is sent on it gets an answer any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  async query(config: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> {
    try {
      return await this.#client.query(config);
    } catch (error) {
      if (!isAnswer(error)) this.#break();
      throw error;
    }
  }

  giveBack(): void {
    this.#client.off("error", this.#break);
    this.#client.release(this.#isBroken);
  }
}
