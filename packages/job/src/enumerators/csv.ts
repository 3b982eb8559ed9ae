// The rows of a CSV file (RFC 4180, UTF-8), streamed: as objects by the names in its first row, or
// as lists of fields. Empty lines are skipped. A resumed run reads the names again and then begins
// at the byte where the last one stopped.

import { FatalError } from "../errors.ts";
import { checkOptions } from "../values/options.ts";
import { csvEndFinder, csvFields } from "./files/csv-record.ts";
import { placeIn, records } from "./files/records.ts";
import type { ByteSource } from "./files/source.ts";
import { cursorIn, type Resume, unsized } from "./resume.ts";

/** `row`: rows done, without the names; `byte`: where the next one begins. */
export type RowCursor = { readonly row: number; readonly byte: number };

export interface CsvOptions extends Resume {
  /** One ASCII character; a comma by default. */
  readonly delimiter?: string;
  /** Whether the first row holds the names; true by default. With false, rows are lists. */
  readonly header?: boolean;
}

type Rows<Row> = AsyncIterable<readonly [Row, RowCursor]> & { readonly size: number | null };

export function csv(
  source: ByteSource,
  options: CsvOptions & { header: false },
): Rows<readonly string[]>;
export function csv(source: ByteSource, options: CsvOptions): Rows<Record<string, string>>;
export function csv(
  source: ByteSource,
  options: CsvOptions,
): Rows<Record<string, string> | readonly string[]> {
  const place = placeIn("csv", cursorIn("csv", options), "row");
  checkOptions("enumerators.csv", options, ["cursor", "delimiter", "header"]);
  const { delimiter = ",", header = true } = options;
  if (delimiter.length !== 1 || !/^[\t -!#-~]$/.test(delimiter)) {
    throw new TypeError("enumerators.csv: delimiter must be one ASCII character, and no quote");
  }
  return unsized(() => rows(source, { delimiter, header, place }));
}

interface Shape {
  readonly delimiter: string;
  readonly header: boolean;
  readonly place: readonly [row: number, byte: number];
}

async function* rows(
  source: ByteSource,
  { delimiter, header, place: [done, byte] }: Shape,
): AsyncGenerator<readonly [Record<string, string> | readonly string[], RowCursor]> {
  let names = header && byte > 0 ? await namesIn(source, delimiter) : null;
  let row = done;
  for await (const fields of fieldsFrom(source, byte, delimiter)) {
    if (header && names === null) {
      names = checkedNames(fields.values);
      continue;
    }
    row++;
    const item = names === null ? fields.values : recordOf(names, fields.values, row);
    yield [item, { row, byte: fields.end }];
  }
}

interface Fields {
  readonly values: readonly string[];
  readonly end: number;
}

async function* fieldsFrom(
  source: ByteSource,
  byte: number,
  delimiter: string,
): AsyncGenerator<Fields> {
  let begin = byte;
  for await (const { text, end } of records(source, byte, csvEndFinder(delimiter, byte === 0))) {
    const values = text === "" ? [] : csvFields(text, delimiter);
    if (typeof values === "string") {
      throw new FatalError(`the CSV row that begins at byte ${begin} is broken: ${values}`);
    }
    begin = end;
    if (text !== "") yield { values, end };
  }
}

async function namesIn(source: ByteSource, delimiter: string): Promise<readonly string[]> {
  for await (const { values } of fieldsFrom(source, 0, delimiter)) return checkedNames(values);
  return [];
}

function checkedNames(names: readonly string[]): readonly string[] {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new FatalError(
    `the first row of the CSV file has the name "${twice}" twice; use { header: false }`,
  );
}

function recordOf(
  names: readonly string[],
  values: readonly string[],
  row: number,
): Record<string, string> {
  if (names.length !== values.length) {
    throw new FatalError(
      `row ${row} of the CSV file has ${values.length} fields, its first row ${names.length}`,
    );
  }
  return Object.fromEntries(names.map((name, index) => [name, values[index]!]));
}
