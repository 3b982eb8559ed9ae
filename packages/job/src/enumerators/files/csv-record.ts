// CSV as RFC 4180 has it: where a record ends, and which fields it has. Quotes inside a field that
// does not begin with one are plain characters, as in most programs.

import type { FindEnd } from "./records.ts";

const newline = 10;
const quote = 34;

/** At the start of a field, in a plain field, in quotes, or after a quote within quotes. */
type State = "start" | "plain" | "quoted" | "quote";

/** For `first` the search begins at the very start of a file, where a byte order mark may stand. */
export function csvEndFinder(delimiter: string, first: boolean): FindEnd {
  const delimiterByte = delimiter.charCodeAt(0);
  let state: State = "start";
  let mark = first;
  return (chunk, from) => {
    for (let index = from; index < chunk.length; index++) {
      const byte = chunk[index]!;
      if (mark && (byte === 0xef || byte === 0xbb || byte === 0xbf)) continue;
      mark = false;
      if (state === "quoted") {
        if (byte === quote) state = "quote";
      } else if (byte === newline) {
        state = "start";
        return index;
      } else if (byte === delimiterByte) state = "start";
      else if (byte === quote && state !== "plain") state = "quoted";
      else state = "plain";
    }
    return -1;
  };
}

/** The fields of one record, or a sentence about what is wrong with it. */
export function csvFields(text: string, delimiter: string): readonly string[] | string {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at);
      fields.push(end === -1 ? text.slice(at) : text.slice(at, end));
      if (end === -1) return fields;
      at = end + 1;
      continue;
    }
    const end = closingQuote(text, at + 1);
    if (end === -1) return "a quote is never closed";
    fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
    if (end + 1 === text.length) return fields;
    if (text[end + 1] !== delimiter) return "text follows the closing quote of a field";
    at = end + 2;
  }
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
