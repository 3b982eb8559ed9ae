// Values of users inside messages: short, in one line, and unable to move a terminal's cursor.

const longest = 60;

/** The value in double quotes; control characters and bidirectional marks are shown as escapes. */
export function quote(value: string): string {
  const short = value.length > longest ? `${value.slice(0, longest)}…` : value;
  return JSON.stringify(short.toWellFormed()).replace(invisible, escaped);
}

/** A key as part of a path: bare when it is a plain word, quoted otherwise. */
export function quoteKey(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : quote(key);
}

/** True for text that no name, path or address has any use for. */
export function hasControlCharacters(value: string): boolean {
  return controls.test(value);
}

const controls = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const invisible = new RegExp(controls.source, "gu");

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
