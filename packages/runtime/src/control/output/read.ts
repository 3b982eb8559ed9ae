// The output of one run as a stream: what its file held before it was cut short, then the file. It
// is read as fast as it is taken, and never held in memory.

import { type FileHandle, open } from "node:fs/promises";
import { olderOutput } from "./cut-note.ts";
import { lastLines } from "./tail.ts";

export interface OutputRead {
  readonly stream: ReadableStream<Uint8Array>;
  /** Of all that is kept of it. */
  readonly bytes: number;
  /** Not all that is kept of it is in the stream. */
  readonly truncated: boolean;
}

interface Part {
  readonly file: FileHandle;
  readonly size: number;
  start: number;
}

const chunkBytes = 65_536;

/** null when there is no such file. @param lines the last so many; all when it is null */
export async function readOutput(path: string, lines: number | null): Promise<OutputRead | null> {
  const newest = await openPart(path);
  if (newest === null) return null;
  const older = await openPart(olderOutput(path));
  const parts = older === null ? [newest] : [older, newest];
  if (lines !== null) await skip(parts, lines);
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  const truncated = parts.some(({ start }) => start > 0);
  return { stream: streamOf(parts), bytes, truncated };
}

async function openPart(path: string): Promise<Part | null> {
  try {
    const file = await open(path);
    return { file, size: (await file.stat()).size, start: 0 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** From the newest part backwards; a line that was cut in two by the parts counts twice. */
async function skip(parts: readonly Part[], lines: number): Promise<void> {
  let wanted = lines;
  for (const part of [...parts].reverse()) {
    const { start, found } = await lastLines(part.file, { size: part.size, lines: wanted });
    part.start = start;
    wanted -= found;
  }
}

function streamOf(parts: readonly Part[]): ReadableStream<Uint8Array> {
  const rest = [...parts];
  const closeAll = () => Promise.all(rest.splice(0).map(({ file }) => file.close()));
  return new ReadableStream(
    {
      async pull(controller) {
        const chunk = await nextChunk(rest);
        if (chunk !== null) return controller.enqueue(chunk);
        controller.close();
      },
      cancel: () => closeAll().then(() => undefined),
    },
    { highWaterMark: 0 },
  );
}

/** null at the end of the last part. Parts that are read are closed. */
async function nextChunk(parts: Part[]): Promise<Uint8Array | null> {
  for (let part = parts[0]; part !== undefined; part = parts[0]) {
    const wanted = Math.min(chunkBytes, part.size - part.start);
    if (wanted > 0) {
      const chunk = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await part.file.read(chunk, 0, wanted, part.start);
      part.start += bytesRead;
      if (bytesRead > 0) return chunk.subarray(0, bytesRead);
    }
    // read to its end, or cut short meanwhile
    parts.shift();
    await part.file.close();
  }
  return null;
}
