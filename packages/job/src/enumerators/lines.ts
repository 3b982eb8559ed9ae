// The lines of a UTF-8 text file, streamed, without their line ends. A resumed run begins at the
// byte where the last one stopped; the file may grow meanwhile, but not change before it.

import { findNewline, placeIn, records } from "./files/records.ts";
import type { ByteSource } from "./files/source.ts";
import { cursorIn, type Resume, unsized } from "./resume.ts";

/** `line`: lines done; `byte`: where the next one begins. */
export type LineCursor = { readonly line: number; readonly byte: number };

export function lines(
  source: ByteSource,
  options: Resume,
): AsyncIterable<readonly [string, LineCursor]> & { readonly size: number | null } {
  const [done, byte] = placeIn("lines", cursorIn("lines", options), "line");
  return unsized(async function* () {
    let line = done;
    for await (const { text, end } of records(source, byte, findNewline)) {
      line++;
      yield [text, { line, byte: end }];
    }
  });
}
