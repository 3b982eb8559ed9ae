// Where the bytes of a file-like enumerator come from, from any byte on.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { FatalError } from "../../errors.ts";
import { kindOf } from "../../values/options.ts";

/**
 * - a path or a file URL
 * - a function that opens the stream from its beginning: what was done is read and skipped
 * - `openAt(byte)`, for sources that can begin anywhere, such as range requests
 */
export type ByteSource =
  | string
  | URL
  | (() => Readable | Promise<Readable>)
  | { readonly openAt: (byte: number) => Readable | Promise<Readable> };

/** The bytes from `byte` on, in chunks of any size. Closes the stream at an early end. */
export async function* bytesFrom(source: ByteSource, byte: number): AsyncGenerator<Buffer> {
  let skip = 0;
  let stream: Readable;
  if (typeof source === "string" || source instanceof URL) {
    await checkLength(source, byte);
    stream = createReadStream(source, { start: byte, highWaterMark: 256 * 1_024 });
  } else if (typeof source === "function") {
    skip = byte;
    stream = await source();
  } else if (typeof source?.openAt === "function") stream = await source.openAt(byte);
  else throw new TypeError(`a path, a function or { openAt } was expected, not ${kindOf(source)}`);
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer);
    if (skip < bytes.length) yield skip === 0 ? bytes : bytes.subarray(skip);
    skip = Math.max(0, skip - bytes.length);
  }
  if (skip > 0) throw shorter("the stream", byte);
}

async function checkLength(path: string | URL, byte: number): Promise<void> {
  if (byte === 0) return;
  const { size } = await stat(path);
  if (size < byte) throw shorter(`the file ${path}`, byte);
}

function shorter(what: string, byte: number): FatalError {
  return new FatalError(
    `${what} is shorter than the ${byte} bytes already done: it changed; start from the beginning`,
  );
}
