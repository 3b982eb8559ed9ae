// The output of one run as it lies on the disk: its file, before it what was cut off when that grew
// too large, and the part of both that somebody wants to see.

import { type FileHandle, open } from "node:fs/promises";
import { olderOutput } from "../../../control/output/cut-note.ts";
import { tailOf } from "./tail.ts";

export interface OutputPart {
  /** Everything that is there, in bytes. */
  readonly bytes: number;
  /** Something before the part is left out. */
  readonly truncated: boolean;
  /** The beginning is gone: it was more than `commands.output_limit`. */
  readonly cut: boolean;
  chunks(): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

interface Piece {
  readonly handle: FileHandle;
  readonly size: number;
  from: number;
}

const chunkBytes = 65_536;

/** The last `lines`, null for all; null when there is no such file. */
export async function openPart(file: string, lines: number | null): Promise<OutputPart | null> {
  const newer = await openPiece(file);
  if (newer === null) return null;
  const older = await openPiece(olderOutput(file));
  const pieces = older === null ? [newer] : [older, newer];
  if (lines !== null) await keepLast(pieces, lines);
  const bytes = pieces.reduce((sum, { size }) => sum + size, 0);
  return {
    bytes,
    truncated: older !== null || pieces.some(({ from }) => from > 0),
    cut: older !== null,
    async *chunks() {
      for (const piece of pieces) yield* chunksOf(piece);
    },
    close: async () => {
      await Promise.all(pieces.map(({ handle }) => handle.close()));
    },
  };
}

async function keepLast(pieces: readonly Piece[], lines: number): Promise<void> {
  let wanted = lines;
  for (const piece of pieces.toReversed()) {
    const tail = await tailOf(piece.handle, piece.size, wanted);
    piece.from = tail.from;
    wanted -= tail.lines;
  }
}

async function openPiece(path: string): Promise<Piece | null> {
  try {
    const handle = await open(path, "r");
    return { handle, size: (await handle.stat()).size, from: 0 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** No more than was there at first: a flood would never end. */
async function* chunksOf({ handle, size, from }: Piece): AsyncGenerator<Buffer> {
  for (let at = from; at < size; ) {
    const block = Buffer.allocUnsafe(Math.min(chunkBytes, size - at));
    const { bytesRead } = await handle.read(block, 0, block.length, at);
    // cut short meanwhile
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    at += bytesRead;
  }
}
