// Reads a query from left to right.

export interface Reader {
  /** What stands here, with the blanks before it taken; null: something else does. */
  take(form: RegExp): RegExpExecArray | null;
  /** A text: in quotes, or up to the next filter, order or limit. */
  value(): string;
  rest(): string;
}

const status = String.raw`status\s*!?=`;
const time = String.raw`(?:start|end|enqueue_at)\s*(?:!?=|<|>)`;
const text = String.raw`(?:command|label)\s*(?:!=|%=|=)`;
const limit = String.raw`(?:first|last)\s+\d+\s*$`;
const order = String.raw`order_by\s+[a-z_]+\s*(?:(?:asc|desc)\s*)?(?:${limit}|$)`;
/** What ends a text that is not quoted. */
const next = new RegExp(String.raw`\s+(?=${[status, time, text, limit, order].join("|")})`, "i");

export function readerOf(text: string): Reader {
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | null => {
    while (/\s/.test(text[at] ?? "")) at += 1;
    form.lastIndex = at;
    const match = form.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };
  return {
    take,
    value: () => {
      const inQuotes = take(/"([^"]*)"(?!\S)|'([^']*)'(?!\S)/y);
      if (inQuotes !== null) return inQuotes[1] ?? inQuotes[2] ?? "";
      const rest = text.slice(at);
      const end = next.exec(rest)?.index ?? rest.length;
      at += end;
      return rest.slice(0, end).trim();
    },
    rest: () => text.slice(at).trim(),
  };
}
