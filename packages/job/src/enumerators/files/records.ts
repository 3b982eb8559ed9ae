// Cuts a stream of bytes into records that end with a newline, and says at which byte each ends.
// Works on bytes, not text: in UTF-8 a newline or a quote is never part of another character, and
// only byte offsets let a resumed run begin in the middle of a file.

import type { Json } from "@queue-runtime/store";
import { FatalError } from "../../errors.ts";
import { shown } from "../resume.ts";
import { type ByteSource, bytesFrom } from "./source.ts";

const newline = 10;
const carriageReturn = 13;

/** Longer records are refused: a file without newlines would fill the memory. */
const longestRecord = 16 * 1_024 * 1_024;

export interface FileRecord {
  /** Without its line end and byte order mark. */
  readonly text: string;
  /** Where the next record begins. */
  readonly end: number;
}

/** The index of the newline that ends the record, or -1; keeps its state between calls. */
export type FindEnd = (chunk: Buffer, from: number) => number;

export const findNewline: FindEnd = (chunk, from) => chunk.indexOf(newline, from);

export async function* records(
  source: ByteSource,
  byte: number,
  findEnd: FindEnd,
): AsyncGenerator<FileRecord> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let begin = byte;
  for await (const chunk of bytesFrom(source, byte)) {
    let from = 0;
    for (let at = findEnd(chunk, from); at !== -1; at = findEnd(chunk, from)) {
      const end = begin + heldBytes + (at + 1 - from);
      yield { text: textOf([...held, chunk.subarray(from, at)], begin === 0), end };
      [held, heldBytes, begin, from] = [[], 0, end, at + 1];
    }
    if (from < chunk.length) held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > longestRecord) throw tooLong(begin);
  }
  if (heldBytes > 0) yield { text: textOf(held, begin === 0), end: begin + heldBytes };
}

function textOf(pieces: readonly Buffer[], first: boolean): string {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  const length = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
  const text = bytes.toString("utf8", 0, length);
  return first && text.startsWith("\u{feff}") ? text.slice(1) : text;
}

function tooLong(byte: number): FatalError {
  return new FatalError(
    `the record that begins at byte ${byte} is longer than ${longestRecord} bytes`,
  );
}

/** A cursor of a file: how many records are done, under `unit`, and where the next one begins. */
export function placeIn(name: string, cursor: Json, unit: "line" | "row"): [number, number] {
  if (cursor === null) return [0, 0];
  const place = cursor as Partial<Record<string, unknown>>;
  const done = place[unit];
  const { byte } = place;
  if (Number.isSafeInteger(done) && Number.isSafeInteger(byte) && (byte as number) >= 0) {
    return [done as number, byte as number];
  }
  throw new TypeError(
    `the cursor of enumerators.${name} is like {"${unit}": 1, "byte": 20}, not ${shown(cursor)}`,
  );
}
