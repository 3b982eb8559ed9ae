// Where the last lines of a file begin: looked for from its end, block by block, so that it takes
// no longer in a file of 10 GB than in a short one.

import type { FileHandle } from "node:fs/promises";

const blockBytes = 65_536;
/** What a line has on average at most: a file without line breaks is not read to its beginning. */
const bytesPerLine = 4_096;
const leastBytes = 4_194_304;

export interface Tail {
  /** Where to begin. */
  readonly from: number;
  /** How many of the lines asked for were found. */
  readonly lines: number;
}

/** `size` is what the file had when it was asked for: it may grow meanwhile. */
export async function tailOf(handle: FileHandle, size: number, lines: number): Promise<Tail> {
  const block = Buffer.allocUnsafe(blockBytes);
  const lowest = Math.max(0, size - Math.max(leastBytes, lines * bytesPerLine));
  let found = 0;
  let end = size;
  while (end > lowest && lines > 0) {
    const start = Math.max(lowest, end - blockBytes);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      // the break at the very end closes the last line and begins none
      if (block[at] !== 0x0a || start + at === size - 1) continue;
      found += 1;
      if (found === lines) return { from: start + at + 1, lines };
    }
    end = start;
  }
  if (lines === 0) return { from: size, lines: 0 };
  return { from: lowest, lines: size === 0 ? 0 : found + 1 };
}
