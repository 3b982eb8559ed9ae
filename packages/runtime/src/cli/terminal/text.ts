// Text as a terminal shows it: how many columns it takes, and what must not reach the terminal raw.
// Job names, arguments and error messages come from anywhere, so every cell goes through `visible`.

/** Not by an import: that looks at all that a module has, and so loads what decodes text. */
const { styleText } = process.getBuiltinModule("node:util");

/** Controls, line separators, and the marks that reorder or hide text on a screen. */
const dangerous =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Replaces whatever could move the cursor, colour, hide or reorder text by a visible escape. */
export function visible(text: string): string {
  return text.toWellFormed().replace(dangerous, escaped);
}

/** Text of somebody else's inside a message of ours. */
export function quoted(text: string): string {
  return `"${visible(text.slice(0, 80))}"`;
}

/** JSON on one line; the same marks are escaped inside its strings, which any parser undoes. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(dangerous, unicodeEscape);
}

/** Columns a text takes in a terminal; `text` holds no escapes. */
export function width(text: string): number {
  if (plain.test(text)) return text.length;
  let columns = 0;
  for (const segment of graphemes(text)) columns += graphemeWidth(segment);
  return columns;
}

/** The longest beginning that fits, with an ellipsis where something was cut. */
export function truncate(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = "";
  let used = 0;
  for (const segment of graphemes(text)) {
    used += graphemeWidth(segment);
    if (used > columns - 1) break;
    kept += segment;
  }
  return columns > 0 ? `${kept}…` : "";
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta";

export type ColourChoice = "auto" | "always" | "never";
let colours: ColourChoice = "auto";

/** Once, for the whole of a command line. Not by NO_COLOR: `add` hands the environment on. */
export function chooseColours(choice: ColourChoice): void {
  colours = choice;
}

/** Colours text where the stream shows colours; obeys NO_COLOR and FORCE_COLOR. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  if (colours === "never") return text;
  return styleText(style, text, { stream, validateStream: colours === "auto" });
}

const plain = /^[\u0020-\u007e]*$/;

let segmenter: Intl.Segmenter | null = null;

/** Made when the first text wants it: its tables take longer to load than most commands to run. */
function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

const invisible = /^[\p{Mark}\p{Control}\p{Format}\p{Surrogate}]+$/u;
const emoji = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return emoji.test(grapheme) || isWide(grapheme.codePointAt(0) ?? 0) ? 2 : 1;
}

/** East Asian wide and full-width blocks; the few narrow characters inside them do no harm. */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

function isWide(codePoint: number): boolean {
  return wideBlocks.some(([first, last]) => codePoint >= first && codePoint <= last);
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
