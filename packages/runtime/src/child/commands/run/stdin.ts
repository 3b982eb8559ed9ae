// The input of a command. What it does not read stays in a buffer of bounded size, in this process
// and for this command alone: nobody else waits for it. As long as nobody sends anything, it is a
// file descriptor and no more.

import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";

/** Bytes that wait for a command that does not read. */
const mostWaiting = 1_048_576;

export class Stdin {
  /** Of a pipe that nothing was written to so far. */
  #fd: number | null = null;
  #stream: Writable | null = null;
  /** For those who open a pipe that has come to its end. */
  #reader: number | null = null;
  #closed = false;

  /** @param end the file descriptor of a pipe, which does not block, or a socket that Node made */
  constructor(end: number | Writable) {
    if (typeof end === "number") this.#fd = end;
    else this.#stream = this.#watched(end);
  }

  /** Answers why not, or null. */
  send(bytes: Buffer, eof: boolean): string | null {
    if (this.#closed || this.#stream?.destroyed) return "its input is closed";
    if ((this.#stream?.writableLength ?? 0) + bytes.length > mostWaiting) {
      return "it has not read what was sent before, and more than 1 MB cannot wait";
    }
    if (bytes.length > 0) this.#open().write(bytes);
    if (eof) this.#end();
    return null;
  }

  /**
   * A pipe with a name waits for a writer when it is opened, and after its end there is none: so
   * `cat < /dev/stdin` would wait for ever. One that comes and goes is enough.
   */
  pulse(): void {
    if (this.#reader === null) return;
    const again = tryOpen(this.#reader, constants.O_WRONLY);
    if (again !== null) closeSync(again);
  }

  /** Its reader is gone. */
  destroy(): void {
    this.#closed = true;
    this.#stream?.destroy();
    for (const fd of [this.#fd, this.#reader]) if (fd !== null) closeSync(fd);
    this.#fd = null;
    this.#reader = null;
  }

  #open(): Writable {
    if (this.#fd === null) return this.#stream!;
    const fd = this.#fd;
    this.#fd = null;
    const stream = new Socket({ fd, readable: false, writable: true });
    stream.once("finish", () => {
      if (!stream.destroyed) this.#reader = tryOpen(fd, constants.O_RDONLY);
      stream.destroy();
    });
    this.#stream = this.#watched(stream);
    return stream;
  }

  #watched(stream: Writable): Writable {
    const shut = () => {
      this.#closed = true;
    };
    // EPIPE: it closed its input, or ended
    stream.on("error", shut);
    stream.on("close", shut);
    return stream;
  }

  #end(): void {
    this.#closed = true;
    if (this.#fd !== null) this.#reader = tryOpen(this.#fd, constants.O_RDONLY);
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#stream?.end();
  }
}

/** The other end of a pipe that has no name any more. Linux only, and nowhere else is it needed. */
function tryOpen(fd: number, flags: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, flags | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}
