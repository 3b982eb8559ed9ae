// The input of a command. What it does not read stays in a buffer of bounded size, in this process
// and for this command alone: nobody else waits for it.

import type { Writable } from "node:stream";

/** Bytes that wait for a command that does not read. */
const mostWaiting = 1_048_576;

export class Stdin {
  readonly #pipe: Writable;
  #closed = false;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
    // EPIPE: it closed its input, or ended
    pipe.on("error", () => this.#shut());
    pipe.on("close", () => this.#shut());
  }

  /** Answers why not, or null. */
  send(bytes: Buffer, eof: boolean): string | null {
    if (this.#closed || this.#pipe.destroyed) return "its input is closed";
    if (this.#pipe.writableLength + bytes.length > mostWaiting) {
      return "it has not read what was sent before, and more than 1 MB cannot wait";
    }
    if (bytes.length > 0) this.#pipe.write(bytes);
    if (eof) this.#pipe.end(() => undefined);
    if (eof) this.#closed = true;
    return null;
  }

  /** Its reader is gone. */
  destroy(): void {
    this.#pipe.destroy();
  }

  #shut(): void {
    this.#closed = true;
  }
}
