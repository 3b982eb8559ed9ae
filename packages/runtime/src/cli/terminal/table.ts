// Rows in columns that fit the terminal. Not a layout engine: one line per row, and when the rows
// are too wide the widest text column gives way first.

import { paint, type Style, truncate, visible, width } from "./text.ts";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number;
  /** Colour of a cell, or null for none. */
  readonly style?: (row: Row) => Style | null;
  /** May be shortened down to this many columns; columns without it keep their width. */
  readonly shrinkTo?: number;
}

const gap = "  ";

/**
 * Lays out rows under their titles, without a line break at the end. `stream` decides about colours
 * and, when it is a terminal, the width; into a pipe nothing is cut.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  stream: NodeJS.WriteStream,
): string {
  const cells = rows.map((row) => columns.map((column) => visible(String(column.value(row)))));
  const widths = fit(
    columns.map((column, at) =>
      Math.max(width(column.title), ...cells.map((line) => width(line[at] ?? ""))),
    ),
    columns.map((column) => column.shrinkTo ?? Number.POSITIVE_INFINITY),
    stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY,
  );
  const right = columns.map(({ value }) => rows.some((row) => typeof value(row) === "number"));
  const line = (texts: readonly string[], style: (at: number) => Style | null): string =>
    texts
      .map((text, at) => {
        const cut = truncate(text, widths[at] ?? 0);
        const space = " ".repeat((widths[at] ?? 0) - width(cut));
        const chosen = style(at);
        const shown = chosen === null ? cut : paint(chosen, cut, stream);
        if (right[at]) return space + shown;
        return at === columns.length - 1 ? shown : shown + space;
      })
      .join(gap)
      .trimEnd();
  const head = line(
    columns.map((column) => column.title),
    () => "dim",
  );
  const body = rows.map((row, index) =>
    line(cells[index] ?? [], (at) => columns[at]?.style?.(row) ?? null),
  );
  return [head, ...body].join("\n");
}

/** How many columns of a terminal it takes when everything is as short as it may be. */
export function narrowest<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): number {
  const widths = columns.map(({ title, value, shrinkTo = Number.POSITIVE_INFINITY }) => {
    const cells = rows.map((row) => width(visible(String(value(row)))));
    return Math.min(shrinkTo, Math.max(width(title), ...cells));
  });
  return widths.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1);
}

/** Takes columns from the widest that may shrink until the line fits, or nothing more can give. */
function fit(
  widths: readonly number[],
  minimums: readonly number[],
  available: number,
): readonly number[] {
  const fitted = [...widths];
  let excess =
    fitted.reduce((sum, each) => sum + each, 0) + gap.length * (fitted.length - 1) - available;
  while (excess > 0) {
    const widest = fitted.reduce(
      (best, each, at) => (each > (minimums[at] ?? each) && each > (fitted[best] ?? 0) ? at : best),
      -1,
    );
    if (widest < 0) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
    excess -= 1;
  }
  return fitted;
}
