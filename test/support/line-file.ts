// A file of JSON lines that grows while it is read. Asked every few milliseconds for thousands of
// lines, it reads each of them once.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export class LineFile<Line> {
  readonly #path: string;
  readonly #lines: Line[] = [];
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** All lines so far, in order; none while there is no file. */
  read(): readonly Line[] {
    const text = this.#rest();
    // a line that is just being written has no end yet
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    this.#offset += Buffer.byteLength(whole);
    for (const line of whole.split("\n")) if (line) this.#lines.push(JSON.parse(line) as Line);
    return this.#lines;
  }

  #rest(): string {
    const file = openToRead(this.#path);
    if (file === null) return "";
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#offset));
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, this.#offset));
    } finally {
      closeSync(file);
    }
  }
}

function openToRead(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
